// From what happened in the real world to a plan of the simulation in which the same goes wrong: there it can be replayed,
// shrunk and understood. What the history tells is pinned: the answers that never came. What it cannot tell, which is how
// long each message and statement took, is looked for: runs under one seed after another, of which that is taken which
// breaks the same law and whose answers came most nearly in the same order.
import type { History, HistoryEvent } from "../invariants/history.ts";
import type { Accident, Scenario } from "../scenarios/format/types.ts";
import { neededAbilities } from "../scenarios/format/needs.ts";
import type { Vocabulary } from "../scenarios/format/vocabulary.ts";
import { simulate, type SimRun } from "../sim/run.ts";
import { isEmpty, seenInBoth, type Sighting, sightingOf } from "./confirm/sighting.ts";
import type { Build } from "./trial.ts";

export interface Lifted {
  /** Carries its seed; replays as it was run. */
  readonly scenario: Scenario;
  readonly run: SimRun;
  /** What both worlds show. */
  readonly seen: Sighting;
  /** Of the answers in the real world, so many came in the same order here. */
  readonly answers: { readonly same: number; readonly all: number };
  readonly runs: number;
}

export interface LiftOptions {
  readonly build: Build;
  readonly vocabulary: Vocabulary;
  /** The scenario as it was run for real. */
  readonly scenario: Scenario;
  readonly history: History;
  /** What was seen to be wrong there. */
  readonly sighting: Sighting;
  /** Seeds that are tried. */
  readonly seedsMax: number;
  readonly signal?: AbortSignal;
  /** Awaited before each run. */
  readonly onRun?: (runs: number) => Promise<void> | undefined;
}

/** How long messages may take, from all alike to far apart; absent: as the simulation has it.  Units: milliseconds. */
const latencies: readonly (number | undefined)[] = [undefined, 200, 5, 1_500];
/** A build that talks for ever ends here. */
const eventsMax = 100_000;

/** The nearest run that shows the same; `undefined` where none does.
 *  Errors: `LawFailed`; what a broken build throws in the simulation only counts as another run. */
export async function lift(options: LiftOptions): Promise<Lifted | undefined> {
  const { build, history, sighting, seedsMax, signal, onRun } = options;
  const wanted = answersOf(history);
  let best: Lifted | undefined;
  for (let runs = 1; runs <= seedsMax && signal?.aborted !== true; runs++) {
    await onRun?.(runs);
    const scenario = candidate(options, runs);
    const seed = scenario.seed!;
    const run = await simulate({ scenario, protocol: build.sim, seed, eventsMax }).catch(() => undefined);
    if (run === undefined) continue;
    const intended = scenario.expect.violates ?? [];
    const seen = seenInBoth(sighting, sightingOf(run, { laws: build.laws, intended }));
    if (isEmpty(seen)) continue;
    const same = longestCommon(wanted, answersOf(run.history));
    const isNearer = best === undefined || same > best.answers.same || hasMoreLaws(seen, best.seen);
    if (isNearer) best = { scenario, run, seen, answers: { same, all: wanted.length }, runs };
    if (same === wanted.length && seen.laws.length === sighting.laws.length) break;
  }
  return best;
}

/** A violated law can be shrunk; an expectation that fails can only be replayed. */
const hasMoreLaws = (seen: Sighting, other: Sighting): boolean =>
  seen.laws.length > 0 && other.laws.length === 0;

/** The first is the scenario as it stands; the others differ in how long everything takes. */
function candidate({ scenario, history, vocabulary }: LiftOptions, runs: number): Scenario {
  const latencyMaxMs = latencies[(runs - 1) % latencies.length];
  const accidents = sufferedIn(history, { scenario, vocabulary });
  const hasChance = latencyMaxMs !== undefined || accidents.length > 0;
  const { accidents: _own, digest: _digest, recordedWith: _version, ...rest } = scenario;
  const lifted: Scenario = {
    ...rest,
    trouble: latencyMaxMs === undefined ? {} : { latencyMinMs: 1, latencyMaxMs },
    ...(hasChance ? { accidents } : {}),
    seed: runs === 1 ? (scenario.seed ?? "1") : `lifted-${runs}`,
  };
  return { ...lifted, needs: [...neededAbilities(lifted, vocabulary).keys()] };
}

/** Answers that never came although no step had asked for that: as accidents of the simulation. */
function sufferedIn(
  { events }: History,
  { scenario, vocabulary }: { readonly scenario: Scenario; readonly vocabulary: Vocabulary },
): readonly Accident[] {
  const names = new Set(scenario.devices.map(({ name }) => name));
  const counts = new Map<string, number>();
  const calls = new Map<number, { readonly who: string; readonly what: string; readonly nth: number }>();
  const accidents: Accident[] = [];
  let excused = new Set<string>();
  for (const event of events) {
    if (event.kind === "calm") break;
    if (event.kind === "invoked") {
      const what = kindOf(event.request);
      if (!names.has(event.actor) || what === undefined || !vocabulary.messages.includes(what)) continue;
      const key = `${event.actor} ${what}`;
      const nth = (counts.get(key) ?? 0) + 1;
      counts.set(key, nth);
      calls.set(event.call, { who: event.actor, what, nth });
    } else if (event.kind === "fault" || event.kind === "crash") {
      // Whatever a step did to somebody it does again.
      excused = new Set([...excused, event.target]);
    } else if (event.kind === "unknown" && event.status === undefined && event.isImpostor !== true) {
      const call = calls.get(event.call);
      const isExcused = excused.has(event.actor) || [...excused].some((target) => !names.has(target));
      if (call !== undefined && !isExcused) accidents.push({ ...call, kind: "loseReply" });
    }
  }
  return accidents;
}

/** Calls and replies of every protocol have one. */
function kindOf(call: unknown): string | undefined {
  const kind = (call as { readonly kind?: unknown } | undefined)?.kind;
  return typeof kind === "string" ? kind : undefined;
}

/** Who was answered, and how, in order, up to the calm. */
function answersOf({ events }: History): readonly string[] {
  const answers: string[] = [];
  for (const event of events) {
    if (event.kind === "calm") break;
    const answer = answerOf(event);
    if (answer !== undefined) answers.push(answer);
  }
  return answers.slice(0, answersMax);
}

/** Beyond, comparing costs more than it tells. */
const answersMax = 400;

function answerOf(event: HistoryEvent): string | undefined {
  switch (event.kind) {
    case "accepted":
      return `${event.actor} accepted ${kindOf(event.reply) ?? ""}`;
    case "refused":
      return `${event.actor} refused ${event.status}`;
    case "unknown":
      return `${event.actor} unknown`;
    case "compacted":
      return `compacted ${event.deleted}`;
    default:
      return undefined;
  }
}

/** Length of the longest common subsequence. */
function longestCommon(left: readonly string[], right: readonly string[]): number {
  let above: readonly number[] = Array.from({ length: right.length + 1 }, () => 0);
  for (const one of left) {
    const row = [0];
    for (const [place, other] of right.entries()) {
      row.push(one === other ? above[place]! + 1 : Math.max(above[place + 1]!, row[place]!));
    }
    above = row;
  }
  return above.at(-1)!;
}
