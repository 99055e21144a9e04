// From the real world back to the simulation, as callers meet it: a real server with a mutant in it, and what its failure
// leaves.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "seatrial-lift-"));
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

it("what fails in a run of the live world leaves a trace beside its results, which is lifted from there", async () => {
  const output = join(folder, "live");
  const words = [
    "waveflow/guard/boundaries",
    "--mutant",
    "guard-blocks-the-watermark",
    "--output-dir",
    output,
  ];
  const failed = await seatrial("live", ...words);
  expect(failed.code, failed.out + failed.err).toBe(1);
  expect(failed.out).toContain("guard-is-exact");
  const lifted = await seatrial("lift", join(output, "results.json"));
  expect(lifted.code, lifted.err).toBe(1);
  expect(lifted.out).toContain("simulated: guard-is-exact is violated, under seed 1, found in run 1");
  const again = await seatrial("lift", join(output, "results.json"), "waveflow/guard/no-such-one");
  expect(again.code).toBe(2);
  expect(again.err).toContain("there is no trace of waveflow/guard/no-such-one");
});
