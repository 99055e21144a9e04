// The promise that counts most: a server of which nothing is known but how it is started is put through a held COMMIT
// and a crash behind every statement; what is wrong with it is found, and what is right with it is not blamed.
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Finished as Ended, runSeatrial, scratchFolder } from "./run-seatrial.ts";

const scratch = scratchFolder("stranger");

const right = ["node", "test/stranger/server.mjs"];
const wrong = (defect: string): readonly string[] => ["env", `DEFECT=${defect}`, ...right];

interface Finished extends Ended {
  readonly folder: string;
}

async function seatrial(words: readonly string[], server: readonly string[]): Promise<Finished> {
  const folder = mkdtempSync(join(scratch, "run-"));
  const flags = ["--reporter", "terminal,json", "--output-dir", folder];
  return { ...(await runSeatrial([...words, ...flags, "--", ...server])), folder };
}

const written = ({ folder }: Finished, name: string): unknown =>
  JSON.parse(readFileSync(join(folder, name), "utf8"));

const heldCommit = ["live", "waveflow/order/commit-order/before-commit"];

// They wait for processes most of the time.
test.concurrent("a server that takes its numbers without a lock loses an op while a COMMIT is held", async () => {
  const { code, out } = await seatrial(heldCommit, wrong("no-lock"));
  expect(code).toBe(1);
  expect(out).toMatch(
    /law nothing-skipped is violated.*moved its cursor from 0 to 2 without applying op 1/su,
  );
});

test.concurrent("a server that locks waits instead, and the report says who for whom", async () => {
  const finished = await seatrial(heldCommit, right);
  expect(finished.code).toBe(0);
  const { results } = written(finished, "results.json") as { results: { observations?: string[] }[] };
  expect(results[0]!.observations?.join()).toMatch(
    /^phone's push waited at least \d+ ms, at .*, for laptop's push, which was held before commit$/u,
  );
});

test.concurrent("a job in two transactions is found by the crash between them, and nowhere else", async () => {
  const words = ["sweep", "waveflow/sweep/compaction", "--with", "kill"];
  const finished = await seatrial(words, wrong("two-transactions"));
  expect(finished.code).toBe(1);
  const { sweeps } = written(finished, "sweep.json") as {
    sweeps: { statements: { text: string }[]; points: { after: number; violated: string[] }[] }[];
  };
  const [{ statements, points }] = sweeps as [(typeof sweeps)[0]];
  const commits = statements.flatMap(({ text }, place) => (text === "COMMIT" ? [place + 1] : []));
  expect(commits).toHaveLength(2);
  const bad = points.filter(({ violated }) => violated.length > 0).map(({ after }) => after);
  expect(bad.length).toBeGreaterThan(0);
  for (const after of bad) expect(after >= commits[0]! && after < commits[1]!).toBe(true);
  expect(finished.out).toContain("server killed");
}, 180_000);
