// Every reply of the server, in one place: status, `type`, and the headers that go with them.
import type { HttpResponse } from "../../protocol/http.ts";
import type { JsonValue } from "../../protocol/json.ts";
import {
  type ErrorBody,
  type LamportTs,
  limits,
  type OperationId,
  type ServerId,
} from "../../protocol/waveflow/types.ts";
import { CommitUnknown, KeysUnavailable, SessionLost, StatementFailed } from "./ports.ts";

export interface RequestError {
  readonly path: string;
  readonly message: string;
}

const jsonHeaders = { "cache-control": "no-store", "content-type": "application/json" } as const;

/** A reply with a body of plain data. */
export const json = (status: number, body: object): HttpResponse => ({
  status,
  headers: jsonHeaders,
  body: body as JsonValue,
});

export const noContent: HttpResponse = { status: 204, headers: { "cache-control": "no-store" } };

/** Source: WF-AUTH-1. */
export const unauthorized = (message: string): HttpResponse => ({
  ...error(401, { type: "unauthorized", message }),
  headers: { ...jsonHeaders, "www-authenticate": "Bearer" },
});

/** Source: WF-AUTH-3. */
export const forbidden = (message: string): HttpResponse => error(403, { type: "forbidden", message });

export const notFound = (path: string): HttpResponse =>
  error(404, { type: "not_found", message: `no endpoint at ${path}` });

export const methodNotAllowed = (allowed: readonly string[]): HttpResponse => ({
  ...error(405, { type: "method_not_allowed", message: `expected ${allowed.join(" or ")}` }),
  headers: { ...jsonHeaders, allow: allowed.join(", ") },
});

export const upgradeRequired: HttpResponse = {
  ...json(426, { type: "upgrade_required", message: "expected a WebSocket upgrade" }),
  headers: {
    "cache-control": "no-store",
    "content-type": "application/json",
    upgrade: "websocket",
    connection: "Upgrade",
  },
};

/** `index` where all faults lie in one op.  Source: WF-PUSH-12. */
export const invalidRequest = (errors: readonly RequestError[], index?: number): HttpResponse =>
  error(400, { type: "invalid_request", errors, ...(index === undefined ? {} : { index }) });

/** Source: WF-PUSH-12. */
export const batchTooLarge = (): HttpResponse =>
  error(413, { type: "batch_too_large", max_ops: limits.opsPerPushMax, max_bytes: limits.bytesPerPushMax });

/** Source: WF-PUSH-12, WF-PUSH-13. */
export const invalidOp = (at: { index: number; operationId: OperationId }, reason: string): HttpResponse =>
  error(422, { type: "invalid_op", index: at.index, operation_id: at.operationId, reason });

/** Source: WF-PUSH-4. */
export const operationConflict = (at: { index: number; operationId: OperationId }): HttpResponse =>
  error(409, { type: "operation_conflict", operation_id: at.operationId, index: at.index });

/** `storedMax` is the number to exceed.  Source: WF-PUSH-5. */
export const lamportRegression = (
  at: { index: number; operationId: OperationId },
  stamps: { lamportTs: LamportTs; storedMax: LamportTs },
): HttpResponse =>
  error(409, {
    type: "lamport_regression",
    operation_id: at.operationId,
    index: at.index,
    lamport_ts: stamps.lamportTs,
    stored_max: stamps.storedMax,
  });

/** Source: WF-PULL-3, WF-PULL-7. */
export const resyncRequired = (compactedUpTo: ServerId, reason?: "cursor_ahead"): HttpResponse =>
  error(410, {
    type: "resync_required",
    compacted_up_to: compactedUpTo,
    ...(reason === undefined ? {} : { reason }),
  });

/** Source: WF-ACK-3. */
export const ackBeyondHead = (head: ServerId): HttpResponse => error(422, { type: "ack_beyond_head", head });

export const unavailable = (message: string): HttpResponse => error(503, { type: "unavailable", message });

/** What a fault looks like from outside: 503 where the environment broke and another try may do, 500 where we did.
 *  A commit whose answer was lost is a 503 too; the retry settles it.  Source: WF-PUSH-10. */
export function faultReply(fault: unknown): HttpResponse {
  if (fault instanceof SessionLost) return unavailable("the connection to the database was lost");
  if (fault instanceof CommitUnknown)
    return unavailable("the outcome is unknown; the same request settles it");
  if (fault instanceof KeysUnavailable) return unavailable("tokens cannot be judged now");
  if (fault instanceof StatementFailed && passingStates.test(fault.sqlstate)) {
    return unavailable("the database could not do it now");
  }
  return json(500, { type: "internal_error", message: "the server failed at this request" });
}

// 08 connection, 40 rollback of the transaction, 53 resources, 55P03 lock not available, 57 operator intervention,
// 58 system error, 25006 a standby that only reads.
const passingStates = /^(?:08|40|53|57|58)|^(?:55P03|25006)$/u;

const error = (status: number, body: ErrorBody): HttpResponse => json(status, body);
