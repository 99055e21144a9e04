import { describe, expect, it } from "vitest";
import type { Requirement } from "../../protocol/requirement.ts";
import type { Mutant } from "../mutants/mutant.ts";
import { type Charge, killMatrix, percentile, plansToKill } from "./kill-matrix.ts";
import { killMatrixPage, namesOnPage } from "./kill-matrix-page.ts";
import { matrixSummary, mutantText } from "./kill-matrix-text.ts";
import type { BaseOutcome, TrialOutcome } from "./mutant-trial.ts";
import type { Kill } from "./verdict-of-run.ts";

const protocol = "sample/1";
const bases = ["base-1", "base-2"];

const mutant = (name: string, requirements: readonly string[]): Mutant => ({
  name,
  part: "server",
  story: `The story of ${name}.`,
  requirements,
  edits: [],
});

const requirement = (id: string, kind: Requirement["kind"] = "S"): Requirement => ({
  id,
  kind,
  subject: "server",
  section: "1. All of it",
  summary: `The rule ${id}.`,
});

const kill = (parts: Partial<Kill> = {}): Kill => ({
  laws: [],
  requirements: [],
  seen: "something",
  ...parts,
});

const found = (base: string, plans: number, how: Partial<Kill> = {}): BaseOutcome => ({
  base,
  plans,
  milliseconds: plans * 10,
  kill: kill(how),
});

const nothing = (base: string): BaseOutcome => ({ base, plans: 300, milliseconds: 3_000 });

const charge: Charge = {
  protocol,
  mutants: [mutant("forgets", ["R-1"]), mutant("repeats", ["R-2"])],
  laws: [
    { id: "once", promise: "It happens once." },
    { id: "kept", promise: "It is kept." },
    { id: "brief", promise: "It is brief.", isAdvice: true },
  ],
  requirements: [requirement("R-1"), requirement("R-2", "P"), requirement("R-3", "A")],
  scenarios: ["sample/a", "sample/b"],
  bases,
  isPartial: false,
};

const reference: TrialOutcome = { protocol, corpus: [], bases: bases.map(nothing) };
const forgets: TrialOutcome = {
  protocol,
  mutant: "forgets",
  corpus: [{ scenario: "sample/a", ...kill({ laws: ["kept"], requirements: ["R-1", "R-2"] }) }],
  bases: [found("base-1", 3, { laws: ["kept"] }), found("base-2", 7, { laws: ["kept"] })],
};
const repeats: TrialOutcome = {
  protocol,
  mutant: "repeats",
  corpus: [{ scenario: "sample/b", ...kill({ requirements: ["R-2"] }) }],
  bases: [found("base-1", 1, { laws: ["once"] }), nothing("base-2")],
};
const sound = [reference, forgets, repeats];

describe("a kill matrix", () => {
  it("has no problem where every mutant dies of both and every law and rule kills", () => {
    expect(killMatrix(charge, sound).problems).toEqual([]);
  });

  it("is the same whatever the order and the parts in which outcomes come", () => {
    const parts = sound.flatMap((outcome) => [
      { ...outcome, corpus: [], bases: outcome.bases.slice(1) },
      { ...outcome, bases: outcome.bases.slice(0, 1) },
    ]);
    expect(killMatrix(charge, parts.reverse())).toEqual(killMatrix(charge, sound));
  });

  it("says which mutant lives, and what it does", () => {
    const alive = { ...repeats, corpus: [], bases: bases.map(nothing) };
    expect(killMatrix(charge, [reference, forgets, alive]).problems).toEqual([
      "survivor: no scenario fails with repeats: The story of repeats.",
      "survivor: the search does not find repeats in 600 plans: The story of repeats.",
      "toothless: the law once kills no mutant: It happens once.",
      "toothless: no mutant that breaks R-2 dies of a check or law that names it (only mutants of other rules die of it: forgets): The rule R-2.",
    ]);
  });

  it("counts a mutant that only one base finds as found", () => {
    const [, row] = killMatrix(charge, sound).mutants;
    expect(plansToKill(row!.bases)).toEqual([1, undefined]);
  });

  it("excuses from the search what no law can see, and takes the excuse back when the search finds it", () => {
    const hidden = charge.mutants.map((one) =>
      one.name === "repeats" ? { ...one, hiddenFromSearch: "nobody can see it" } : one,
    );
    const unseen = { ...repeats, bases: bases.map(nothing) };
    const problems = (outcome: TrialOutcome): readonly string[] =>
      killMatrix({ ...charge, mutants: hidden }, [reference, forgets, outcome]).problems;
    expect(problems(unseen)).toEqual(["toothless: the law once kills no mutant: It happens once."]);
    expect(problems(repeats)).toEqual([
      "stale excuse: the search finds repeats, of which it is said that nobody can see it",
    ]);
  });

  it("names a law that kills nothing, unless it only advises", () => {
    const quiet = { ...repeats, bases: [found("base-1", 1), nothing("base-2")] };
    expect(killMatrix(charge, [reference, forgets, quiet]).problems).toEqual([
      "toothless: the law once kills no mutant: It happens once.",
    ]);
  });

  it("does not let a rule live on what mutants of other rules die of", () => {
    const row = killMatrix(charge, sound).requirements[1]!;
    expect(row.mutants).toEqual(["repeats"]);
    expect(row.besides).toEqual(["forgets"]);
  });

  it("calls nobody toothless where only some mutants were on trial", () => {
    const some = { ...charge, mutants: charge.mutants.slice(0, 1), isPartial: true };
    expect(killMatrix(some, [reference, forgets]).problems).toEqual([]);
  });

  it("takes any complaint about the reference for a false alarm", () => {
    const failing: TrialOutcome = {
      protocol,
      corpus: [{ scenario: "sample/a", ...kill({ laws: ["kept"] }) }],
      bases: [found("base-1", 5, { laws: ["once"] })],
    };
    expect(killMatrix(charge, [failing, forgets, repeats]).problems).toEqual([
      "false alarm: the reference fails sample/a: kept; something",
      "false alarm: the reference fails the plan of seed base-1-4: once; something",
    ]);
  });
});

describe("percentiles", () => {
  it("take what was never found for longer than anything", () => {
    expect(percentile([1, undefined, 3], 50)).toBe(3);
    expect(percentile([1, undefined, undefined], 50)).toBeUndefined();
    expect(percentile([5, 1, 4, 2, 3], 50)).toBe(3);
    expect(percentile([5, 1, 4, 2, 3], 95)).toBe(5);
    expect(percentile([], 50)).toBeUndefined();
  });
});

describe("the page", () => {
  const matrix = killMatrix(charge, sound);

  it("knows every mutant, law and rule, and no time", () => {
    const page = killMatrixPage([matrix], { bases: 1, plansMax: 300 });
    for (const name of namesOnPage(matrix)) expect(page).toContain(name);
    const slower = sound.map((outcome) => ({
      ...outcome,
      bases: outcome.bases.map((base) => ({ ...base, milliseconds: base.milliseconds * 2 })),
    }));
    expect(killMatrixPage([killMatrix(charge, slower)], { bases: 1, plansMax: 300 })).toBe(page);
  });

  it("says where the search finds nothing", () => {
    const page = killMatrixPage([matrix], { bases: 1, plansMax: 300 });
    expect(page).toContain("| `repeats` | server | R-2 | 1 | `once` | 1, not found | 1 of 2 |");
  });
});

describe("the lines on the screen", () => {
  it("tell a living mutant from a dead one", () => {
    const line = (outcome: TrialOutcome): string =>
      mutantText({ mutant: outcome.mutant!, scenarios: outcome.corpus, bases: outcome.bases }).line;
    expect(line(forgets)).toMatch(
      /^killed +forgets +1 scenarios; 2 of 2 bases; plans 3, p95 7; 30 ms, p95 70 ms$/,
    );
    expect(line({ ...repeats, bases: bases.map(nothing) })).toMatch(
      /^ALIVE +repeats +1 scenarios; the search finds nothing in 600 plans$/,
    );
  });

  it("end with what is wrong", () => {
    const lines = matrixSummary(killMatrix(charge, [reference, forgets]));
    expect(lines.at(-1)).toContain("toothless: no mutant that breaks R-2");
    expect(lines.join("\n")).toContain("survivor: no scenario fails with repeats");
  });
});
