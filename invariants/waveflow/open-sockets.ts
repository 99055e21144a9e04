// Sockets as a law about what has to come over them sees them: from the hello that reached the device to the end of the
// socket, of the device, or of the time in which nothing was done to anybody.
import type { EventIndex } from "../history.ts";
import { numberIn } from "./body.ts";
import type { WaveflowEvent } from "./events.ts";
import type { FrameReading, Installation, Reading } from "./reading.ts";
import { noEra, Rising } from "./user-log.ts";

export interface OpenSocket {
  readonly installation: Installation;
  readonly era: number;
  readonly helloAt: EventIndex;
  readonly head: number;
  /** `Infinity` where the history ends with the socket open. */
  endsAt: EventIndex;
  /** Ids of ops that came over it. */
  readonly shown: Rising;
  /** Frames in order, hello and end among them. */
  readonly frames: FrameReading[];
  /** When it was told to resync. */
  outrunAt: EventIndex;
}

/** All sockets that said hello, each up to the first fault or crash after it was asked for: from there on frames may be
 *  lost or late, and nobody knows for sure whether it is still open. What was done to a device's way before and may
 *  still last ends its sockets at once. */
export function openSockets(reading: Reading): readonly OpenSocket[] {
  return (reading.found.sockets ??= findSockets(reading));
}

function findSockets(reading: Reading): readonly OpenSocket[] {
  const { events } = reading.history;
  if (reading.frames.length === 0) return [];
  const troubles: EventIndex[] = [];
  const lasting = new Map<string, EventIndex[]>();
  for (const at of reading.upheavals) {
    const event = events[at]!;
    if (isTrouble(event)) troubles.push(at);
    if (event.kind !== "fault" || !mayLast(event.fault)) continue;
    const earlier = lasting.get(event.target);
    if (earlier === undefined) lasting.set(event.target, [at]);
    else earlier.push(at);
  }
  const isLasting = (actor: string, before: EventIndex): boolean => {
    const calmAt = reading.calms.findLast((at) => at < before) ?? -1;
    return lasting.get(actor)?.some((at) => at > calmAt && at < before) ?? false;
  };
  const sockets: OpenSocket[] = [];
  const present = new Map<string, OpenSocket>();
  for (const frame of reading.frames) {
    const { actor } = frame.installation;
    if (frame.type === "hello") {
      const troubledAt = isLasting(actor, frame.socketAskedAt)
        ? -1
        : (troubles.find((at) => at > frame.socketAskedAt) ?? Infinity);
      const socket = openedBy(frame, troubledAt);
      const before = present.get(actor);
      if (before !== undefined) before.endsAt = Math.min(before.endsAt, frame.socketAskedAt);
      present.set(actor, socket);
      if (frame.era !== noEra) sockets.push(socket);
      continue;
    }
    const socket = present.get(actor);
    if (socket === undefined || frame.at > socket.endsAt) continue;
    socket.frames.push(frame);
    if (frame.type === "closed") socket.endsAt = frame.at;
    else if (frame.type === "resync_required") socket.outrunAt = frame.at;
    else if (frame.type === "op") socket.shown.add(idOf(frame), frame.at);
  }
  return sockets;
}

function openedBy(hello: FrameReading, troubledAt: EventIndex): OpenSocket {
  const { installation, era, at, frame } = hello;
  return {
    installation,
    era,
    helloAt: at,
    head: numberIn(frame, "head") ?? 0,
    endsAt: troubledAt,
    shown: new Rising(),
    frames: [hello],
    outrunAt: Infinity,
  };
}

/** A statement of the server that is held makes frames late and takes none away. */
const isTrouble = (event: WaveflowEvent): boolean =>
  event.kind === "crash" || (event.kind === "fault" && event.fault !== held);

const held = "held";

/** By the kind of a fault; there are a few dozen of them. */
const lastingKinds = new Map<string, boolean>();

/** Says whether what was done to a device's way goes on until somebody ends it. */
function mayLast(fault: string): boolean {
  let lasts = lastingKinds.get(fault);
  if (lasts === undefined) {
    lasts = /hold|held|partition|offline|half/u.test(fault);
    lastingKinds.set(fault, lasts);
  }
  return lasts;
}

/** Says whether a statement of the server may be held at some time before an event: then nothing is due. */
export function mayBeHeld({ history, upheavals, calms }: Reading, before: EventIndex): boolean {
  const { events } = history;
  const heldAt = upheavals.findLast((at) => {
    const event = events[at]!;
    return at < before && event.kind === "fault" && event.fault === held;
  });
  return heldAt !== undefined && !calms.some((at) => at > heldAt && at < before);
}

/** The id of the op in a frame; 0 for none. */
export const idOf = ({ frame }: FrameReading): number => numberIn(frame.op, "id") ?? 0;

/** The first event at or after a time; `undefined` where the history ends before. */
export function eventAfter(
  events: Reading["history"]["events"],
  atMs: number,
  from: EventIndex,
): EventIndex | undefined {
  let low = from;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (events[middle]!.at >= atMs) high = middle;
    else low = middle + 1;
  }
  return low < events.length ? low : undefined;
}

/** How long a frame may be under way where nothing holds it. Units: milliseconds of the run. */
export const frameWithinMs = 10_000;
