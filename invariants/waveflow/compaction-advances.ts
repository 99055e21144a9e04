// What everybody has acknowledged is forgotten: an acknowledgement that the server took counts from then on.
import { limits } from "../../protocol/waveflow/types.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { EventIndex, RunMs } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";
import { clockMoves, isExchangeSince, lastFaultBefore, stalenessMsOf } from "./in-touch.ts";
import { type AckCall, readHistory, type Reading } from "./reading.ts";
import type { Read } from "./reads.ts";
import type { EraLog } from "./user-log.ts";
import { nameContent } from "./words.ts";

/** Judged: jobs that deleted nothing, where everybody who ever sent an ACK had one taken that lies above two writes of
 *  one register, and both are given out afterwards. A device counts with its highest ACK that the server took, because
 *  what a device has acknowledged only grows. Where there is more than one process, ACKs in the memory of another one
 *  have had the time to be written, with nothing in their way.
 *  Leaves out: what comes after a crash of a process, which may forget ACKs, or after the server was put back.
 *  Source: WF-COMP-1 ("the smallest last_seen_id"), WF-COMP-2, WF-ACK-2, WF-ACK-5. */
export const compactionAdvances: Law<WaveflowEvent> = {
  id: "compaction-advances",
  requirements: ["WF-COMP-1", "WF-COMP-2", "WF-PULL-2", "WF-ACK-1", "WF-ACK-2", "WF-ACK-3", "WF-ACK-5"],
  promise: "A job deletes something where everybody has acknowledged two writes of one register.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    if (reading.hasRawWrites) return tally.verdict("hand-written requests may have acknowledged anything");
    const { events, settings } = history;
    const flushMs = settings?.ackFlushIntervalMs ?? limits.ackFlushIntervalMs;
    const writtenAfterMs = settings?.processes === 1 ? 0 : 2 * flushMs;
    const devices = new Set(reading.installations.map(({ actor }) => actor));
    let forgottenAt: EventIndex = -1;
    let troubledAt: RunMs = -Infinity;
    for (const at of reading.upheavals) {
      const event = events[at]!;
      if (event.kind === "crash" && !devices.has(event.target)) forgottenAt = at;
      if (event.kind === "fault" && !devices.has(event.target)) {
        troubledAt = Math.max(troubledAt, writtenAfterMs > 0 ? endOfFault(at, reading) : event.at);
        if (event.fault === "restore") forgottenAt = at;
      }
      if (event.kind !== "compacted" || event.deleted > 0 || event.begunAt === undefined) continue;
      if (event.begunAt - troubledAt < writtenAfterMs) continue;
      const job = { at, user: event.user, begunAt: event.begunAt, ackedBy: event.begunAt - writtenAfterMs };
      judgeJob({ ...job, forgottenAt }, reading, tally);
    }
    return tally.verdict("no job ran that could have deleted something");
  },
};

/** A statement that is held, a process that stands still and a database that is ill may be so until the calm. */
function endOfFault(at: EventIndex, { history: { events }, calms }: Reading): RunMs {
  const event = events[at]!;
  const mayLast =
    event.kind === "fault" && (event.target === "database" || /^held$|paused/u.test(event.fault));
  if (!mayLast) return event.at;
  const calmAt = calms.find((calm) => calm > at);
  return calmAt === undefined ? Infinity : events[calmAt]!.at;
}

interface Job {
  readonly at: EventIndex;
  readonly user: string;
  readonly begunAt: RunMs;
  readonly ackedBy: RunMs;
  readonly forgottenAt: EventIndex;
}

function judgeJob(job: Job, reading: Reading, tally: Tally): void {
  const lowest = lowestAck(job, reading);
  if (lowest === undefined) return;
  tally.look();
  for (const read of reading.reads) {
    if (read.user.name !== job.user || read.askedAt < job.at) continue;
    const log = read.user.era(read.era);
    const left = findLeft(read, log, { below: lowest.value, before: job.at });
    if (left === undefined) continue;
    if (!isSomebodyInTouch(job, reading)) return;
    tally.contradict(
      [lowest.at, job.at, read.answeredAt],
      () =>
        `Everybody of user ${job.user} who ever acknowledged anything had acknowledged ${lowest.value} or more. A job that ran after that deleted nothing, and op ${left.id} (${nameContent(left.op)}) is still given out, which op ${left.by} supersedes.`,
      () => rulesOf(job, lowest, reading),
    );
    return;
  }
}

/** A device that acknowledged less afterwards has taken nothing back; one that has only pulled does not count; what was
 *  acknowledged a moment ago may have been in memory, and counts there too. Otherwise it is about how far the job goes,
 *  or about what it collapses. */
function rulesOf(
  job: Job,
  lowest: { readonly value: number; readonly at: EventIndex },
  { acks, pulls, history: { events, settings } }: Reading,
): readonly string[] {
  const isMeant = ({ user, askedAt }: AckCall): boolean => user.name === job.user && askedAt < job.at;
  const hasFallen = acks.some((ack) => {
    const later = acks.filter(({ device, askedAt }) => device === ack.device && askedAt > ack.askedAt);
    return (
      isMeant(ack) && later.some((one) => isMeant(one) && one.request.lastSeenId < ack.request.lastSeenId)
    );
  });
  if (hasFallen) return ["WF-ACK-2"];
  const flushMs = settings?.ackFlushIntervalMs ?? limits.ackFlushIntervalMs;
  const isRecent = job.begunAt - events[lowest.at]!.at < flushMs;
  const devices = new Set(acks.filter(isMeant).map(({ device }) => device));
  const hasReader = pulls.some(
    ({ user, device, askedAt }) => user.name === job.user && askedAt < job.at && !devices.has(device),
  );
  return ["WF-COMP-1", "WF-COMP-2", ...(hasReader ? ["WF-PULL-2"] : []), ...(isRecent ? ["WF-ACK-5"] : [])];
}

/** The lowest of what the devices have had taken; `undefined` where somebody may count with less, or nobody counts. */
function lowestAck(
  job: Job,
  { acks, history }: Reading,
): { readonly value: number; readonly at: EventIndex } | undefined {
  const highest = new Map<string, { value: number; at: EventIndex } | undefined>();
  for (const ack of acks) {
    if (ack.user.name !== job.user || ack.askedAt > job.at) continue;
    const known = highest.get(ack.device);
    if (!isTaken(ack, job, history.events)) highest.set(ack.device, known);
    else if (known === undefined || ack.request.lastSeenId > known.value) {
      highest.set(ack.device, { value: ack.request.lastSeenId, at: ack.answeredAt });
    }
  }
  let lowest: { value: number; at: EventIndex } | undefined;
  for (const known of highest.values()) {
    if (known === undefined) return undefined;
    if (lowest === undefined || known.value < lowest.value) lowest = known;
  }
  return lowest;
}

/** A device that has acknowledged was answered recently enough before the job began, and no clock has moved since:
 *  without one the job has nobody to go by. One that is heard while the job runs may come too late for it. */
function isSomebodyInTouch(job: Job, reading: Reading): boolean {
  const { acks, calls } = reading;
  const { events, settings } = reading.history;
  const since = {
    event: lastFaultBefore(reading, clockMoves, job.at),
    ms: events[job.at]!.at - stalenessMsOf(settings) / 2,
  };
  const devices = new Set<string>();
  for (const ack of acks) {
    if (ack.user.name === job.user && isTaken(ack, job, events)) devices.add(ack.device);
  }
  return calls.some(
    (call) =>
      call !== undefined &&
      call.outcome === "accepted" &&
      call.answeredAt < job.at &&
      events[call.answeredAt]!.at < job.begunAt &&
      call.user.name === job.user &&
      devices.has(call.device) &&
      isExchangeSince(call, events, since),
  );
}

const isTaken = (
  { outcome, request, askedAt, answeredAt }: AckCall,
  { forgottenAt, ackedBy }: Job,
  events: Reading["history"]["events"],
): boolean =>
  outcome === "accepted" &&
  request.via === "http" &&
  askedAt > forgottenAt &&
  events[answeredAt]!.at <= ackedBy;

/** An upsert that is given out although another one of its register, below what everybody has, was there before. */
function findLeft(
  read: Read,
  log: EraLog,
  { below, before }: { readonly below: number; readonly before: EventIndex },
) {
  for (const op of read.ops) {
    if (op.id >= below) return undefined;
    if (op.op !== "upsert") continue;
    const ids = log.entity(op)?.fields.get(op.field ?? "") ?? [];
    const by = ids.find((id) => {
      const stored = log.byId.get(id);
      return (
        id > op.id &&
        id < below &&
        stored !== undefined &&
        Math.min(stored.acceptedAt, stored.readAt) < before
      );
    });
    if (by !== undefined) return { id: op.id, op, by };
  }
  return undefined;
}
