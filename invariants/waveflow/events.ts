// WaveFlow's part of the vocabulary: what its devices ask, what they are told, what they do durably, what is found.
import type { JsonValue } from "../../protocol/json.ts";
import type { VisibleState } from "../../protocol/waveflow/fold.ts";
import type {
  DeviceId,
  LamportTs,
  LogOp,
  OpContent,
  OperationId,
  PullReply,
  PushOp,
  PushReply,
  ServerId,
} from "../../protocol/waveflow/types.ts";
import type { History, HistoryEvent } from "../history.ts";

/** What a device asks. `raw` is a hand-written exchange of a scenario. `device` is the id that the request named, in
 *  the header; `user` is the user of the token, where the world knows. */
export type WaveflowCall = {
  readonly user: string;
  readonly device: DeviceId;
  /** Made by a step of the scenario in the device's name: it says nothing about the device. */
  readonly isByHand?: true;
} & (
  | { readonly kind: "push"; readonly ops: readonly PushOp[] }
  | {
      readonly kind: "pull";
      readonly since: ServerId;
      readonly limit?: number | undefined;
      readonly resync?: string | undefined;
    }
  | {
      readonly kind: "ack";
      readonly lastSeenId: ServerId;
      readonly via: "http" | "socket";
    }
  | { readonly kind: "socket" }
  | { readonly kind: "raw"; readonly method: string; readonly path: string; readonly sent?: SentByHand }
);

/** What an exchange by hand says beside the token and device id of whoever it is made for: `headers` go over these, and
 *  `null` leaves one out; `token` says how the token differs from a good one. */
export interface SentByHand {
  readonly headers: Readonly<Record<string, string | null>>;
  readonly token?: {
    readonly kind: string;
    readonly claims?: Readonly<Record<string, JsonValue>>;
    /** Claims that are times, counted from the present. Units: milliseconds. */
    readonly fromNowMs?: Readonly<Record<string, number>>;
    readonly without?: readonly string[];
  };
  readonly body?: { readonly json: JsonValue } | { readonly text: string };
}

/** What the server answered with success. An ack over the socket is accepted when it was sent: no answer exists. */
export type WaveflowReply =
  | { readonly kind: "push"; readonly reply: PushReply }
  | { readonly kind: "pull"; readonly reply: PullReply }
  | { readonly kind: "ack" }
  | { readonly kind: "socket" }
  | { readonly kind: "raw"; readonly status: number; readonly body?: unknown };

/** What a device did durably, in the order of its own durable steps. */
export type WaveflowNote =
  /** The edit is made: the user sees it and it is queued. */
  | { readonly kind: "edited"; readonly op: PushOp }
  /** The ops and the new cursor are durable. A resync replaces the state: `ops` is the whole walk. */
  | {
      readonly kind: "applied";
      readonly ops: readonly LogOp[];
      readonly cursor: ServerId;
      readonly via: "pull" | "socket" | "resync";
    }
  | {
      readonly kind: "dropped";
      readonly operationIds: readonly OperationId[];
      readonly why: "pushed" | "seen";
    }
  | { readonly kind: "restamped"; readonly ops: readonly PushOp[] }
  | { readonly kind: "dead-lettered"; readonly operationId: OperationId; readonly reason: string }
  | {
      readonly kind: "parked";
      readonly operationId: OperationId;
      readonly id: ServerId;
      readonly reason: string;
    }
  | { readonly kind: "resync-started" }
  /** Somebody asked for this mode, in whatever words. */
  | { readonly kind: "mode-asked"; readonly mode: string }
  /** The device works in this mode: at its start, and when a change is made. */
  | { readonly kind: "mode"; readonly mode: "local" | "hybrid" | "server" }
  /** It has a token that it did not have before, or none. */
  | { readonly kind: "token" }
  /** Of a device that somebody else wrote: its person is writing this (`isDone: false`), and then it says that
   *  this is done. */
  | { readonly kind: "made"; readonly content: OpContent; readonly isDone: boolean }
  /** Of a device that somebody else wrote: what it shows when it is looked at. What is not in here, nobody knows. */
  | {
      readonly kind: "shown";
      readonly connected: boolean;
      readonly visible: VisibleState;
      readonly cursor: ServerId;
      /** Rows that wait, also those that a mode keeps back. */
      readonly pending: number;
      readonly deadLetters: number;
      readonly parked: number;
    };

/** What was read at a point of the run. */
export type WaveflowFinding =
  /** A device's own account of itself. `connected`: it may talk to the server (bound, signed in, mode hybrid or
   *  server). `pending`: every row of the queue in order, also those that mode `local` has not shared. */
  | {
      readonly kind: "device";
      readonly user: string;
      readonly deviceId: DeviceId;
      readonly connected: boolean;
      readonly visible: VisibleState;
      readonly confirmed: VisibleState;
      readonly cursor: ServerId;
      readonly acknowledged: ServerId;
      readonly lamport: LamportTs;
      readonly pending: readonly PushOp[];
      readonly deadLetters: readonly OperationId[];
      readonly parked: readonly OperationId[];
    }
  /** The user's log as a fresh reader gets it from 0, page by page; it never acknowledges. */
  | { readonly kind: "log"; readonly user: string; readonly ops: readonly LogOp[]; readonly head: ServerId };

export type WaveflowEvent = HistoryEvent<WaveflowCall, WaveflowReply, WaveflowNote, WaveflowFinding>;
export type WaveflowHistory = History<WaveflowEvent>;
