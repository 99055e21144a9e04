// Whether what the simulation shows happens in the real world too: the run as it was simulated, the plan that brings the
// same about for real, and as many tries as are allowed.
import { type LivePlan, livePlanOf, type SimulatedRun } from "../explore/confirm/live-plan.ts";
import { recordingOrder } from "../explore/confirm/recorded-order.ts";
import {
  isEmpty,
  seenInBoth,
  type Sighting,
  sightingOf,
  sightingOfError,
} from "../explore/confirm/sighting.ts";
import type { Build } from "../explore/trial.ts";
import type { GuideKept } from "../live/faults/guide.ts";
import type { LiveBuild, LiveRun, LiveRunner } from "../live/run.ts";
import type { Scenario, Step } from "../scenarios/format/types.ts";
import { missingAbilities } from "../scenarios/format/world.ts";
import type { Vocabulary } from "../scenarios/format/vocabulary.ts";
import { type SimRun, simulate } from "../sim/run.ts";

/** What the simulation shows, and what is needed to see it again. */
export interface Simulated extends SimulatedRun {
  readonly seed: string;
  readonly digest: string;
  readonly sighting: Sighting;
}

/** A mutant that talks for ever ends here. */
const eventsMaxDefault = 300_000;

export interface SimulateOptions {
  readonly scenario: Scenario;
  readonly seed: string;
  /** What the protocol calls its compaction. */
  readonly job: string;
  readonly eventsMax?: number;
}

/** Runs a scenario in the simulation and looks.
 *  Errors: those of `simulate`, which are bugs of the build or of ours. */
export async function simulateAndLook(
  { sim, laws }: Build,
  { scenario, seed, job, eventsMax = eventsMaxDefault }: SimulateOptions,
): Promise<Simulated> {
  const recorder = recordingOrder(sim, job);
  const stepTimes = new Map<Step, number>();
  const onStep = (step: Step, atMs: number): void => void stepTimes.set(step, atMs);
  let run: SimRun;
  try {
    run = await simulate({ scenario, protocol: recorder.sim, seed, eventsMax, onStep });
  } catch (error) {
    const sighting = sightingOfError(error);
    if (sighting === undefined) throw error;
    const nothing = { accidents: [], history: { ...headOf(scenario, seed), events: [] } };
    return { scenario, run: nothing, order: [], stepTimes, seed, digest: "", sighting };
  }
  const sighting = sightingOf(run, { laws, intended: scenario.expect.violates ?? [] });
  const order = recorder.orderOf(run.history);
  return { scenario, run, order, stepTimes, seed, digest: run.digest, sighting };
}

const headOf = ({ id, protocol }: Scenario, seed: string) => ({ protocol, scenario: id, seed, world: "sim" });

/** What is to be seen, and how to bring it about; small data that travels between threads. */
export interface Confirmable {
  readonly scenario: Scenario;
  readonly seed: string;
  readonly sighting: Sighting;
  readonly plan: LivePlan;
  /** Why it cannot be brought about: sentences. Empty where it can. */
  readonly blocked: readonly string[];
}

export function confirmableOf(simulated: Simulated, vocabulary: Vocabulary): Confirmable {
  const { scenario, seed, sighting } = simulated;
  return { scenario, seed, sighting, ...livePlanOf(simulated, vocabulary) };
}

export type Confirmation =
  | {
      readonly outcome: "confirmed";
      readonly tries: number;
      /** What both worlds show. */
      readonly seen: Sighting;
      readonly kept: GuideKept | undefined;
    }
  | {
      readonly outcome: "not reproduced";
      readonly tries: number;
      /** What the last try showed. */
      readonly seen: Sighting;
      readonly kept: GuideKept | undefined;
    }
  | { readonly outcome: "blocked"; readonly why: readonly string[] };

export interface ConfirmOptions {
  readonly runner: Pick<LiveRunner, "run" | "abilities">;
  /** Absent: the runner's own. */
  readonly live?: LiveBuild;
  readonly laws: Build["laws"];
  readonly tries: number;
  readonly signal?: AbortSignal;
  /** Hears of each try as it ends. */
  readonly onTry?: (seen: Sighting, run: LiveRun) => void;
}

/** The longest that everybody may take to come to rest. In the simulation it is known whether they do. */
const settleMaxMs = 6_000;

/** Brings the simulated run about in the real world until it shows the same, or the tries are used up.
 *  Errors: `SubjectFailed`; what the runner throws. */
export async function confirmLive(
  { plan, seed, sighting, blocked }: Confirmable,
  options: ConfirmOptions,
): Promise<Confirmation> {
  const { runner, live, laws, signal, tries, onTry } = options;
  const lacks = missingAbilities(plan.scenario, runner).map((ability) => `the live world lacks ${ability}`);
  const why = [...blocked, ...lacks];
  if (why.length > 0) return { outcome: "blocked", why };
  for (let attempt = 1; ; attempt++) {
    const run = await runner.run(plan.scenario, {
      seed,
      guide: plan.guide,
      settleMaxMs,
      ...(live === undefined ? {} : { build: live }),
      ...(signal === undefined ? {} : { signal }),
    });
    const intended = plan.scenario.expect.violates ?? [];
    const seen = sightingOf(run, { laws, intended });
    onTry?.(seen, run);
    const both = seenInBoth(sighting, seen);
    const common = { tries: attempt, kept: run.guided };
    if (!isEmpty(both)) return { outcome: "confirmed", seen: both, ...common };
    if (attempt >= tries) return { outcome: "not reproduced", seen, ...common };
  }
}
