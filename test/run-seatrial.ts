// Seatrial as its callers meet it, for tests: a process, what it writes, its exit code, and folders that are gone afterwards.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

export interface Finished {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program in the project's folder, without colours and as in CI. `outputDir`: where its reports go unless the
 *  words say otherwise. */
export function runSeatrial(words: readonly string[], outputDir?: string): Promise<Finished> {
  const output = outputDir === undefined ? {} : { SEATRIAL_OUTPUT_DIR: outputDir };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      // As `npm run seatrial` does; the simulation is faster so.
      ["--no-maglev", "--no-async-context-frame", "cli/main.ts", ...words],
      { cwd: root, env: { ...process.env, NO_COLOR: "1", CI: "1", ...output }, maxBuffer: 2 ** 26 },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

/** A folder of the test file that asks for it; removed when its tests are over. */
export function scratchFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `seatrial-${name}-`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
