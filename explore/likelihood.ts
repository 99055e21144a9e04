// When it was decided. The run that broke a law is gone through again up to a moment, and from there on chance decides
// otherwise: how often does it still end badly? Before the damage is done that is as rare as in any run; after it, nothing
// that chance does can help. The jump between the two marks the damage.
//
// The plan that is branched is the one that was found, with its odds, and not the shrunk one, from which chance has been
// taken away: what is asked is how likely this was where it happened. Up to the moment the run is the same by its seed,
// so its accidents need not be pinned; pinning them and giving the odds back afterwards comes to the same.
import type { Likelihood, LikelihoodMoment } from "../invariants/explanation.ts";
import type { History, RunMs } from "../invariants/history.ts";
import type { StoryLine, Storytelling } from "../invariants/story.ts";
import type { Step } from "../scenarios/format/types.ts";
import { type Build, tryPlan, type Trial } from "./trial.ts";
import { failsAlike } from "./shrink/attempts.ts";
import { witnessOf } from "./shrink/necessary.ts";

export interface LikelihoodOptions {
  readonly law: string;
  readonly signature: string;
  readonly storytelling: Pick<Storytelling, "describe">;
  /** Evenly over the time up to the violation; a few more are looked at around the jump. */
  readonly moments: number;
  /** Other ways to go on from each. Fewer for plans that are long: `eventsMax` bounds the whole. */
  readonly branches: number;
  readonly signal?: AbortSignal | undefined;
  /** What it returns is waited for. */
  readonly onProgress?: ((text: string) => void | Promise<void>) | undefined;
}

/** Kernel events of all branches together, about. */
const eventsMax = 600_000;
/** A branch that does not end has gone elsewhere. */
const eventsOfOneFactor = 5;
/** Fewer say nothing. */
const branchesLeast = 8;
/** Looks between two moments, each at half of what is left. */
const refinementsMax = 6;
/** A smaller rise may be chance: about three standard deviations of the difference of two shares. In a hundred. */
const jumpLeast = (runs: number): number => Math.max(20, Math.ceil(210 / Math.sqrt(Math.max(1, runs))));
/** What is decided stays so. In a hundred. */
const decidedFrom = 75;

/** `undefined` where it was stopped. A single moment, where any other fates from the beginning end as badly. */
export async function likelihoodOf(
  build: Build,
  trial: Trial,
  options: LikelihoodOptions,
): Promise<Likelihood | undefined> {
  const { history } = trial.run;
  const witness = witnessOf(trial, options.law);
  const endMs = decidedBy(history, witness);
  const isStopped = (): boolean => options.signal?.aborted === true;
  const first = await untilBroken(build, trial, { witness, endMs });
  const branches = branchesFor(first, options);
  const look = async (at: RunMs): Promise<LikelihoodMoment> => {
    let broken = 0;
    let runs = 0;
    for (; runs < branches && !isStopped(); runs++) {
      await options.onProgress?.(`other fates from ${(at / 1000).toFixed(3)} s on`);
      if (await endsBadly(build, first, { at, salt: `fate ${runs + 1}`, signature: options.signature }))
        broken++;
    }
    return { at, runs, broken, event: eventBefore(history, at, options.storytelling) };
  };
  const moments: LikelihoodMoment[] = [await look(0)];
  if (isStopped()) return undefined;
  if (isCertain(moments[0]!)) return { moments };
  for (let index = 1; index < options.moments; index++)
    moments.push(await look(Math.trunc((endMs * index) / (options.moments - 1))));
  const coarse = steepest(moments);
  if (coarse === undefined || isStopped()) return isStopped() ? undefined : { moments };
  const jump = await refine(moments, coarse, { history, look });
  return isStopped() ? undefined : { moments, jump };
}

/** The violation was complete by then, or the faults had stopped: after that chance has no part in it. */
function decidedBy({ events }: History, witness: readonly number[]): RunMs {
  const calmAt = events.find(({ kind }) => kind === "calm")?.at ?? Infinity;
  return Math.min(calmAt, events[witness.at(-1) ?? 0]?.at ?? 0);
}

/** The run, with a plan that ends a while after the law is broken. Where it was broken before the faults stopped, the
 *  calm and its long settling are left out too: what comes to light only there is not what happened here. */
async function untilBroken(
  build: Build,
  trial: Trial,
  { witness, endMs }: { readonly witness: readonly number[]; readonly endMs: RunMs },
): Promise<Trial> {
  const { scenario, seed, run } = trial;
  const calmAt = run.history.events.findIndex(({ kind }) => kind === "calm");
  if (calmAt < 0 || (witness.at(-1) ?? Infinity) >= calmAt) return trial;
  const begun = new Set<Step>();
  const untilMs = endMs + Math.trunc(endMs / 4);
  await tryPlan(build, scenario, {
    seed,
    onStep: (step, atMs) => {
      if (atMs <= untilMs) begun.add(step);
    },
  });
  const steps = scenario.steps.filter((step) => begun.has(step) && step.kind !== "settle");
  return tryPlan(build, { ...scenario, steps, settle: false }, { seed });
}

const branchesFor = ({ run }: Trial, { branches, moments }: LikelihoodOptions): number =>
  Math.min(branches, Math.max(branchesLeast, Math.trunc(eventsMax / (run.events * Math.max(1, moments)))));

async function endsBadly(
  build: Build,
  { scenario, seed, run }: Trial,
  branch: { readonly at: RunMs; readonly salt: string; readonly signature: string },
): Promise<boolean> {
  try {
    const other = await tryPlan(build, scenario, {
      seed,
      branch: { atMs: branch.at, salt: branch.salt },
      eventsMax: Math.max(20_000, run.events * eventsOfOneFactor),
    });
    return failsAlike(other, branch.signature);
  } catch {
    return false;
  }
}

/** More moments where the likelihood rises most, each at an event, so that the jump can be named by one. Returns the
 *  place of the jump among all of them. */
async function refine(
  moments: LikelihoodMoment[],
  coarse: number,
  { history, look }: { readonly history: History; readonly look: (at: RunMs) => Promise<LikelihoodMoment> },
): Promise<number> {
  const first = coarse;
  let last = coarse;
  let jump = coarse;
  for (let count = 0; count < refinementsMax; count++) {
    const fromMs = moments[jump - 1]!.at;
    const toMs = moments[jump]!.at;
    const between = [...new Set(history.events.map(({ at }) => at))].filter((at) => at > fromMs && at < toMs);
    const middle = between[Math.trunc(between.length / 2)];
    if (middle === undefined) break;
    moments.splice(jump, 0, await look(middle));
    last++;
    jump = first;
    for (let place = first; place <= last; place++)
      if (riseAt(moments, place) > riseAt(moments, jump)) jump = place;
  }
  return jump;
}

const riseAt = (moments: readonly LikelihoodMoment[], place: number): number =>
  percentOf(moments[place]!) - percentOf(moments[place - 1]!);

/** The place after the greatest rise from which on it stays decided; `undefined` where there is none to speak of. */
function steepest(moments: readonly LikelihoodMoment[]): number | undefined {
  let place: number | undefined;
  let most = jumpLeast(moments[0]?.runs ?? 0) - 1;
  for (let index = moments.length - 1; index > 0; index--) {
    if (percentOf(moments[index]!) < decidedFrom) break;
    const rise = riseAt(moments, index);
    if (rise <= most) continue;
    most = rise;
    place = index;
  }
  return place;
}

const percentOf = ({ broken, runs }: LikelihoodMoment): number =>
  runs === 0 ? 0 : Math.round((broken * 100) / runs);

const isCertain = ({ broken, runs }: LikelihoodMoment): boolean => broken === runs;

/** What happened last before a moment, or at it. Who joined and what was asked decides nothing yet. */
function eventBefore(
  { events }: History,
  at: RunMs,
  { describe }: Pick<Storytelling, "describe">,
): StoryLine | undefined {
  const event = events.findLast((one) => one.at < at && one.kind !== "joined");
  if (event === undefined) return undefined;
  return { at: event.at, lane: event.actor, text: describe(event), highlighted: false };
}
