import { describe, expect, it } from "vitest";
import { Coverage, situationNumbers } from "./coverage.ts";
import type { Situation, SituationSpace } from "./search-protocol.ts";

const space: SituationSpace = {
  message: ["push", "pull"],
  server: ["empty", "full"],
  device: ["idle"],
  fault: ["none", "lost"],
};
const situation = (message: string, server: string, fault: string): Situation => ({
  message,
  server,
  device: "idle",
  fault,
});

describe("situations as numbers", () => {
  it("are the same for the same situation, told once and in order", () => {
    const first = situation("pull", "full", "lost");
    const second = situation("push", "empty", "none");
    expect(situationNumbers(space, [first, second, first])).toEqual([0, 7]);
  });

  it("refuse a value that the space does not have, because no gap could name it", () => {
    expect(() => situationNumbers(space, [situation("ack", "full", "none")])).toThrow('message "ack"');
  });
});

describe("coverage", () => {
  it("counts what is new, once", () => {
    const coverage = new Coverage(space);
    const numbers = situationNumbers(space, [situation("push", "empty", "none")]);
    expect(coverage.add(numbers)).toEqual({ situations: 1, pairs: 6 });
    expect(coverage.add(numbers)).toEqual({ situations: 0, pairs: 0 });
    expect(coverage.situations).toBe(1);
  });

  it("names pairs that were never met, and no impossible ones", () => {
    const why = "an empty log gives nothing";
    const coverage = new Coverage(space, [{ values: { message: ["pull"], server: ["empty"] }, why }]);
    coverage.add(situationNumbers(space, [situation("push", "empty", "none")]));
    const gaps = coverage.gaps().map(({ first, second }) => `${first.value} × ${second.value}`);
    expect(gaps).toContain("push × full");
    expect(gaps).not.toContain("pull × empty");
    expect(gaps).not.toContain("push × empty");
    const { reached, possible } = coverage.pairs();
    expect(possible - reached).toBe(gaps.length);
  });

  it("counts a pair that was said to be impossible and was met", () => {
    const why = "we thought so";
    const coverage = new Coverage(space, [{ values: { message: ["push"], server: ["empty"] }, why }]);
    const before = coverage.pairs();
    coverage.add(situationNumbers(space, [situation("push", "empty", "none")]));
    expect(coverage.pairs()).toEqual({ reached: 6, possible: before.possible + 1 });
  });

  it("is the same whether it was filled at once or in parts", () => {
    const whole = new Coverage(space);
    const parts = new Coverage(space);
    const numbers = situationNumbers(space, [
      situation("push", "empty", "none"),
      situation("pull", "full", "lost"),
    ]);
    whole.add(numbers);
    for (const number of numbers) parts.add([number]);
    expect(parts.pairs()).toEqual(whole.pairs());
    expect(parts.gaps()).toEqual(whole.gaps());
  });
});
