// Storms over the references: no law accuses them. The named seeds once did, without reason: a frame held back that no
// fault told of, an ACK sent into a half-open socket, a burst that overtook its hello.
import { expect, test } from "vitest";
import { stormScenario } from "../explore/storm.ts";
import type { WaveflowHistory } from "../invariants/waveflow/events.ts";
import { waveflowLaws } from "../invariants/waveflow/index.ts";
import { judge } from "../invariants/judge.ts";
import { isFailing } from "../invariants/verdict.ts";
import { simulate } from "../sim/run.ts";
import { waveflowSim } from "../sim/waveflow/binding.ts";

const onceAccused = ["land-1048", "land-6250", "third-374", "f-99"];
const others = Array.from({ length: 150 }, (_, index) => `test-${index}`);

test("no law accuses the references, and every storm comes to rest", async () => {
  const held = new Set<string>();
  for (const seed of [...onceAccused, ...others]) {
    const run = await simulate({ scenario: stormScenario(seed), protocol: waveflowSim, seed });
    expect(
      run.checks.filter(({ pass }) => !pass),
      seed,
    ).toEqual([]);
    for (const judgement of judge(run.history as WaveflowHistory, waveflowLaws)) {
      expect(isFailing(judgement), `${seed}: ${JSON.stringify(judgement)}`).toBe(false);
      if (judgement.verdict.outcome === "holds") held.add(judgement.law);
    }
  }
  expect(held.size, "laws that had a case").toBeGreaterThan(38);
});
