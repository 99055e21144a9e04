// Whom a compaction job may still count as in touch, as far as a history proves it. How much margin is enough, each law
// says for itself; all of them measure up to the end of the job, because a job that waits decides late:
//   1. A job begins while a push holds the lock of its user. The device was heard a moment ago.
//   2. Time passes, or the clock moves.
//   3. The push ends. The job looks at its clock, and the device is stale.
import { limits } from "../../protocol/waveflow/types.ts";
import type { EventIndex, RunMs } from "../history.ts";
import type { AckCall, Call, Reading } from "./reading.ts";

/** For how long a device that is not heard still counts. Units: milliseconds. Source: WF-ACK-4. */
export const stalenessMsOf = (settings: Reading["history"]["settings"]): number =>
  settings?.stalenessMs ?? limits.stalenessMs;

/** What the server had heard before this is of no known age any more. */
export const clockMoves = /clock|skew/u;

/** The last fault of a kind before an event; -1 for none. */
export function lastFaultBefore(
  { history, upheavals }: Reading,
  kind: RegExp,
  before: EventIndex,
): EventIndex {
  const last = upheavals.findLast((at) => {
    if (at >= before) return false;
    const event = history.events[at]!;
    return event.kind === "fault" && kind.test(event.fault);
  });
  return last ?? -1;
}

/** Asked after an event and after a moment of the run, in an exchange that has an answer: an ACK over the socket has
 *  none, and may have been sent into one that is half open. An exchange by hand that was not read beyond its form may
 *  have named any device.  Source: WF-ACK-4. */
export function isExchangeSince(
  { request, askedAt }: Call,
  events: Reading["history"]["events"],
  since: { readonly event: EventIndex; readonly ms: RunMs },
): boolean {
  if (request.kind === "raw" || (request.kind === "ack" && request.via === "socket")) return false;
  return askedAt > since.event && events[askedAt]!.at > since.ms;
}

/** A device's highest ACK that was asked no later than an event, whatever became of it unless it was refused: one
 *  without an answer may have counted.  Source: WF-ACK-2. */
export function highestAck(acks: readonly AckCall[], of: AckCall, upTo: EventIndex): number {
  let highest = 0;
  for (const { user, device, askedAt, outcome, request } of acks) {
    if (user !== of.user || device !== of.device || askedAt > upTo || outcome === "refused") continue;
    highest = Math.max(highest, request.lastSeenId);
  }
  return highest;
}
