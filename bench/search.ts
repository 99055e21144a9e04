// How soon a search finds what is wrong, how small it gets it, and whether steering helps: over the mutants, which are
// known to be wrong.
import { Stream } from "../explore/stream.ts";
import { createPool } from "../explore/pool.ts";
import { search } from "../explore/search.ts";
import type { SearchProtocol } from "../explore/search-protocol.ts";
import { buildOf } from "../explore/search-trial.ts";
import { runTrial } from "../explore/selftest/mutant-trial.ts";
import { compareWithGolden, waveflowGolden } from "../explore/shrink/golden.ts";
import { shrink } from "../explore/shrink/shrink.ts";
import { stormScenario } from "../explore/storm.ts";
import { tryPlan } from "../explore/trial.ts";
import { PriorityQueue } from "./priority-queue.ts";

/** Of one mutant; `undefined` where the plans were used up. */
export interface FirstViolation {
  readonly mutant: string;
  readonly ms: number | undefined;
  readonly plans: number;
}

/** From one seed for each mutant, on this core, the loading of the mutant left out. */
export async function firstViolations(
  protocol: SearchProtocol,
  plansMax: number,
): Promise<readonly FirstViolation[]> {
  const found: FirstViolation[] = [];
  const nowMs = (): number => performance.now();
  for (const { name: mutant } of protocol.mutants) {
    const job = { protocol: protocol.id, mutant, isCorpusRun: false, bases: ["bench"], plansMax };
    const { bases } = await runTrial(job, { protocol, scenarios: [], nowMs });
    const { kill, milliseconds, plans } = bases[0]!;
    found.push({ mutant, plans, ms: kill === undefined ? undefined : milliseconds });
  }
  return found;
}

/** Milliseconds to shrink the first storm of at least so many events that shows each of these mutants. */
export async function shrinkTimes(
  protocol: SearchProtocol,
  { mutants, eventsMin, stormsMax }: { mutants: readonly string[]; eventsMin: number; stormsMax: number },
): Promise<readonly number[]> {
  const times: number[] = [];
  for (const mutant of mutants) {
    const build = await buildOf(protocol, mutant);
    for (let storm = 0; storm < stormsMax; storm++) {
      const seed = `shrink-${storm}`;
      const trial = await tryPlan(build, stormScenario(seed), { seed });
      if (trial.violations.length === 0 || trial.run.events < eventsMin) continue;
      const begin = performance.now();
      await shrink(build, trial, { vocabulary: protocol.vocabulary });
      times.push(performance.now() - begin);
      break;
    }
  }
  return times;
}

/** Shrunk plans against those made by hand, as ratios of their elements, largest last. */
export async function shrunkSizes(protocol: SearchProtocol): Promise<readonly number[]> {
  const comparisons = await compareWithGolden(protocol, waveflowGolden);
  return comparisons.map(({ shrunk, golden }) => shrunk / golden).sort((left, right) => left - right);
}

/** Plans until the first violation, in the mean over the seeds, by way of searching; `plansMax` where there was none. */
export async function compareWays(
  protocol: SearchProtocol,
  { mutants, seeds, plansMax }: { mutants: readonly string[]; seeds: readonly string[]; plansMax: number },
): Promise<Readonly<Record<"guided" | "uniform" | "priorities", number>>> {
  const sums = { guided: 0, uniform: 0, priorities: 0 };
  const pool = createPool({ workers: 1 });
  for (const mutant of mutants) {
    for (const seed of seeds) {
      for (const isUniform of [false, true]) {
        const report = await search({ protocol, pool, seed, plansMax, mutant, isUniform, findingsMax: 1 });
        const plans = report.findings[0]?.runsBefore ?? plansMax - 1;
        sums[isUniform ? "uniform" : "guided"] += plans + 1;
      }
      sums.priorities += await plansUnderPriorities(protocol, { mutant, seed, plansMax });
    }
  }
  await pool.close();
  const runs = mutants.length * seeds.length;
  return { guided: sums.guided / runs, uniform: sums.uniform / runs, priorities: sums.priorities / runs };
}

async function plansUnderPriorities(
  protocol: SearchProtocol,
  { mutant, seed, plansMax }: { mutant: string; seed: string; plansMax: number },
): Promise<number> {
  const build = await buildOf(protocol, mutant);
  const seeds = new Stream(seed, "plans under priorities");
  for (let plans = 1; plans < plansMax; plans++) {
    const plan = String(seeds.between(0, 2 ** 31));
    const options = { seed: plan, queue: new PriorityQueue(plan), eventsMax: 50_000 };
    const isFound = await tryPlan(build, protocol.plan(plan), options).then(
      ({ violations }) => violations.length > 0,
      // A run that does not end or throws shows the mutant too.
      () => true,
    );
    if (isFound) return plans;
  }
  return plansMax;
}
