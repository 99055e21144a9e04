// The selftest in the real world, as callers meet it: a process with mutants in it, and servers that are some.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type MutantRow, summaryOf } from "./live-selftest.ts";
import { type Finished, runSeatrial, scratchFolder } from "../test/run-seatrial.ts";

const folder = scratchFolder("selftest");

const seatrial = (...words: readonly string[]): Promise<Finished> => runSeatrial(words, folder);

describe("the live selftest", () => {
  it("confirms mutants of the server, of its SQL and of devices by what kills them in the simulation", async () => {
    const mutants = ["guard-missing", "since-inclusive", "drop-on-any-200"];
    const words = mutants.flatMap((name) => ["--mutant", name]);
    const { code, out, err } = await seatrial("selftest", "--live", ...words, "--json");
    expect(code, out + err).toBe(0);
    const found = JSON.parse(out) as {
      confirmedPercent: number;
      mutants: { mutant: string; outcome: string }[];
    };
    expect(found.confirmedPercent).toBe(100);
    expect(found.mutants.map(({ mutant }) => mutant).sort()).toEqual(mutants.toSorted());
    expect(JSON.parse(readFileSync(join(folder, "selftest-live.json"), "utf8"))).toEqual(found);
  });

  it("knows a mutant that it is asked for by name only", async () => {
    const { code, err } = await seatrial("selftest", "--live", "--mutant", "nobody");
    expect(code).toBe(2);
    expect(err).toContain("no mutant is called nobody");
  });
});

describe("the share of confirmed mutants", () => {
  const row = (outcome: MutantRow["outcome"]): MutantRow => ({
    protocol: "waveflow/1",
    mutant: `a-mutant-that-is-${outcome.replace(" ", "-")}`,
    part: "server",
    outcome,
    milliseconds: 1,
    seen: "what was seen",
  });

  it("is of those that can be, and every other is named with its reason", () => {
    const rows = [
      row("confirmed"),
      row("confirmed"),
      row("not applicable"),
      row("blocked"),
      row("not reproduced"),
    ];
    const { percent, lines } = summaryOf(rows, 1_000);
    expect(percent).toBe(50);
    expect(lines[0]).toContain("2 of 4 mutants confirmed");
    expect(lines.slice(1)).toEqual([
      "  not applicable: a-mutant-that-is-not-applicable: what was seen",
      "  blocked: a-mutant-that-is-blocked: what was seen",
      "  not reproduced: a-mutant-that-is-not-reproduced: what was seen",
    ]);
  });

  it("never reaches the bound by rounding", () => {
    const rows = [
      ...Array.from({ length: 9_499 }, () => row("confirmed")),
      ...Array.from({ length: 501 }, () => row("blocked")),
    ];
    expect(summaryOf(rows, 1).percent).toBeLessThan(95);
  });
});
