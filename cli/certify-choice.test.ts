import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { resultsDocument } from "../reports/json/json-reporter.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { passed, sampleRun } from "../test/sample-run.ts";
import { type ChoiceRequest, chooseItems } from "./certify-choice.ts";
import type { CertifyItem } from "./certify-items.ts";
import { UsageError } from "./errors.ts";

const outputDir = mkdtempSync(join(tmpdir(), "seatrial-choice-"));
afterAll(() => rmSync(outputDir, { recursive: true }));

const items = ["core/a", "core/b", "core/c", "clock/d", "clock/e"].map((path): CertifyItem => {
  const scenario = { id: `waveflow/${path}`, title: path, protocol: "waveflow/1" } as Scenario;
  return { scenario, level: path.split("/")[0]!, isProbe: false };
});

const choose = (request: Partial<ChoiceRequest>) => {
  const { items: kept, ...choice } = chooseItems(items, {
    asked: ["core", "clock"],
    ids: [],
    settings: { outputDir },
    ...request,
  });
  return { ...choice, ids: kept.map(({ scenario }) => scenario.id.slice(-1)).join("") };
};

describe("a certification runs", () => {
  it.each<[string, Partial<ChoiceRequest>, object]>([
    ["all of the levels", {}, { ids: "abcde", isWhole: true }],
    ["one level, wholly", { asked: ["clock"] }, { ids: "de", isWhole: true }],
    ["what a filter leaves", { settings: { outputDir, grep: "b|d" } }, { ids: "bd", isWhole: false }],
    ["what is named", { ids: ["waveflow/clock"] }, { ids: "de", isWhole: false }],
    [
      "a part of it",
      { shard: { index: 1, of: 2 } },
      { ids: "bd", isWhole: true, shard: { index: 2, of: 2 } },
    ],
    [
      "a part of what a filter leaves",
      { shard: { index: 0, of: 2 }, settings: { outputDir, grepInvert: "/a" } },
      { ids: "bd", isWhole: false, shard: { index: 1, of: 2 } },
    ],
  ])("%s", (_what, request, chosen) => expect(choose(request)).toEqual(chosen));

  it("what failed the last time, if anything did", () => {
    const results = items.map(({ scenario: { id } }, place) => {
      const outcome = (["pass", "fail", "blocked", "error", "pass"] as const)[place]!;
      return { ...passed, id, outcome };
    });
    const record = (kept: typeof results): void =>
      writeFileSync(
        join(outputDir, "results.json"),
        JSON.stringify(resultsDocument({ ...sampleRun, results: kept }, () => [])),
      );
    record(results);
    expect(choose({ lastFailed: true })).toEqual({ ids: "bd", isWhole: false });
    expect(choose({ lastFailed: true, asked: ["clock"] }).ids).toBe("d");
    record(results.slice(0, 1));
    expect(() => choose({ lastFailed: true })).toThrow("--last-failed: nothing failed in");
    const nowhere = { outputDir: join(outputDir, "nowhere") };
    expect(() => choose({ lastFailed: true, settings: nowhere })).toThrow(UsageError);
  });
});
