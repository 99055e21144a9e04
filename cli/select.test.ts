import { describe, expect, it } from "vitest";
import type { Scenario } from "../scenarios/format/types.ts";
import { UsageError } from "./errors.ts";
import { type Selection, selectScenarios } from "./select.ts";

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
