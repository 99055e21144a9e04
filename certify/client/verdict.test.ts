// Each rule and each level gets the verdict that its scenarios give it, and no better one.
import { describe, expect, test } from "vitest";
import type { ScenarioOutcome, ScenarioResult } from "../../invariants/result.ts";
import type { Requirement } from "../../protocol/requirement.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import type { ClientScenario } from "./protocol.ts";
import { clientVerdict, type VerdictContext } from "./verdict.ts";

const rule = (id: string): Requirement => ({ id, section: "", kind: "S", subject: "device", summary: id });

const scenario = (id: string, level: string, needs: readonly string[] = []): ClientScenario => ({
  scenario: { id, requirements: ["R-1"] } as unknown as Scenario,
  level,
  needs,
});

const result = (id: string, outcome: ScenarioOutcome, requirements = ["R-1"]): ScenarioResult => ({
  ...{ id, title: id, protocol: "p/1", requirements, world: "live", seed: "1", outcome, judgements: [] },
  checks:
    outcome === "fail"
      ? [{ pass: false, line: 1, text: "step", expected: "a", seen: "b", requirements: ["R-2"], at: 5 }]
      : [],
  ...{ durationMs: 0, faults: {}, unusedFaults: [], missing: [], replay: `again ${id}` },
});

const context: VerdictContext = {
  requirements: [rule("R-1"), rule("R-2"), rule("R-3")],
  levels: [
    { name: "core", promise: "it works", needs: ["push"] },
    { name: "crash", promise: "it lives", needs: ["restart"] },
  ],
  scenarios: [
    scenario("one", "core"),
    scenario("two", "core"),
    scenario("odd", "core", ["clock"]),
    scenario("kill", "crash", ["restart"]),
  ],
  can: new Set(["push"]),
};

const outcomes = (...results: ScenarioResult[]) => clientVerdict({ results }, context);

describe("a rule", () => {
  test("holds where a scenario that bears on it passes, and is blocked where none was run", () => {
    const { rules } = outcomes(result("one", "pass"), result("two", "pass"));
    expect(rules).toEqual([
      { id: "R-1", outcome: "pass", passed: 2 },
      { id: "R-2", outcome: "blocked", passed: 0 },
      { id: "R-3", outcome: "blocked", passed: 0 },
    ]);
  });

  test("is broken where it is blamed, however many others pass, and nobody else's is", () => {
    const { rules } = outcomes(result("one", "fail", ["R-1", "R-2"]), result("two", "pass", ["R-1", "R-2"]));
    expect(rules.map(({ id, outcome }) => [id, outcome])).toEqual([
      ["R-1", "pass"],
      ["R-2", "fail"],
      ["R-3", "blocked"],
    ]);
    expect(rules[1]).toMatchObject({ replay: "again one", why: "one: step: expected a, saw b" });
  });
});

describe("a level", () => {
  const levelOf = (...results: ScenarioResult[]) => outcomes(...results).levels.map(({ verdict }) => verdict);

  test("is granted when all of it that can be asked for passes", () => {
    expect(levelOf(result("one", "pass"), result("two", "pass"))).toEqual(["granted", "not declared"]);
  });

  test("is refused by one failure, and not assessed by one that did not run", () => {
    expect(levelOf(result("one", "fail"), result("two", "pass"))[0]).toBe("refused");
    expect(levelOf(result("one", "pass"))[0]).toBe("not assessed");
    expect(levelOf(result("one", "pass"), result("two", "skipped"))[0]).toBe("not assessed");
    expect(levelOf(result("one", "error"), result("two", "pass"))[0]).toBe("not assessed");
    expect(levelOf()[0]).toBe("not assessed");
  });

  test("that builds on another needs what that one needs", () => {
    const can = new Set(["restart"]);
    const { levels } = clientVerdict({ results: [result("kill", "pass")] }, { ...context, can });
    expect(levels[1]).toMatchObject({ verdict: "not declared", missing: ["push"] });
  });
});

test("what would unlock more is counted by ability", () => {
  expect(outcomes().unlocks).toEqual([
    { ability: "clock", scenarios: 1 },
    { ability: "restart", scenarios: 1 },
  ]);
});
