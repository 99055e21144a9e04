// What is stored reaches the open sockets of the user's other devices.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { eventAfter, frameWithinMs, idOf, mayBeHeld, type OpenSocket, openSockets } from "./open-sockets.ts";
import { type PushCall, readHistory, type Reading } from "./reading.ts";
import { nameContent } from "./words.ts";
import { numberIn } from "./body.ts";

/** Judged on sockets while nothing is done to anybody: what was stored after the hello comes within a bound, and no
 *  frame follows on an op that was left out. A build may leave out the ops of the device itself, and compaction may
 *  have been quicker than the frame.
 *  Source: WF-PUSH-11, WF-WS-4. */
export const socketsAreFed: Law<WaveflowEvent> = {
  id: "sockets-are-fed",
  requirements: ["WF-PUSH-10", "WF-PUSH-11", "WF-WS-1", "WF-WS-4"],
  promise:
    "An op that is stored reaches the undisturbed sockets of its user's other devices, one after the other.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    const sockets = openSockets(reading);
    for (const socket of sockets) judgeChain(socket, reading, tally);
    if (sockets.length > 0) for (const push of reading.pushes) judgePush(push, sockets, reading, tally);
    return tally.verdict(
      "nobody had a socket open while something was stored and nothing was done to anybody",
    );
  },
};

/** Each frame says which id comes before it: that one came over this socket, or was there before its hello. */
function judgeChain({ installation, era, head, frames }: OpenSocket, reading: Reading, tally: Tally): void {
  const log = installation.user.era(era);
  let last = head;
  let lastAt = frames[0]!.at;
  for (const frame of frames) {
    if (frame.type !== "op") continue;
    const previous = numberIn(frame.frame, "prev_id") ?? 0;
    const id = idOf(frame);
    tally.look();
    if (previous > last && id > last) {
      const left = log.byId.get(previous);
      // One that comes after a later one has come: that is a matter of order, of which frames-rise speaks.
      const isExcused =
        left === undefined ||
        left.device === undefined ||
        left.device === installation.device ||
        log.superseder(left, Infinity) !== undefined ||
        frames.some((other) => other.type === "op" && idOf(other) === previous);
      const before = last;
      if (!isExcused) {
        tally.contradict(
          [lastAt, frame.at],
          () =>
            `${installation.actor}'s socket, to which nothing was done, had shown everything up to ${before}. The next op that came over it was ${id}, and op ${previous} (${nameContent(left.content)}) before it never came.`,
          rulesOf(reading),
        );
      }
    }
    if (id <= last) continue;
    last = id;
    lastAt = frame.at;
  }
}

function judgePush(call: PushCall, sockets: readonly OpenSocket[], reading: Reading, tally: Tally): void {
  if (call.outcome !== "accepted" || call.era < 0) return;
  const { events } = reading.history;
  const stored = call.reply!.results.filter(({ status }) => status === "stored");
  const last = stored.at(-1);
  if (last === undefined) return;
  const dueAt = eventAfter(events, events[call.answeredAt]!.at + frameWithinMs, call.answeredAt);
  if (dueAt === undefined || mayBeHeld(reading, dueAt)) return;
  for (const { installation, era, helloAt, endsAt, shown, outrunAt } of sockets) {
    const { user, device, actor } = installation;
    if (user !== call.user || device === call.device || era !== call.era) continue;
    if (helloAt > call.askedAt || endsAt <= dueAt || outrunAt <= dueAt) continue;
    tally.look();
    if (shown.reachedBefore(last.id, dueAt) !== undefined || isGone(call, last.id)) continue;
    tally.contradict(
      [helloAt, call.answeredAt, dueAt],
      () =>
        `${actor} had a socket open, to which nothing was done. ${call.actor}'s op was stored as id ${last.id}, and ${frameWithinMs / 1_000} seconds later the socket had not shown it.`,
      rulesOf(reading),
    );
  }
}

/** Something newer supersedes it, so that compaction may have been quicker than the frame. */
function isGone({ user, era }: PushCall, id: number): boolean {
  const log = user.era(era);
  const stored = log.byId.get(id);
  return stored === undefined || log.superseder(stored, Infinity) !== undefined;
}

/** Where there are several processes, nobody tells whose socket it was. */
const rulesOf = ({ history: { settings } }: Reading): readonly string[] =>
  (settings?.processes ?? 1) > 1 ? ["WF-PUSH-11", "WF-WS-4"] : ["WF-PUSH-11"];
