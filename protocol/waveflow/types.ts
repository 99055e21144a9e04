// The words of WaveFlow: what travels between a device and the server, as types.
// Rules about them stand in requirements.ts; parsers in messages.ts.
import type { JsonValue } from "../json.ts";

/** The server's number of an op. Unique and growing per user, with gaps.
 *  Units: ids, from 1; 0 is "before everything".  Source: waveflow.md section 1. */
export type ServerId = number;

/** A device's own counter. Orders one device's ops and decides no conflict.
 *  Units: ticks, from 1.  Source: waveflow.md section 1. */
export type LamportTs = number;

/** The token's `sub`, as text.  Source: WF-AUTH-2. */
export type UserId = string;

/** UUID of a device, compared without regard to case.  Source: WF-AUTH-3. */
export type DeviceId = string;

/** UUID minted once when the edit is made.  Source: waveflow.md section 1. */
export type OperationId = string;

/** Milliseconds since 1970-01-01T00:00:00Z by somebody's clock. */
export type EpochMs = number;

/** What an edit says, apart from who made it and when: one write to one register, or the delete of an entity.
 *  A delete has `field` and `value` null.  Source: waveflow.md section 4. */
export interface OpContent {
  readonly entity_type: string;
  readonly entity_id: string;
  readonly op: "upsert" | "delete";
  readonly field: string | null;
  readonly value: JsonValue;
}

/** An op as a device pushes it.  Source: waveflow.md section 4. */
export interface PushOp extends OpContent {
  readonly operation_id: OperationId;
  readonly lamport_ts: LamportTs;
}

/** An op as the log keeps it and a pull returns it. `wall_clock` is RFC 3339 in UTC, the server's time of storing.
 *  Source: waveflow.md section 5. */
export interface LogOp extends PushOp {
  readonly id: ServerId;
  readonly device_id: DeviceId;
  readonly wall_clock: string;
}

export interface PushResult {
  readonly operation_id: OperationId;
  readonly id: ServerId;
  readonly lamport_ts: LamportTs;
  readonly status: "stored" | "duplicate";
}

export interface PushReply {
  readonly results: readonly PushResult[];
  readonly head: ServerId;
}

export interface PullReply {
  readonly ops: readonly LogOp[];
  readonly head: ServerId;
  readonly has_more: boolean;
  readonly resync?: string | undefined;
}

/** Every error body has a `type`; the members here are the ones that a device acts on.
 *  Source: waveflow.md sections 3 to 6. */
export type ErrorBody =
  | { readonly type: "unauthorized"; readonly message: string }
  | { readonly type: "forbidden"; readonly message: string }
  | { readonly type: "not_found"; readonly message: string }
  | { readonly type: "method_not_allowed"; readonly message: string }
  | { readonly type: "unavailable"; readonly message: string }
  | {
      readonly type: "invalid_request";
      readonly errors: readonly { readonly path: string; readonly message: string }[];
      readonly index?: number;
    }
  | { readonly type: "batch_too_large"; readonly max_ops: number; readonly max_bytes: number }
  | {
      readonly type: "invalid_op";
      readonly index: number;
      readonly operation_id: OperationId;
      readonly reason: string;
    }
  | { readonly type: "operation_conflict"; readonly operation_id: OperationId; readonly index: number }
  | {
      readonly type: "lamport_regression";
      readonly operation_id: OperationId;
      readonly index: number;
      readonly lamport_ts: LamportTs;
      readonly stored_max: LamportTs;
    }
  | { readonly type: "resync_required"; readonly compacted_up_to: ServerId; readonly reason?: "cursor_ahead" }
  | { readonly type: "ack_beyond_head"; readonly head: ServerId };

/** Frames of the server.  Source: waveflow.md section 8. */
export type ServerFrame =
  | { readonly type: "hello"; readonly head: ServerId }
  | { readonly type: "op"; readonly prev_id: ServerId; readonly op: LogOp }
  | { readonly type: "resync_required"; readonly compacted_up_to: ServerId }
  | { readonly type: "error"; readonly reason: string };

/** Close codes of the socket.  Source: waveflow.md section 8. */
export const closeCodes = {
  goingAway: 1001,
  tooSlow: 1013,
  tokenExpired: 4401,
  resyncRequired: 4410,
} as const;

/** Bounds that the protocol names.  Source: waveflow.md sections 2, 4, 5, 8, 10. */
export const limits = {
  opsPerPushMax: 1_000,
  bytesPerPushMax: 1_048_576,
  pullLimitMax: 1_000,
  pullLimitDefault: 500,
  entityTypeLengthMax: 64,
  entityIdLengthMax: 256,
  fieldLengthMax: 64,
  valueLevelsMax: 64,
  lamportLeapMax: 2 ** 32,
  pingIntervalMs: 30_000,
  ackFlushIntervalMs: 5_000,
  stalenessMs: 90 * 86_400_000,
  drainIntervalMs: 30_000,
  drainBatchSize: 100,
  backoffFirstMs: 1_000,
  backoffMaxMs: 60_000,
} as const;
