// Which of a law's rules a contradiction breaks, where several come into question: told by what happened between the two
// observations that contradict each other. Asked for violations only.
import type { EventIndex } from "../history.ts";
import type { Call, Reading } from "./reading.ts";
import type { Stored, UserLog } from "./user-log.ts";

/** Two observations, in order. */
export interface Span {
  readonly from: EventIndex;
  readonly to: EventIndex;
}

/** A job deleted ops of the user. One that was under way at the first observation counts. */
export const isCompacted = (reading: Reading, user: Pick<UserLog, "name">, { from, to }: Span): boolean =>
  jobsOf(reading, user).some(({ at }) => at > from && at <= to);

/** A job deleted ops of the user while a call was under way. */
export const isCompactedDuring = (reading: Reading, { user, askedAt, answeredAt }: Occasion): boolean => {
  const { events } = reading.history;
  const end = events[Math.min(answeredAt, events.length - 1)]!.at;
  return jobsOf(reading, user).some(({ at, begunAt }) => at > askedAt && begunAt <= end);
};

type Occasion = Pick<Call, "askedAt" | "answeredAt"> & { readonly user: Pick<UserLog, "name"> };

/** Something was done to the server or its database, or it died. */
export function isTroubled({ history: { events }, upheavals, installations }: Reading, span: Span): boolean {
  const devices = new Set(installations.map(({ actor }) => actor));
  return upheavals.some((at) => {
    const event = events[at]!;
    if (at <= span.from || at > span.to || (event.kind !== "fault" && event.kind !== "crash")) return false;
    return event.target !== "world" && !devices.has(event.target);
  });
}

/** An op that the server had told of is gone. A job that deleted something meanwhile deleted too much; where none did,
 *  the op was not kept, and if others of its push were, that push was stored in part.
 *  Source: WF-COMP-2, WF-COMP-5, WF-PUSH-7, WF-PUSH-10. */
export function rulesOfLoss(reading: Reading, stored: Stored, until: EventIndex): readonly string[] {
  const { operation, era, firstAt } = stored;
  if (isCompacted(reading, operation.user, { from: firstAt, to: until })) return ["WF-COMP-2", "WF-COMP-5"];
  const wasNeverRead = stored.readAt === Infinity;
  const isInPart = operation.placements.some(({ call }) =>
    call.operations.some((other) => (other.stored[era]?.readAt ?? Infinity) < Infinity),
  );
  return [wasNeverRead && isInPart ? "WF-PUSH-7" : "WF-PUSH-10"];
}

/** A receipt that was there is not known any more.  Source: WF-PUSH-2, WF-PUSH-3, WF-COMP-6. */
export const rulesOfForgotten = (
  reading: Reading,
  user: Pick<UserLog, "name">,
  span: Span,
): readonly string[] => (isCompacted(reading, user, span) ? ["WF-PUSH-3", "WF-COMP-6"] : ["WF-PUSH-2"]);

function jobsOf(
  { history: { events }, upheavals }: Reading,
  user: Pick<UserLog, "name">,
): readonly { readonly at: EventIndex; readonly begunAt: number }[] {
  return upheavals.flatMap((at) => {
    const event = events[at]!;
    const isMeant = event.kind === "compacted" && event.user === user.name && event.deleted > 0;
    return isMeant ? [{ at, begunAt: event.begunAt ?? event.at }] : [];
  });
}
