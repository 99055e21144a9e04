// One reading of a history, shared by all laws: calls with their outcomes, the users' logs as far as anybody saw them,
// what bears on every device's disk in order, and what was found. Made once per history (reader.ts), in one pass and a
// walk over the pages; the laws are short loops over it.
//
// What the reading knows about time: a call takes effect at some moment after its request, and before its answer where
// that answer is a success. A call without an answer, or one that the network repeats, may take effect at any later
// moment. A call with a restore of the server between request and answer belongs to no era.
import type { DeviceId, PullReply, PushReply, ServerId } from "../../protocol/waveflow/types.ts";
import type { CallId, EventIndex } from "../history.ts";
import type {
  WaveflowCall,
  WaveflowFinding,
  WaveflowHistory,
  WaveflowNote,
  WaveflowReply,
} from "./events.ts";
import type { OpenSocket } from "./open-sockets.ts";
import { Reader } from "./reader.ts";
import type { Read } from "./reads.ts";
import type { Operation, UserLog } from "./user-log.ts";

/** A call from its request to its answer. */
export interface Call<Request = WaveflowCall, Reply = WaveflowReply> {
  readonly number: CallId;
  readonly request: Request;
  readonly actor: string;
  readonly installation: Installation;
  readonly user: UserLog;
  /** Lower case. */
  readonly device: DeviceId;
  readonly askedAt: EventIndex;
  /** `Infinity` where no event tells of its end. */
  answeredAt: EventIndex;
  outcome: "accepted" | "refused" | "unknown" | "open";
  era: number;
  reply: Reply | undefined;
  /** The server's own; 0 for none. A 5xx is no refusal, because it proves nothing. */
  status: number;
  type: string;
  body: unknown;
  /** Of a push: what its ops are, place by place. Empty for others. */
  readonly operations: readonly Operation[];
}

export type PushCall = Call<Extract<WaveflowCall, { kind: "push" }>, PushReply>;
export type PullCall = Call<Extract<WaveflowCall, { kind: "pull" }>, PullReply>;
export type AckCall = Call<Extract<WaveflowCall, { kind: "ack" }>, WaveflowReply>;

/** Something that bears on a device's disk. `given`: the highest id or head that a pull or frame had brought to the
 *  device by then, on this disk. */
export interface Moment {
  readonly kind:
    | WaveflowNote["kind"]
    | "push"
    | "ack"
    | "page"
    | "regression"
    | "crash"
    | "restart"
    | "joined";
  readonly at: EventIndex;
  readonly given: ServerId;
  /** Of the kinds that are notes. */
  readonly note: WaveflowNote | undefined;
  /** Of an edit. */
  readonly operation: Operation | undefined;
  /** Of pushes and acks that are asked, of pages and of stamp regressions that were answered. */
  readonly call: Call | undefined;
}

/** One disk of a device under one account, from its first event to its last. */
export interface Installation {
  readonly actor: string;
  /** Tells actors apart, from 0. */
  readonly actorNumber: number;
  readonly user: UserLog;
  /** Lower case. */
  readonly device: DeviceId;
  readonly server: string;
  readonly era: number;
  /** Began empty: no disk that was copied, put back, or left under this account before. */
  readonly isFresh: boolean;
  /** Began on a disk that was copied or put back, or of which nobody told. */
  readonly isCopied: boolean;
  given: ServerId;
  /** In order. */
  readonly moments: Moment[];
}

/** The note of a moment, where it is of that kind. */
export function noteOf<Kind extends WaveflowNote["kind"]>(
  moment: Moment,
  kind: Kind,
): Extract<WaveflowNote, { kind: Kind }> | undefined {
  return moment.kind === kind ? (moment.note as Extract<WaveflowNote, { kind: Kind }>) : undefined;
}

/** A device's account of itself. */
export interface DeviceFinding {
  readonly at: EventIndex;
  readonly era: number;
  readonly installation: Installation;
  readonly finding: Extract<WaveflowFinding, { kind: "device" }>;
  readonly settledAt: EventIndex;
  /** Everybody is at rest since `settledAt`. */
  readonly isAtRest: boolean;
}

/** A user's log as a fresh reader got it. `calmAt`: what was accepted before it was there when the log was read. */
export interface LogFinding {
  readonly at: EventIndex;
  readonly era: number;
  readonly user: UserLog;
  readonly finding: Extract<WaveflowFinding, { kind: "log" }>;
  readonly calmAt: EventIndex;
  readonly settledAt: EventIndex;
  readonly isAtRest: boolean;
}

/** Somebody said how far compaction has gone. `askedAt`: it is not older than that; `knownAt`: it was so by then. */
export interface WatermarkReport {
  readonly user: UserLog;
  readonly era: number;
  readonly compactedUpTo: ServerId;
  readonly askedAt: EventIndex;
  readonly knownAt: EventIndex;
}

export interface FrameReading {
  readonly at: EventIndex;
  readonly era: number;
  readonly installation: Installation;
  /** The socket that it came through: the latest that its device had asked for. */
  readonly socketAskedAt: EventIndex;
  readonly type: unknown;
  readonly frame: { readonly [member: string]: unknown };
}

export interface Reading {
  readonly history: WaveflowHistory;
  readonly users: ReadonlyMap<string, UserLog>;
  /** By their numbers. */
  readonly calls: readonly (Call | undefined)[];
  readonly pushes: readonly PushCall[];
  readonly pulls: readonly PullCall[];
  readonly acks: readonly AckCall[];
  /** The pushes and pulls that were answered with success within one era, in the order of their answers. */
  readonly answers: readonly (PushCall | PullCall)[];
  readonly frames: readonly FrameReading[];
  readonly installations: readonly Installation[];
  readonly deviceFindings: readonly DeviceFinding[];
  readonly logs: readonly LogFinding[];
  readonly watermarks: readonly WatermarkReport[];
  /** Pages and accounts of the log, with what they leave out. */
  readonly reads: readonly Read[];
  /** Faults, crashes, compactions and settlements, in order. */
  readonly upheavals: readonly EventIndex[];
  /** When the faults were over; there may be several such moments. */
  readonly calms: readonly EventIndex[];
  /** What more than one law asks for, from the first time on. */
  readonly found: { sockets?: readonly OpenSocket[] };
  /** When the server was put back to a backup. */
  readonly restores: readonly EventIndex[];
  /** Hand-written exchanges that may have stored or acknowledged something. */
  readonly hasRawWrites: boolean;
  /** The scenario's name of a device id. */
  deviceName(device: DeviceId | undefined): string;
}

const readings = new WeakMap<WaveflowHistory, Reading>();

/** The reading of a history; made at the first call. */
export function readHistory(history: WaveflowHistory): Reading {
  let reading = readings.get(history);
  if (reading === undefined) {
    reading = new Reader(history).read();
    readings.set(history, reading);
  }
  return reading;
}
