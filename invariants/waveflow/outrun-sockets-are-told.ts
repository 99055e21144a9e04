// A socket whose device falls behind the watermark is told, and no other one is.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { numberIn } from "./body.ts";
import type { EventIndex } from "../history.ts";
import { eventAfter, frameWithinMs, mayBeHeld, type OpenSocket, openSockets } from "./open-sockets.ts";
import { readHistory, type Reading } from "./reading.ts";

/** Judged on sockets while nothing is done to anybody, by the jobs of which the world tells. One that deletes nothing
 *  names a watermark that an untold one may have raised before the socket was there. What a device has
 *  acknowledged counts as long as nothing was ever done to the server.
 *  Source: WF-WS-3. */
export const outrunSocketsAreTold: Law<WaveflowEvent> = {
  id: "outrun-sockets-are-told",
  requirements: ["WF-WS-3", "WF-ACK-1", "WF-ACK-2"],
  promise:
    "An open socket is told to resync when the watermark rises above what its device has acknowledged, and only then.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    if (reading.hasRawWrites) return tally.verdict("hand-written requests may have acknowledged anything");
    const sockets = openSockets(reading);
    for (const socket of sockets) {
      judgeTold(socket, reading, tally);
      judgeClosed(socket, tally);
    }
    const risen = new Map<string, number>();
    for (const at of reading.upheavals) {
      const event = history.events[at]!;
      if (event.kind !== "compacted" || sockets.length === 0) continue;
      const { user, compactedUpTo, deleted, begunAt } = event;
      const before = risen.get(user) ?? 0;
      risen.set(user, Math.max(before, compactedUpTo));
      if (deleted === 0 || compactedUpTo <= before || begunAt === undefined) continue;
      const job = { user, at, compactedUpTo, begunAt };
      for (const socket of sockets) judgeJob(job, socket, reading, tally);
    }
    return tally.verdict("no watermark rose while a socket was open and nothing was done to anybody");
  },
};

function judgeJob(
  job: {
    readonly user: string;
    readonly at: EventIndex;
    readonly compactedUpTo: number;
    readonly begunAt: number;
  },
  { installation, helloAt, endsAt, outrunAt }: OpenSocket,
  reading: Reading,
  tally: Tally,
): void {
  const { events } = reading.history;
  const { actor, user } = installation;
  if (user.name !== job.user || events[helloAt]!.at >= job.begunAt) return;
  const dueAt = eventAfter(events, events[job.at]!.at + frameWithinMs, job.at);
  if (dueAt === undefined || endsAt <= dueAt || mayBeHeld(reading, dueAt)) return;
  tally.look();
  const highest = highestAck(reading, installation, dueAt, false)?.value ?? 0;
  if (highest >= job.compactedUpTo || outrunAt <= dueAt) return;
  tally.contradict(
    [helloAt, job.at, dueAt],
    () =>
      `${actor} had a socket open and had acknowledged ${highest} at most. A job raised the watermark to ${job.compactedUpTo}, and ${frameWithinMs / 1_000} seconds later the socket had not been told to resync.`,
    ["WF-WS-3"],
  );
}

/** An ACK that was answered before the socket was opened, and nothing was done to the server since the beginning. */
function judgeTold(
  { installation, helloAt, outrunAt, frames }: OpenSocket,
  reading: Reading,
  tally: Tally,
): void {
  if (outrunAt === Infinity) return;
  const told = frames.find(({ at }) => at === outrunAt)!;
  const compactedUpTo = numberIn(told.frame, "compacted_up_to") ?? 0;
  tally.look();
  const known = highestAck(reading, installation, helloAt, true);
  if (known === undefined || known.value < compactedUpTo) return;
  const { events } = reading.history;
  const devices = new Set(reading.installations.map(({ actor }) => actor));
  const isServers = (at: EventIndex): boolean => {
    const event = events[at]!;
    return (event.kind === "fault" || event.kind === "crash") && !devices.has(event.target);
  };
  if (reading.upheavals.some((at) => at < outrunAt && isServers(at))) return;
  tally.contradict(
    [known.at, helloAt, outrunAt],
    () =>
      `${installation.actor} had acknowledged ${known.value}, and the server had taken it. Its socket was told to resync because the log was compacted up to ${compactedUpTo}, which is not above that.`,
    () => [hasLowerLater(reading, installation, known) ? "WF-ACK-2" : "WF-WS-3"],
  );
}

/** The code alone says what is wrong, and not up to where the log is gone. */
function judgeClosed({ installation, helloAt, outrunAt, frames }: OpenSocket, tally: Tally): void {
  const end = frames.at(-1);
  if (end?.type !== "closed" || numberIn(end.frame, "code") !== resyncCode) return;
  tally.look();
  if (outrunAt < end.at) return;
  tally.contradict(
    [helloAt, end.at],
    () =>
      `${installation.actor}'s socket was closed with ${resyncCode}, and no resync_required came before it.`,
    ["WF-WS-3"],
  );
}

/** What a socket is closed with behind resync_required. */
const resyncCode = 4410;

/** It acknowledged less afterwards, which takes nothing back. */
const hasLowerLater = (
  { acks }: Reading,
  { user, device }: OpenSocket["installation"],
  known: { readonly value: number; readonly at: EventIndex },
): boolean =>
  acks.some(
    (ack) =>
      ack.user === user &&
      ack.device === device &&
      ack.askedAt > known.at &&
      ack.request.lastSeenId < known.value,
  );

function highestAck(
  reading: Reading,
  { user, device }: OpenSocket["installation"],
  before: EventIndex,
  isAnswered: boolean,
): { readonly value: number; readonly at: EventIndex } | undefined {
  let highest: { value: number; at: EventIndex } | undefined;
  for (const ack of reading.acks) {
    if (ack.user !== user || ack.device !== device || ack.askedAt > before) continue;
    const counts = ack.outcome === "accepted" && ack.request.via === "http" && ack.answeredAt < before;
    if (isAnswered && !counts) continue;
    const { lastSeenId: value } = ack.request;
    if (highest === undefined || value > highest.value) highest = { value, at: ack.askedAt };
  }
  return highest;
}
