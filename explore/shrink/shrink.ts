// From a failing plan to one that a person reads in a minute. The largest and cheapest reductions come first, so that
// the plan, and with it every later candidate, becomes small early; then everything again until nothing gets smaller.
// A candidate counts only if it breaks the same law in the same way.
import type { PlanCounts } from "../../invariants/explanation.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import type { Judgement } from "../../invariants/verdict.ts";
import type { Vocabulary } from "../../scenarios/format/vocabulary.ts";
import type { Build, Trial } from "../trial.ts";
import { type AttemptOptions, type Attempts, createAttempts } from "./attempts.ts";
import { accidentsAsSteps } from "./passes/accident-steps.ts";
import { fewerDevices, oneProcess, oneUser, plainModes } from "./passes/actors.ts";
import { byHand } from "./passes/by-hand.ts";
import { fewerAccidents, pinChance, plainerAccidents } from "./passes/chance.ts";
import { plainerPayloads } from "./passes/payloads.ts";
import { plainerRequests } from "./passes/requests.ts";
import { otherFates, plainSeed, plainSettings } from "./passes/settings.ts";
import {
  cutTail,
  dropAndMove,
  dropExpectations,
  fewerSteps,
  fullSettle,
  shortenSettle,
} from "./passes/steps.ts";
import { shorterTimes } from "./passes/times.ts";
import { costOf, planSizeOf } from "./plan-size.ts";
import { signatureOf } from "./signature.ts";

export type { ShrinkProgress } from "./attempts.ts";

export interface ShrinkOptions extends AttemptOptions {
  /** The law to keep broken; absent means the one that is broken first in the run: nearest to what went wrong. */
  readonly law?: string | undefined;
  /** The words of the protocol; without them devices keep their timers and modes. */
  readonly vocabulary?: Pick<Vocabulary, "verbs" | "modes"> | undefined;
}

export interface Shrunk {
  /** The smallest plan that was found. It carries its seed. */
  readonly scenario: Scenario;
  /** Its run, in which the law is broken. */
  readonly trial: Trial;
  readonly law: string;
  /** How it is broken, in the plan that was handed in. */
  readonly signature: string;
  readonly before: PlanCounts;
  readonly after: PlanCounts;
  /** Candidates that were run. */
  readonly tried: number;
  /** Nothing more can be taken away; false where it was stopped before. */
  readonly isComplete: boolean;
}

/** The smallest plan that fails like the trial, or the best so far where it is stopped.
 *  Errors: an Error for a trial in which no law is violated. */
export async function shrink(build: Build, trial: Trial, options: ShrinkOptions = {}): Promise<Shrunk> {
  const { law: wanted, vocabulary, ...limits } = options;
  const judgement = earliest(trial.violations.filter(({ law }) => wanted === undefined || law === wanted));
  if (judgement === undefined)
    throw new Error(
      `${trial.scenario.id} breaks ${wanted ?? "no law"} under seed ${trial.seed} not at all; nothing to shrink`,
    );
  const signature = signatureOf(judgement, trial.run.history);
  const own: Trial = { ...trial, scenario: { ...trial.scenario, seed: trial.seed } };
  const attempts = createAttempts(build, own, { signature, ...limits });
  await becomeSmallEarly(attempts);
  await untilNothingHelps(attempts, async () => {
    await untilNothingHelps(attempts, () => everythingCheap(attempts));
    await dropAndMove(attempts);
    await otherFates(attempts);
    if (vocabulary === undefined) return;
    await plainModes(attempts, vocabulary.modes[0]);
    await byHand(attempts, {
      verbs: new Set(vocabulary.verbs.keys()),
      shrinkBranch: (branch) => untilNothingHelps(branch, () => everythingCheap(branch)),
    });
  });
  await fullSettle(attempts);
  const { best } = attempts;
  return {
    scenario: best.scenario,
    trial: best,
    law: judgement.law,
    signature,
    before: attempts.before,
    after: planSizeOf(best.scenario, best.run.events),
    tried: attempts.tried,
    isComplete: !attempts.isOver,
  };
}

/** The violation that was complete first. */
function earliest(violations: readonly Judgement[]): Judgement | undefined {
  const completeAt = ({ verdict }: Judgement): number =>
    verdict.outcome === "violated" ? (verdict.witness.events.at(-1) ?? 0) : Infinity;
  return [...violations].sort((left, right) => completeAt(left) - completeAt(right))[0];
}

async function becomeSmallEarly(attempts: Attempts): Promise<void> {
  for (const pass of [
    dropExpectations,
    cutTail,
    shortenSettle,
    pinChance,
    fewerAccidents,
    fewerDevices,
    oneProcess,
    fewerSteps,
  ])
    if (!attempts.isOver) await pass(attempts);
}

const cheapPasses = [
  pinChance,
  fewerAccidents,
  fewerDevices,
  oneProcess,
  oneUser,
  fewerSteps,
  plainSettings,
  plainSeed,
  plainerPayloads,
  plainerRequests,
  shorterTimes,
  plainerAccidents,
  accidentsAsSteps,
  cutTail,
] as const;

async function everythingCheap(attempts: Attempts): Promise<void> {
  for (const pass of cheapPasses) if (!attempts.isOver) await pass(attempts);
}

/** Rounds that can pass before a fixpoint: costs fall in each, so this is only a bound on patience. */
const roundsMax = 20;

async function untilNothingHelps(attempts: Attempts, round: () => Promise<void>): Promise<void> {
  for (let count = 0; count < roundsMax && !attempts.isOver; count++) {
    const cost = costOf(attempts.scenario);
    await round();
    if (costOf(attempts.scenario) >= cost) return;
  }
}
