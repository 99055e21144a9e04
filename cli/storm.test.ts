import { describe, expect, it } from "vitest";
import { replayCommand } from "./invocation.ts";
import { coverageProblems, requirementsPage } from "./requirements-page.ts";
import { residualRisk } from "../explore/residual-risk.ts";
import { stormSeed } from "./storm.ts";

describe("the seeds of a series", () => {
  it("count up from a number, and begin with the base so that one can be run again", () => {
    expect([0, 1, 2].map((index) => stormSeed("17", index))).toEqual(["17", "18", "19"]);
    expect([0, 1, 2].map((index) => stormSeed("night", index))).toEqual(["night", "night-1", "night-2"]);
  });
});

describe("residual risk", () => {
  it.each([
    [2, "too few to bound anything"],
    [100, "fewer than 3.0 % of such storms"],
    [10_000, "fewer than 1 in 3,333 of such storms"],
  ])("after %i clean storms", (clean, text) => expect(residualRisk(clean, "storms")).toContain(text));
});

describe("a command to paste", () => {
  it("quotes what a shell would read otherwise", () => {
    expect(replayCommand(["sim", "a/b", "--seed", "it's 1"])).toMatch(/ sim a\/b --seed 'it'\\''s 1'$/);
  });
});

describe("the page of requirements", () => {
  const rule = (id: string) =>
    ({ id, kind: "S", subject: "server", section: "4. Push", summary: "A rule." }) as const;
  const base = {
    protocol: "x/1",
    requirements: [rule("X-1"), rule("X-2")],
    scenarios: [],
    laws: [],
    uncovered: {},
  };

  it("asks for a reason for a rule that nothing shows", () => {
    expect(coverageProblems({ ...base, uncovered: { "X-1": "cannot be seen from outside" } })).toEqual([
      "no scenario shows X-2, and uncovered.yaml gives no reason",
    ]);
  });
  it("refuses a reason for what is no rule", () => {
    const uncovered = { "X-1": "a", "X-2": "b", "X-9": "c" };
    expect(coverageProblems({ ...base, uncovered })).toEqual(["uncovered.yaml names X-9, which is no rule"]);
  });
  it("prints the reason", () => {
    expect(requirementsPage([{ ...base, uncovered: { "X-1": "why not" } }])).toContain(
      "- not shown: why not",
    );
  });
});
