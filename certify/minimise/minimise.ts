// A failing scenario made small on the target itself: candidates are run there within a budget of runs and of time, and
// the smallest that fails alike is handed back as a file that replays, with its run. Whoever stops it gets the best so
// far. Nothing here knows how a run is made, so a test can put a simulated target in its place.
import { flatSteps, planSizeOf } from "../../explore/shrink/plan-size.ts";
import type { PlanCounts } from "../../invariants/explanation.ts";
import { type StoryLine, type Storytelling, tellLast, tellStory } from "../../invariants/story.ts";
import { brokenRules, type Law } from "../../invariants/verdict.ts";
import type { Requirement } from "../../protocol/requirement.ts";
import { neededAbilities } from "../../scenarios/format/needs.ts";
import { parseScenario } from "../../scenarios/format/parse.ts";
import { stringifyScenario } from "../../scenarios/format/stringify.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import type { Vocabulary } from "../../scenarios/format/vocabulary.ts";
import { evidenceOf, type Failure, type FailureChoice, failureOf, showsFailure } from "./failure.ts";
import type { TargetRun } from "./failure.ts";
import { LiveReduction, type RunCandidate } from "./live-reduction.ts";
import { openingMoves, partMoves, wordMoves } from "./moves.ts";
import type { Oracle } from "./oracle.ts";
import { withQuickFaults } from "./quick-faults.ts";

export interface MinimiseProtocol {
  readonly vocabulary: Vocabulary;
  readonly requirements: readonly Pick<Requirement, "id">[];
  readonly laws: readonly Law[];
  readonly storytelling: Storytelling;
}

export interface MinimiseBudget {
  /** Runs of candidates. */
  readonly attempts: number;
  /** Wall time. Runs that are under way at the end of it are broken off; only what comes out is run once more, for
   *  which a part of it is kept.  Units: milliseconds. */
  readonly ms: number;
}

export interface MinimiseProgress {
  /** What is being tried, in a few words. */
  readonly pass: string;
  readonly attempts: number;
  readonly steps: number;
  readonly elapsedMs: number;
}

export interface MinimiseOptions<Run extends TargetRun> {
  readonly scenario: Scenario;
  readonly seed: string;
  /** The run that failed. Absent: it is made. */
  readonly first?: Run;
  /** The law or the line to look at; absent: what went wrong first. */
  readonly about?: FailureChoice;
  readonly protocol: MinimiseProtocol;
  readonly run: RunCandidate<Run>;
  /** Absent: candidates are not asked whether a right server passes them. */
  readonly oracle?: Oracle;
  readonly budget: MinimiseBudget;
  readonly signal?: AbortSignal;
  /** Runs at the same time. Default: 4. */
  readonly width?: number;
  readonly onProgress?: (progress: MinimiseProgress) => void;
}

export interface MinimalTrace<Run extends TargetRun> {
  /** The smallest plan, read back from its file. */
  readonly scenario: Scenario;
  /** The file: it replays. */
  readonly file: string;
  /** Its failing run. */
  readonly run: Run;
  readonly failure: Failure;
  /** The few events that lead to the failure. */
  readonly story: readonly StoryLine[];
  /** What contradicts what, in a sentence or two. */
  readonly explanation: string;
  readonly requirements: readonly string[];
  /** The failing scenario failed alike when it was run again with the same seed. */
  readonly deterministic: boolean;
  /** Where it did not: both runs as they were. */
  readonly traces: readonly Run[];
  readonly before: PlanCounts;
  readonly after: PlanCounts;
  /** Runs on the target, the ones before shrinking among them. */
  readonly attempts: number;
  readonly elapsedMs: number;
  /** What ended it before there was nothing more to take away. */
  readonly stoppedBy?: "attempts" | "time" | "interruption";
}

/** A run on a busy machine may take several times as long as the first one did.  Units: milliseconds. */
const candidateLeastMs = 5_000;
const candidateFactor = 3;
/** Where nobody comes to rest, this much is enough to see it.  Units: milliseconds. */
const restlessSettleMs = 4_000;
/** Runs of a candidate where the same seed does not always fail. */
const flakyTries = 2;
const roundsMax = 5;

/** The smallest scenario that fails alike on the target; `undefined` where nothing failed.
 *  Errors: what `run` throws for the scenario itself, where it has to be run. */
export async function minimiseOnTarget<Run extends TargetRun>(
  options: MinimiseOptions<Run>,
): Promise<MinimalTrace<Run> | undefined> {
  const { scenario, seed, protocol, about, budget } = options;
  const startedAt = performance.now();
  const elapsedMs = (): number => Math.round(performance.now() - startedAt);
  const user = options.signal ?? new AbortController().signal;
  const isOver = AbortSignal.any([user, AbortSignal.timeout(budget.ms)]);
  const oracle = await trusted(options.oracle, scenario);
  const running = runAgain(options, { oracle, signal: isOver });
  const made = options.first ?? (await options.run(scenario, { seed, signal: user }));
  const { again, quick, againMs } = await running;
  // One that fails now and then may have chosen the second time.
  const failure = failureOf(made, protocol.laws, about) ?? (again && failureOf(again, protocol.laws, about));
  if (failure === undefined) return undefined;
  const isAlike = (run: Run | undefined): boolean =>
    run !== undefined && showsFailure(run, failure, protocol.laws);
  const first = isAlike(made) ? made : again!;
  const deterministic = isAlike(made) && isAlike(again);
  const tries = deterministic ? 1 : flakyTries;
  // What comes out is run once more, which has to fit in.
  const reserveMs = Math.min(budget.ms / 4, againMs);
  const time = AbortSignal.timeout(Math.max(0, Math.round(budget.ms - elapsedMs() - reserveMs)));
  const reduction = new LiveReduction({
    ...(isAlike(quick?.run) ? quick! : { scenario, run: first }),
    seed,
    failure,
    laws: protocol.laws,
    runCandidate: options.run,
    oracle,
    tries,
    width: options.width ?? 4,
    attemptsMax: budget.attempts,
    candidateMaxMs: Math.max(candidateLeastMs, candidateFactor * againMs),
    settleMaxMs: isRestless(first) ? restlessSettleMs : undefined,
    signal: AbortSignal.any([user, time]),
    onAttempt: (pass, now) => {
      const steps = flatSteps(now.scenario.steps).length;
      options.onProgress?.({ pass, attempts: now.attempts, steps, elapsedMs: elapsedMs() });
    },
  });
  if (canBeShrunk(failure)) await shrinkOn(reduction, failure);
  const isCut = reduction.isOver;
  await reduction.whenIdle();
  const written = await writtenDown(reduction, { options, failure, tries, signal: user });
  const stoppedBy = user.aborted ? "interruption" : time.aborted ? "time" : "attempts";
  const events = first.history.events.length;
  return {
    ...written,
    ...told(written.run, written.failure, protocol),
    deterministic,
    traces: deterministic || again === undefined ? [] : [made, again],
    before: planSizeOf(scenario, events),
    after: planSizeOf(written.scenario, written.run.history.events.length),
    attempts: reduction.attempts + [options.first === undefined, again, quick].filter(Boolean).length,
    elapsedMs: elapsedMs(),
    ...(isCut ? { stoppedBy } : {}),
  };
}

/** The scenario once more under the same seed, and beside it as it goes faster, where it does. */
async function runAgain<Run extends TargetRun>(
  { scenario, seed, run }: MinimiseOptions<Run>,
  { oracle, signal }: { readonly oracle: Oracle | undefined; readonly signal: AbortSignal },
): Promise<{
  readonly again: Run | undefined;
  readonly quick: { readonly scenario: Scenario; readonly run: Run } | undefined;
  readonly againMs: number;
}> {
  const startedAt = performance.now();
  const tryOnce = (one: Scenario): Promise<Run | undefined> =>
    run(one, { seed, signal }).catch(() => undefined);
  const quickly = withQuickFaults(scenario);
  const isWorthIt = quickly !== undefined && (oracle === undefined || (await oracle(quickly)));
  const [again, quick] = await Promise.all([
    tryOnce(scenario),
    isWorthIt ? tryOnce(quickly) : Promise.resolve(undefined),
  ]);
  const againMs = Math.round(performance.now() - startedAt);
  return { again, quick: quick === undefined ? undefined : { scenario: quickly!, run: quick }, againMs };
}

/** A run that did not end says nothing about which of its steps matter, and each candidate would not end either. */
const canBeShrunk = (failure: Failure): boolean =>
  failure.kind === "law" || !failure.expectation.includes("the scenario ends within");

const isRestless = ({ history }: TargetRun): boolean =>
  history.events.some((event) => event.kind === "settled" && !event.quiet);

/** Only an oracle that passes the scenario itself can say anything about what is left of it. */
async function trusted(oracle: Oracle | undefined, scenario: Scenario): Promise<Oracle | undefined> {
  return oracle !== undefined && (await oracle(scenario)) ? oracle : undefined;
}

async function shrinkOn<Run extends TargetRun>(
  reduction: LiveReduction<Run>,
  failure: Failure,
): Promise<void> {
  for (const move of openingMoves(failure)) await reduction.make(move);
  for (let round = 0; round < roundsMax && !reduction.isOver; round++) {
    for (const move of partMoves) await reduction.make(move);
    const steps = flatSteps(reduction.scenario.steps).length;
    for (const move of wordMoves) await reduction.make(move);
    // Other words alone make no more of the plan go.
    if (flatSteps(reduction.scenario.steps).length === steps) return;
  }
}

/** The plan as a file says it, read back, and run once more where there is time: what is handed out is what replays. */
async function writtenDown<Run extends TargetRun>(
  reduction: LiveReduction<Run>,
  setup: {
    readonly options: MinimiseOptions<Run>;
    readonly failure: Failure;
    readonly tries: number;
    readonly signal: AbortSignal;
  },
): Promise<{
  readonly scenario: Scenario;
  readonly file: string;
  readonly run: Run;
  readonly failure: Failure;
}> {
  const { options, failure, tries, signal } = setup;
  const { vocabulary, requirements, laws } = options.protocol;
  const small = reduction.scenario;
  const needs = [...neededAbilities(small, vocabulary).keys()];
  const file = stringifyScenario({ ...small, needs, seed: options.seed }, vocabulary);
  const parsed = parseScenario(file, {
    protocols: [{ vocabulary, requirements: requirements.map(({ id }) => id) }],
  });
  if (!parsed.ok)
    throw new Error(
      `a minimal scenario does not read back: ${parsed.errors.map(({ message }) => message).join("; ")}\n${file}`,
    );
  const { scenario } = parsed;
  const moved = inFile(failure, small, scenario);
  for (let nth = 1; nth <= tries && !signal.aborted; nth++) {
    const run = await options.run(scenario, { seed: options.seed, signal }).catch(() => undefined);
    if (run !== undefined && showsFailure(run, moved, laws)) return { scenario, file, run, failure: moved };
  }
  // The run that made it the smallest is as good; only its lines are those of the file that was handed in.
  return { scenario, file, run: reduction.run, failure };
}

/** A check's failure at the line at which its step stands in the new file. */
function inFile(failure: Failure, small: Scenario, written: Scenario): Failure {
  if (failure.kind === "law" || failure.line === 0) return failure;
  const place = flatSteps(small.steps).findIndex(({ source }) => source.line === failure.line);
  const step = flatSteps(written.steps)[place];
  return step === undefined ? failure : { ...failure, line: step.source.line };
}

function told(
  run: TargetRun,
  failure: Failure,
  { laws, storytelling }: MinimiseProtocol,
): Pick<MinimalTrace<TargetRun>, "story" | "explanation" | "requirements"> {
  const evidence = evidenceOf(run, failure, laws);
  if (evidence !== undefined && "judgement" in evidence) {
    const { judgement } = evidence;
    const { verdict } = judgement;
    return {
      story: tellStory(run.history, judgement, storytelling)?.lines ?? [],
      explanation: verdict.outcome === "violated" ? verdict.witness.explanation : "",
      requirements: brokenRules(judgement),
    };
  }
  const check = evidence?.check;
  return {
    story: tellLast(run.history, check?.at ?? Infinity, storytelling),
    explanation: check === undefined ? "" : `${check.step}: expected ${check.expected}, saw ${check.seen}`,
    requirements: check?.requirements ?? [],
  };
}
