// Compaction goes no further than every device that acknowledges has come, as far as the server is in touch with it.
import { isTroubled } from "./causes.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { EventIndex, RunMs } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";
import { clockMoves, highestAck, isExchangeSince, lastFaultBefore, stalenessMsOf } from "./in-touch.ts";
import { type AckCall, type Call, type PullCall, readHistory, type Reading } from "./reading.ts";
import { noEra } from "./user-log.ts";

/** A device counts from the answer to its first ACK. Its id at the server is at or below the highest ACK that it ever
 *  sent, and everything that a job deletes is below that.
 *  Judged: jobs of which the world tells when they began, in worlds that tell their settings, where a pull between the
 *  ACK and the job shows that the watermark was not there yet, and after the last move of a clock.
 *  Source: WF-COMP-1, WF-PULL-2, WF-ACK-1, WF-ACK-4, WF-ACK-5. */
export const compactionWaits: Law<WaveflowEvent> = {
  id: "compaction-waits",
  requirements: ["WF-COMP-1", "WF-PULL-2", "WF-ACK-1", "WF-ACK-2", "WF-ACK-4", "WF-ACK-5", "WF-ACK-6"],
  promise: "No job deletes what a device in touch has not acknowledged.",
  judge(history) {
    const { events, settings } = history;
    const tally = new Tally();
    if (settings === undefined) return tally.verdict("this world does not tell the settings of its server");
    const reading = readHistory(history);
    if (reading.hasRawWrites) return tally.verdict("hand-written requests may have acknowledged anything");
    const stalenessMs = stalenessMsOf(settings);
    const risen = new Map<string, number>();
    for (const at of reading.upheavals) {
      const event = events[at]!;
      if (event.kind === "fault" && event.fault === "restore") risen.clear();
      if (event.kind !== "compacted") continue;
      const before = risen.get(event.user) ?? 0;
      risen.set(event.user, Math.max(before, event.compactedUpTo));
      if (event.deleted === 0 || event.compactedUpTo <= before || event.begunAt === undefined) continue;
      const job = { at, user: event.user, upTo: event.compactedUpTo, begunAt: event.begunAt };
      judgeJob({ job, reading, inTouchSince: event.at - stalenessMs, tally });
    }
    return tally.verdict("no job deleted anything while a device that had acknowledged was in touch");
  },
};

interface Job {
  readonly at: EventIndex;
  readonly user: string;
  readonly upTo: number;
  readonly begunAt: RunMs;
}

interface Surroundings {
  readonly job: Job;
  readonly reading: Reading;
  readonly inTouchSince: RunMs;
  readonly tally: Tally;
}

function judgeJob(surroundings: Surroundings): void {
  const { job, reading, tally } = surroundings;
  const { acks, history, restores } = reading;
  const restoredAt = restores.findLast((at) => at < job.at) ?? -1;
  const isBefore = (at: EventIndex): boolean =>
    at > restoredAt && at < job.at && history.events[at]!.at < job.begunAt;
  const firsts = new Map<string, { readonly ack: AckCall; highest: number }>();
  for (const ack of acks) {
    if (ack.user.name !== job.user || ack.askedAt > job.at || ack.outcome === "refused") continue;
    const known = firsts.get(ack.device);
    if (known !== undefined) known.highest = Math.max(known.highest, ack.request.lastSeenId);
    else if (ack.outcome === "accepted" && ack.request.via === "http" && isBefore(ack.answeredAt)) {
      firsts.set(ack.device, { ack, highest: highestAck(acks, ack, ack.askedAt) });
    }
  }
  for (const { ack, highest } of firsts.values()) {
    if (highest > job.upTo || isAboveHead(job, ack) || !wasBelow(job, ack, reading.pulls, isBefore)) continue;
    if (!isInTouch(ack, surroundings, isBefore)) continue;
    tally.look();
    tally.contradict(
      [ack.answeredAt, job.at],
      () =>
        `${ack.actor} counts for compaction and has acknowledged ${highest} at most. A job began after that, deleted ops and raised the watermark to ${job.upTo}.`,
      () => rulesOf(ack, highest, surroundings),
    );
  }
  if (firsts.size > 0) tally.look();
}

/** A watermark that no op can have says nothing about what was deleted; it is `watermark-only-grows`.  Source: WF-COMP-4. */
const isAboveHead = ({ at, upTo }: Job, { user, era }: AckCall): boolean =>
  era !== noEra && upTo > (user.era(era).heads.before(at)?.value ?? Infinity);

/** Why the server took the device for further than it is, or for gone. A crash may have taken an ACK that should have been
 *  written at once, and a process may not know what another one has in memory. A device that has said nothing new for
 *  long is there all the same. What it has only pulled is no ACK. */
function rulesOf(
  ack: AckCall,
  highest: number,
  { job, reading, inTouchSince }: Surroundings,
): readonly string[] {
  const { acks, calls, history } = reading;
  const { events, settings } = history;
  const mine = acks.filter(({ user, device }) => user === ack.user && device === ack.device);
  if (isTroubled(reading, { from: ack.answeredAt, to: job.at })) return ["WF-ACK-5"];
  const movedAt = lastFaultBefore(reading, clockMoves, job.at);
  const isSilent = mine.every(
    ({ answeredAt }) => answeredAt < movedAt || (events[answeredAt]?.at ?? Infinity) < inTouchSince,
  );
  if (isSilent) return ["WF-ACK-4"];
  if ((settings?.processes ?? 1) > 1) return ["WF-COMP-1", "WF-ACK-5"];
  const hasPulled = calls.some(
    (call) =>
      call?.request.kind === "pull" &&
      call.outcome !== "refused" &&
      call.user === ack.user &&
      call.device === ack.device &&
      call.askedAt < job.at &&
      ((call as unknown as PullCall).reply?.head ?? Infinity) > highest,
  );
  return hasPulled ? ["WF-COMP-1", "WF-PULL-2"] : ["WF-COMP-1"];
}

/** A pull from below the job's watermark passed after the ACK: the watermark rose later. */
const wasBelow = (
  job: Job,
  ack: AckCall,
  pulls: readonly PullCall[],
  isBefore: (at: EventIndex) => boolean,
): boolean =>
  pulls.some(
    ({ outcome, user, request, askedAt, answeredAt }) =>
      outcome === "accepted" &&
      user === ack.user &&
      request.since > 0 &&
      request.since < job.upTo &&
      request.resync === undefined &&
      askedAt > ack.answeredAt &&
      isBefore(answeredAt),
  );

/** The server has answered it, after the last move of a clock, recently enough. */
function isInTouch(
  ack: AckCall,
  { job, reading, inTouchSince }: Surroundings,
  isBefore: (at: EventIndex) => boolean,
): boolean {
  const since = { event: lastFaultBefore(reading, clockMoves, job.at), ms: inTouchSince };
  const { events } = reading.history;
  return reading.calls.some(
    (call) =>
      call !== undefined &&
      call.user === ack.user &&
      call.device === ack.device &&
      isContact(call) &&
      isExchangeSince(call, events, since) &&
      isBefore(call.answeredAt),
  );
}

/** A request that the server took for this device's, whatever it answered.  Source: WF-ACK-4. */
const isContact = ({ outcome, status }: Call): boolean =>
  outcome === "accepted" || (outcome === "refused" && answersToKnownDevices.has(status));

const answersToKnownDevices: ReadonlySet<number> = new Set([409, 410, 413, 422]);
