// A run can branch off at any moment, and says where it has been: what came before is untouched, what comes after is
// another fate. Traces and checkpoints tell where two runs part.
import { expect, test } from "vitest";
import { stormScenario } from "../explore/storm.ts";
import type { HistoryEvent } from "../invariants/history.ts";
import { eventsPerCheckpoint } from "./kernel/kernel.ts";
import { simulate, type SimRun, type SimRunOptions } from "./run.ts";
import { waveflowSim } from "./waveflow/binding.ts";

const seeds = Array.from({ length: 12 }, (_, index) => `branch-${index}`);
const atMs = 9_000;

const storm = (seed: string, options: Partial<SimRunOptions> = {}): Promise<SimRun> =>
  simulate({ scenario: stormScenario(seed), protocol: waveflowSim, seed, ...options });

const before = (run: SimRun): readonly HistoryEvent[] => run.history.events.filter(({ at }) => at < atMs);

test("up to the branch the history is the same, and two salts part after it", async () => {
  for (const seed of seeds) {
    const plain = await storm(seed);
    const left = await storm(seed, { branch: { atMs, salt: "left" } });
    const again = await storm(seed, { branch: { atMs, salt: "left" } });
    const right = await storm(seed, { branch: { atMs, salt: "right" } });
    expect(before(plain).length).toBeGreaterThan(20);
    expect(before(left)).toEqual(before(plain));
    expect(before(right)).toEqual(before(plain));
    expect(again.digest).toBe(left.digest);
    expect(again.history).toEqual(left.history);
    expect(new Set([plain.digest, left.digest, right.digest]).size).toBe(3);
  }
});

test("a branch at the very beginning is another run of the same plan", async () => {
  const plain = await storm("early");
  const branched = await storm("early", { branch: { atMs: 0, salt: "other" } });
  expect(branched.digest).not.toBe(plain.digest);
});

test("a trace holds every event and changes nothing", async () => {
  const plain = await storm("traced");
  const { trace, ...traced } = await storm("traced", { trace: true });
  expect(traced).toEqual(plain);
  expect(trace!.event.at(-1)).toBe(plain.events);
  const records = [...trace!.label].filter((label) => trace!.labels[label]!.startsWith("history: "));
  expect(records.length).toBe(plain.history.events.length);
  expect(trace!.owners).toContain("laptop");
  expect(trace!.labels).toContain("disk commit");
});

test("checkpoints are the same up to the branch and others after it", async () => {
  const plain = await storm("checked");
  const branched = await storm("checked", { branch: { atMs, salt: "other" } });
  expect(plain.checkpoints.length).toBe(Math.floor(plain.events / eventsPerCheckpoint));
  const parting = plain.checkpoints.findIndex((digest, index) => digest !== branched.checkpoints[index]);
  expect(parting).toBeGreaterThan(0);
  expect(plain.checkpoints.slice(parting)).not.toContain(branched.checkpoints[parting]);
});
