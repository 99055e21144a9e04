// Coming together costs what there is to say, and not much more.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { EventIndex } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Call, type PullCall, readHistory, type Reading } from "./reading.ts";
import { nameOperation } from "./words.ts";

/** The page says "a bounded number" and names none. Of 1,456 reference devices in 500 plans and storms, none pushed an
 *  op more than twice or was given one more than once, and none needed more than 62 exchanges, or 2.7 for each op and
 *  second. The bounds are several times that, and a device that asks without a reason now and then stays below them.
 *  What they find goes round in circles until something happens to end it; who goes round for ever is the matter of
 *  `it-ends`. Refusals and missing answers each allow for one more of everything. Judged from the beginning of the last
 *  calm to its end.
 *  Source: waveflow.md section 11, "It ends"; WF-DEV-5 (back off); WF-DEV-11 ("back off between walks"). */
export const convergingIsBounded: Law<WaveflowEvent> = {
  id: "converging-is-bounded",
  requirements: ["WF-DEV-5", "WF-DEV-6", "WF-DEV-9", "WF-DEV-11"],
  promise:
    "When the faults have stopped, an operation crosses the wire a few times at most, and exchanges are in proportion to the operations.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    const calm = lastCalm(history.events);
    if (calm !== undefined) {
      for (const [actor, traffic] of trafficOf(reading, calm)) judgeTraffic(actor, traffic, calm, tally);
    }
    return tally.verdict("nobody had anything to say in a calm");
  },
};

/** Of one op in one direction. */
const crossingsMax = 8;
const exchangesAtLeast = 400;
const exchangesPerOp = 4;
const exchangesPerSecond = 5;

interface Calm {
  readonly from: EventIndex;
  readonly to: EventIndex;
  /** Units: milliseconds. */
  readonly lastsMs: number;
}

interface Traffic {
  exchanges: number;
  /** Refused, or without an answer that proves anything. */
  failures: number;
  frames: number;
  lastAt: EventIndex;
  /** By what was carried: how often. */
  readonly up: Map<string, number>;
  readonly down: Map<string, number>;
}

function lastCalm(events: readonly WaveflowEvent[]): Calm | undefined {
  const to = events.findLastIndex(({ kind }) => kind === "settled");
  const from = events.findLastIndex(({ kind }, at) => kind === "calm" && at < to);
  return from < 0 ? undefined : { from, to, lastsMs: events[to]!.at - events[from]!.at };
}

/** Calls are numbered in the order in which they were asked, so those of the calm are the last. */
function trafficOf({ calls, frames }: Reading, { from, to }: Calm): ReadonlyMap<string, Traffic> {
  const byActor = new Map<string, Traffic>();
  const of = (actor: string): Traffic => {
    let traffic = byActor.get(actor);
    if (traffic === undefined) {
      traffic = { exchanges: 0, failures: 0, frames: 0, lastAt: -1, up: new Map(), down: new Map() };
      byActor.set(actor, traffic);
    }
    return traffic;
  };
  for (let place = calls.length - 1; place >= 0; place--) {
    const call = calls[place];
    if (call === undefined || call.askedAt > to) continue;
    if (call.askedAt < from) break;
    if (call.request.isByHand !== true && call.request.kind !== "raw") countCall(call, of(call.actor));
  }
  for (let place = frames.length - 1; place >= 0 && frames[place]!.at > from; place--) {
    const { at, installation } = frames[place]!;
    if (at < to) of(installation.actor).frames++;
  }
  return byActor;
}

function countCall(call: Call, traffic: Traffic): void {
  traffic.exchanges++;
  traffic.lastAt = Math.max(traffic.lastAt, call.askedAt);
  if (call.outcome !== "accepted") traffic.failures++;
  for (const { operationId } of call.operations) count(traffic.up, operationId);
  if (call.request.kind !== "pull" || call.outcome !== "accepted") return;
  for (const { operation_id } of (call as unknown as PullCall).reply!.ops) count(traffic.down, operation_id);
}

const count = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

function judgeTraffic(actor: string, traffic: Traffic, { from, to, lastsMs }: Calm, tally: Tally): void {
  const { exchanges, failures, frames, up, down, lastAt } = traffic;
  tally.look();
  for (const [way, counts] of [
    ["pushed", up],
    ["was given", down],
  ] as const) {
    for (const [operationId, times] of counts) {
      if (times <= crossingsMax + failures) continue;
      tally.contradict(
        [from, lastAt, to],
        () =>
          `The faults had stopped. ${actor} ${way} ${nameOperation(operationId)} ${times} times until it came to rest.`,
      );
    }
  }
  const ops = up.size + down.size + frames;
  const bound =
    exchangesAtLeast + exchangesPerOp * (ops + failures) + Math.ceil((exchangesPerSecond * lastsMs) / 1_000);
  if (exchanges <= bound) return;
  tally.contradict(
    [from, lastAt, to],
    () =>
      `The faults had stopped. ${actor} needed ${exchanges} exchanges in ${lastsMs} ms to come to rest, with ${up.size} ops to push, ${down.size} to read and ${frames} frames to hear.`,
  );
}
