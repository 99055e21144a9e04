import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { RunResult } from "../invariants/result.ts";

const folder = mkdtempSync(join(tmpdir(), "seatrial-exhaustive-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** In a process of its own: the module hooks that bring mutants to life are not for vitest. */
function explore(...words: readonly string[]): { readonly status: number | null; readonly run: RunResult } {
  const command = [
    "cli/main.ts",
    "explore",
    "--exhaustive",
    ...words,
    "--reporter",
    "json",
    "--output-dir",
    folder,
  ];
  const { status } = spawnSync(process.execPath, ["--no-maglev", "--no-async-context-frame", ...command]);
  return { status, run: JSON.parse(readFileSync(join(folder, "results.json"), "utf8")) as RunResult };
}

describe("seatrial explore --exhaustive", () => {
  test("walks a scope of the reference to its end and says that it is complete", () => {
    const { status, run } = explore("--scope", "edits=1");
    expect(status).toBe(0);
    expect(run.results.map(({ outcome, title }) => [outcome, title])).toEqual([
      ["pass", expect.stringMatching(/^2 devices, 1 edit each: complete, \d+ states, \d+ ends, \d+ runs$/u)],
    ]);
  });

  test("says where a scope was cut, and that it was not assessed", () => {
    const { status, run } = explore("--scope", "crashes=1", "--runs-max", "10");
    expect(status).toBe(4);
    expect(run.results[0]?.title).toMatch(/^2 devices, 2 edits each, 1 crash: cut after 10 runs at about /u);
  });

  test("finds an id that is taken before the lock, and its choices lead to the violation again", () => {
    const found = explore("--scope", "edits=1", "--mutant", "id-before-lock");
    expect(found.status).toBe(1);
    const [result] = found.run.results;
    const violated = result?.judgements.filter(({ verdict }) => verdict.outcome === "violated");
    expect(violated?.map(({ law }) => law)).toContain("nothing-skipped");
    const words = /--scope .*/u.exec(result!.replay)![0].replaceAll("'", "").split(" ");
    const again = explore(...words);
    expect(again.status).toBe(1);
    expect(again.run.results[0]?.judgements).toEqual(result?.judgements);
  });
});
