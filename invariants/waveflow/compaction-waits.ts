// Compaction goes no further than every device that acknowledges has come, as far as the server is in touch with it.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { EventIndex, RunMs } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";
import { type AckCall, type Call, type PullCall, readHistory, type Reading } from "./reading.ts";

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
    const stalenessMs = settings.stalenessMs ?? stalenessDefaultMs;
    const risen = new Map<string, number>();
    let clockMovedAt: EventIndex = -1;
    for (const at of reading.upheavals) {
      const event = events[at]!;
      if (event.kind === "fault" && /clock|skew/u.test(event.fault)) clockMovedAt = at;
      if (event.kind === "fault" && event.fault === "restore") risen.clear();
      if (event.kind !== "compacted") continue;
      const before = risen.get(event.user) ?? 0;
      risen.set(event.user, Math.max(before, event.compactedUpTo));
      if (event.deleted === 0 || event.compactedUpTo <= before || event.begunAt === undefined) continue;
      const job = { at, user: event.user, upTo: event.compactedUpTo, begunAt: event.begunAt };
      // The job may have waited for a lock before it looked at its clock.
      judgeJob(job, { reading, inTouchSince: event.at - stalenessMs, clockMovedAt, tally });
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
  readonly reading: Reading;
  readonly inTouchSince: RunMs;
  readonly clockMovedAt: EventIndex;
  readonly tally: Tally;
}

function judgeJob(job: Job, { reading, inTouchSince, clockMovedAt, tally }: Surroundings): void {
  const { acks, calls, history, restores } = reading;
  const restoredAt = restores.findLast((at) => at < job.at) ?? -1;
  const isBefore = (at: EventIndex): boolean =>
    at > restoredAt && at < job.at && history.events[at]!.at < job.begunAt;
  const firsts = new Map<string, { readonly ack: AckCall; highest: number }>();
  for (const ack of acks) {
    if (ack.user.name !== job.user || ack.askedAt > job.at || ack.outcome === "refused") continue;
    const known = firsts.get(ack.device);
    if (known !== undefined) known.highest = Math.max(known.highest, ack.request.lastSeenId);
    else if (ack.outcome === "accepted" && ack.request.via === "http" && isBefore(ack.answeredAt)) {
      firsts.set(ack.device, { ack, highest: highestOf(acks, ack) });
    }
  }
  for (const { ack, highest } of firsts.values()) {
    if (highest > job.upTo || !wasBelow(job, ack, reading.pulls, isBefore)) continue;
    if (!isInTouch(calls, ack, { inTouchSince, clockMovedAt, isBefore, history })) continue;
    tally.look();
    tally.contradict(
      [ack.answeredAt, job.at],
      () =>
        `${ack.actor} counts for compaction and has acknowledged ${highest} at most. A job began after that and deleted op ${job.upTo}.`,
    );
  }
  if (firsts.size > 0) tally.look();
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

/** The device's highest ACK so far, whatever became of it: an ACK without an answer may have counted. */
function highestOf(acks: readonly AckCall[], first: AckCall): number {
  let highest = 0;
  for (const { user, device, askedAt, request, outcome } of acks) {
    const isTheirs = user === first.user && device === first.device;
    if (isTheirs && askedAt <= first.askedAt && outcome !== "refused") {
      highest = Math.max(highest, request.lastSeenId);
    }
  }
  return highest;
}

/** The server has answered it, after the last move of a clock, recently enough. An ACK over the socket has no answer,
 *  and may have been sent into one that is half open. */
function isInTouch(
  calls: Reading["calls"],
  ack: AckCall,
  span: {
    readonly inTouchSince: RunMs;
    readonly clockMovedAt: EventIndex;
    readonly isBefore: (at: EventIndex) => boolean;
    readonly history: Reading["history"];
  },
): boolean {
  for (const call of calls) {
    if (call === undefined) continue;
    const { user, device, askedAt, answeredAt, request } = call;
    if (request.kind === "ack" && request.via === "socket") continue;
    if (user !== ack.user || device !== ack.device || !isContact(call)) continue;
    if (askedAt < span.clockMovedAt || !span.isBefore(answeredAt)) continue;
    if (span.history.events[askedAt]!.at > span.inTouchSince) return true;
  }
  return false;
}

/** A request that the server took for this device's, whatever it answered.  Source: WF-ACK-4. */
const isContact = ({ outcome, status }: Call): boolean =>
  outcome === "accepted" || (outcome === "refused" && answersToKnownDevices.has(status));

const answersToKnownDevices: ReadonlySet<number> = new Set([409, 410, 413, 422]);

const stalenessDefaultMs = 90 * 86_400_000;
