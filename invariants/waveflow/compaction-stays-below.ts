// An op is deleted for one that everybody has, and not for one that somebody may still have to get.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { EventIndex } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";
import { clockMoves, highestAck, isExchangeSince, lastFaultBefore, stalenessMsOf } from "./in-touch.ts";
import { eventAfter } from "./open-sockets.ts";
import { type AckCall, readHistory, type Reading } from "./reading.ts";
import type { Read } from "./reads.ts";
import type { Stored } from "./user-log.ts";
import { nameContent } from "./words.ts";

/** What supersedes a deleted op lies below M, and so below the highest ACK that any device in touch has sent.
 *  Judged: ops that a pull still showed when the device counted already, and that are missing in the first full read after
 *  a job; where the device was answered so recently before that pull that it cannot have turned stale since.
 *  Source: WF-COMP-2 ("among ops with id < M"), WF-COMP-1. */
export const compactionStaysBelow: Law<WaveflowEvent> = {
  id: "compaction-stays-below",
  requirements: ["WF-COMP-1", "WF-COMP-2", "WF-PULL-2"],
  promise: "No op is deleted for one that a device in touch may not have acknowledged.",
  judge(history) {
    const { settings, events } = history;
    const tally = new Tally();
    if (settings === undefined) return tally.verdict("this world does not tell the settings of its server");
    const reading = readHistory(history);
    if ((settings.compactionIntervalMs ?? 0) > 0) return tally.verdict("jobs run of which nobody tells");
    if (reading.hasRawWrites) return tally.verdict("hand-written requests may have acknowledged anything");
    const patienceMs = stalenessMsOf(settings) / 2;
    for (const at of reading.upheavals) {
      const event = events[at]!;
      if (event.kind !== "compacted" || event.deleted === 0 || event.begunAt === undefined) continue;
      judgeUnheard({ user: event.user, at }, reading, tally);
      const read = firstRead({ user: event.user, at }, reading);
      if (read === undefined) continue;
      const begunAt = eventAfter(events, event.begunAt, 0) ?? at;
      for (const first of firstAcks(reading.acks, event.user, begunAt)) {
        for (const { stored } of read.missing)
          judgeGone(stored, { at, begunAt, read, first, patienceMs }, reading, tally);
      }
    }
    return tally.verdict("no job deleted anything that somebody had been shown");
  },
};

/** Without an ACK nobody counts, and then nothing is compacted.  Source: WF-COMP-1. */
function judgeUnheard(
  job: { readonly user: string; readonly at: EventIndex },
  { acks, pulls }: Reading,
  tally: Tally,
): void {
  tally.look();
  const isHeard = acks.some(
    ({ user, askedAt, outcome }) => user.name === job.user && askedAt < job.at && outcome !== "refused",
  );
  if (isHeard) return;
  tally.contradict(
    [job.at],
    () => `No device of user ${job.user} had ever acknowledged anything, and a job deleted ops of its log.`,
    () => {
      const hasReader = pulls.some(({ user, askedAt }) => user.name === job.user && askedAt < job.at);
      return hasReader ? ["WF-COMP-1", "WF-PULL-2"] : ["WF-COMP-1"];
    },
  );
}

/** The first full read after a job, if no other job can have deleted anything before it. */
function firstRead(
  job: { readonly user: string; readonly at: EventIndex },
  reading: Reading,
): Read | undefined {
  const { reads, installations, upheavals, history } = reading;
  const read = reads.find(
    ({ user, askedAt, since, isDecisive }) =>
      user.name === job.user && since === 0 && isDecisive && askedAt > job.at,
  );
  if (read === undefined) return undefined;
  const devices = new Set(installations.map(({ actor }) => actor));
  const isDisturbed = upheavals.some((at) => {
    if (at <= job.at || at >= read.answeredAt) return false;
    const event = history.events[at]!;
    if (event.kind === "compacted") return event.user === job.user && event.deleted > 0;
    return (event.kind === "fault" || event.kind === "crash") && !devices.has(event.target);
  });
  return isDisturbed ? undefined : read;
}

interface Case {
  /** The job and the first event of the time at which it began. */
  readonly at: EventIndex;
  readonly begunAt: EventIndex;
  readonly read: Read;
  readonly first: AckCall;
  readonly patienceMs: number;
}

function judgeGone(
  stored: Stored,
  { at, begunAt, read, first, patienceMs }: Case,
  reading: Reading,
  tally: Tally,
): void {
  const { events } = reading.history;
  const { lastPullAskedAt: shownAt } = stored;
  if (shownAt < first.answeredAt || stored.lastPulledAt > at || first.era !== read.era) return;
  if (events[at]!.at - events[shownAt]!.at > patienceMs) return;
  if (!wasInTouch(reading, first, { shownAt, begunAt, at, patienceMs })) return;
  tally.look();
  const by = lowestSuperseder(stored, read);
  const highest = highestAck(reading.acks, first, at);
  if (by === undefined || by < highest) return;
  tally.contradict(
    [first.answeredAt, shownAt, at, read.answeredAt],
    () =>
      `${first.actor} counts for compaction and has acknowledged ${highest} at most. Op ${stored.id} (${nameContent(stored.content)}) was deleted for op ${by}, which is not below that.`,
    () => {
      const hasRead = reading.pulls.some(
        ({ user, device, askedAt, reply }) =>
          user === first.user && device === first.device && askedAt < at && (reply?.head ?? 0) > highest,
      );
      return hasRead ? ["WF-COMP-1", "WF-COMP-2", "WF-PULL-2"] : ["WF-COMP-1", "WF-COMP-2"];
    },
  );
}

/** The first ACK of each device of a user, where it was answered before a job. */
function firstAcks(acks: readonly AckCall[], user: string, before: EventIndex): readonly AckCall[] {
  const firsts = new Map<string, AckCall>();
  for (const ack of acks) {
    if (ack.user.name !== user || ack.outcome !== "accepted" || ack.request.via !== "http") continue;
    if (ack.answeredAt < before && !firsts.has(ack.device)) firsts.set(ack.device, ack);
  }
  return [...firsts.values()];
}

/** The server answered the device shortly before the job, and no clock has moved up to the job's end,
 *  nor was anything put back. */
function wasInTouch(
  reading: Reading,
  first: AckCall,
  span: Pick<Case, "begunAt" | "at" | "patienceMs"> & { readonly shownAt: EventIndex },
): boolean {
  const { events } = reading.history;
  const since = { event: -1, ms: events[span.shownAt]!.at - span.patienceMs };
  const isHeard = reading.calls.some(
    (call) =>
      call !== undefined &&
      call.user === first.user &&
      call.device === first.device &&
      call.outcome === "accepted" &&
      call.answeredAt < span.begunAt &&
      isExchangeSince(call, events, since),
  );
  if (!isHeard) return false;
  return (
    Math.max(lastFaultBefore(reading, clockMoves, span.at), lastFaultBefore(reading, /restore/u, span.at)) <=
    first.askedAt
  );
}

/** The lowest id that is known to supersede the op; what is unknown was itself deleted for something that is known. */
function lowestSuperseder({ content, id }: Stored, { user, era }: Read): number | undefined {
  const entity = user.era(era).entity(content);
  if (entity === undefined) return undefined;
  let lowest: number | undefined;
  const fields = content.op === "delete" ? [] : (entity.fields.get(content.field ?? "") ?? []);
  for (const ids of [entity.deletes, fields]) {
    for (const other of ids) if (other > id && (lowest === undefined || other < lowest)) lowest = other;
  }
  return lowest;
}
