import { describe, expect, it } from "vitest";
import type { Scenario } from "../scenarios/format/types.ts";
import { UsageError } from "./errors.ts";
import { onlyFailed, type Selection, selectScenarios, shardOf } from "./select.ts";

const scenarios = [
  ["waveflow/push/retry", "A retried push returns the first id"],
  ["waveflow/push/poison/nul", "A value that cannot be stored is refused"],
  ["waveflow/pull/pages", "Pages follow each other"],
  ["notes/merge/tie", "A tie is broken the same way everywhere"],
].map(([id, title]) => ({ id, title, protocol: `${id!.split("/")[0]}/1` })) as unknown as readonly Scenario[];

const select = (selection: Partial<Selection>): readonly string[] =>
  selectScenarios(scenarios, { ids: [], ...selection }).map(({ id }) => id);

describe("selection", () => {
  it.each<[Partial<Selection>, readonly string[]]>([
    [{}, scenarios.map(({ id }) => id)],
    [{ ids: ["waveflow/pull/pages"] }, ["waveflow/pull/pages"]],
    [{ ids: ["waveflow/push"] }, ["waveflow/push/retry", "waveflow/push/poison/nul"]],
    [{ ids: ["waveflow/push/"] }, ["waveflow/push/retry", "waveflow/push/poison/nul"]],
    [{ ids: ["waveflow/*/*"] }, ["waveflow/push/retry", "waveflow/pull/pages"]],
    [{ ids: ["notes/**", "waveflow/pull"] }, ["waveflow/pull/pages", "notes/merge/tie"]],
    [{ grep: "retried" }, ["waveflow/push/retry"]],
    [{ grep: "RETRIED" }, ["waveflow/push/retry"]],
    [{ grep: "waveflow/push/**" }, ["waveflow/push/retry", "waveflow/push/poison/nul"]],
    [{ grepInvert: "push|pull" }, ["notes/merge/tie"]],
    [{ protocol: "notes/1" }, ["notes/merge/tie"]],
  ])("%j", (selection, ids) => expect(select(selection)).toEqual(ids));

  it("keeps the order of the catalogue and takes nothing twice", () => {
    expect(select({ ids: ["waveflow/pull/pages", "waveflow/**"] })).toEqual([
      "waveflow/push/retry",
      "waveflow/push/poison/nul",
      "waveflow/pull/pages",
    ]);
  });

  it.each<[Partial<Selection>, string]>([
    [
      { ids: ["waveflow/push", "waveflow/pushes"] },
      'no scenario is called "waveflow/pushes"; did you mean "waveflow/push"?',
    ],
    [{ grep: "nowhere" }, "none passes --grep nowhere"],
    [{ ids: ["waveflow/push"], protocol: "notes/1" }, "of 2 scenarios, none passes --protocol notes/1"],
    [{ grep: "[" }, "--grep is no regular expression"],
  ])("refuses %j", (selection, message) => {
    expect(() => select(selection)).toThrow(UsageError);
    expect(() => select(selection)).toThrow(message);
  });
});

describe("shards", () => {
  const items = Array.from({ length: 10 }, (_, place) => place);

  it("hold every item once, and as many as each other but for one", () => {
    const parts = [0, 1, 2].map((index) => shardOf(items, { index, of: 3 }));
    expect(parts.flat().toSorted((left, right) => left - right)).toEqual(items);
    expect(parts.map(({ length }) => length)).toEqual([4, 3, 3]);
    expect(shardOf(items, { index: 0, of: 1 })).toEqual(items);
  });

  it("are refused where nothing is in them", () => {
    expect(() => shardOf(items, { index: 10, of: 11 })).toThrow(
      "--shard 11/11 has nothing in it: 10 are selected; expected at most as many parts",
    );
  });
});

describe("what failed the last time", () => {
  const record = (...ids: readonly string[]) => ({ failed: new Set(ids), file: "r.json" });

  it("is what is left of the selection", () => {
    const kept = onlyFailed(scenarios, record("notes/merge/tie", "waveflow/pull/pages", "gone"));
    expect(kept.map(({ id }) => id)).toEqual(["waveflow/pull/pages", "notes/merge/tie"]);
  });

  it.each([
    [record(), "--last-failed: nothing failed in r.json"],
    [record("gone"), "of the 1 that failed in r.json, none is selected"],
  ])("is refused where there is none", (nothing, message) => {
    expect(() => onlyFailed(scenarios, nothing)).toThrow(UsageError);
    expect(() => onlyFailed(scenarios, nothing)).toThrow(message);
  });
});
