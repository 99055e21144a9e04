// The selftest in the real world, as callers meet it: a process with mutants in it, and servers that are some.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { type MutantRow, summaryOf } from "./live-selftest.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "seatrial-selftest-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function seatrial(...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--no-maglev", "--no-async-context-frame", "cli/main.ts", ...words],
      { cwd: root, env: { ...process.env, NO_COLOR: "1", CI: "1", SEATRIAL_OUTPUT_DIR: folder } },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

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
