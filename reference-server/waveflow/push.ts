// POST /sync/ops. One transaction, serialised per user from the first read to the commit:
//   1. The lock. From here on nobody else writes for this user, so ids become visible in the order they are taken.
//   2. What is known: receipts, highest stamps. Two copies of one push in flight meet here, one after the other.
//   3. The plan. A refusal still commits, with the time of contact as its only effect.
//   4. Ids, ops, receipts, the device's row, the announcement. The announcement travels with the commit: if the commit
//      happens and its answer is lost, the frames still go out.
import type { HttpBody, HttpResponse } from "../../protocol/http.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { pushRequestSchema } from "../../protocol/waveflow/messages.ts";
import {
  type EpochMs,
  limits,
  type PushOp,
  type PushReply,
  type PushResult,
  type ServerId,
} from "../../protocol/waveflow/types.ts";
import type { Caller } from "./identity.ts";
import type { Clock, Database, StoredOp, Transaction } from "./ports.ts";
import { type FreshOp, type PlannedOp, planPush } from "./push-plan.ts";
import { batchTooLarge, json } from "./replies.ts";
import { isLargerThan, parseBody, refuseIssues } from "./request-body.ts";

/** Reads a push: 413 goes before 400.  Source: WF-PUSH-12. */
export function readPush(
  body: HttpBody | undefined,
): { readonly ops: readonly PushOp[] } | { readonly refused: HttpResponse } {
  if (body !== undefined && isLargerThan(body, limits.bytesPerPushMax)) return { refused: batchTooLarge() };
  const parsed = parseBody(body);
  if ("refused" in parsed) return parsed;
  const { value } = parsed;
  if (isJsonObject(value) && Array.isArray(value.ops) && value.ops.length > limits.opsPerPushMax) {
    return { refused: batchTooLarge() };
  }
  const request = pushRequestSchema.safeParse(value);
  return request.success ? request.data : { refused: refuseIssues(request.error.issues) };
}

/** Accepts the batch as a whole or refuses it as a whole.  Source: WF-PUSH-1 to WF-PUSH-13. */
export function push(
  ports: { readonly database: Database; readonly clock: Clock },
  request: { readonly caller: Caller; readonly arrivedAt: EpochMs; readonly ops: readonly PushOp[] },
): Promise<HttpResponse> {
  const { caller, arrivedAt, ops } = request;
  const { user, device, deviceKey } = caller;
  return ports.database.transaction(
    { isolation: "read committed", purpose: "push", device },
    async (transaction) => {
      await transaction.lockUser(user);
      const receipts = await transaction.findReceipts(
        user,
        ops.map((op) => op.operation_id),
      );
      const { ofDevice, ofUser } = await transaction.highestLamport(user, deviceKey);
      const plan = planPush(ops, { receipts, ofDevice, ofUser });
      const contact = { user, device: deviceKey, highestLamport: ofDevice, contactAt: arrivedAt };
      if ("refused" in plan) {
        await transaction.raiseDevice(contact);
        return plan.refused;
      }
      const headBefore = await transaction.highestId(user);
      const { planned, fresh } = plan;
      if (fresh.length === 0) {
        await transaction.raiseDevice(contact);
        return json(200, pushReply(planned, [], headBefore));
      }
      const stored = numberOps(fresh, {
        device,
        headBefore,
        ids: await transaction.takeIds(fresh.length),
        wallClock: new Date(ports.clock.now()).toISOString(),
      });
      const head = stored.at(-1)!.id;
      await storeOps(transaction, { caller, stored, fresh });
      await transaction.raiseDevice({ ...contact, highestLamport: stored.at(-1)!.lamport_ts });
      await transaction.announce({ kind: "ops", user, head });
      return json(200, pushReply(planned, stored, head));
    },
  );
}

/** Gives the new ops their numbers. Ids that do not grow past the head would let a reader skip an op, so a sequence
 *  that has fallen behind its table ends the request.  Source: WF-PUSH-8, WF-PUSH-9. */
function numberOps(
  fresh: readonly FreshOp[],
  numbers: {
    readonly device: string;
    readonly headBefore: ServerId;
    readonly ids: readonly ServerId[];
    readonly wallClock: string;
  },
): readonly StoredOp[] {
  let prevId = numbers.headBefore;
  return fresh.map(({ op }, place) => {
    const id = numbers.ids[place];
    if (id === undefined || id <= prevId) {
      throw new Error(
        `expected ${fresh.length} ids above ${prevId} from the sequence, saw ${numbers.ids.join(", ")}`,
      );
    }
    const { operation_id, entity_type, entity_id, field, value, lamport_ts } = op;
    const stored: StoredOp = {
      id,
      device_id: numbers.device,
      operation_id,
      entity_type,
      entity_id,
      op: op.op,
      field,
      value,
      lamport_ts,
      wall_clock: numbers.wallClock,
      prevId,
    };
    prevId = id;
    return stored;
  });
}

async function storeOps(
  transaction: Transaction,
  batch: {
    readonly caller: Caller;
    readonly stored: readonly StoredOp[];
    readonly fresh: readonly FreshOp[];
  },
): Promise<void> {
  const { caller, stored, fresh } = batch;
  await transaction.insertOps(caller.user, stored);
  await transaction.insertReceipts(
    caller.user,
    stored.map(({ operation_id, id, lamport_ts }, place) => ({
      operationId: operation_id,
      deviceId: caller.device,
      id,
      lamportTs: lamport_ts,
      fingerprint: fresh[place]!.fingerprint,
    })),
  );
}

function pushReply(planned: readonly PlannedOp[], stored: readonly StoredOp[], head: ServerId): PushReply {
  const results = planned.map((plan): PushResult => {
    const { operation_id } = plan.op;
    if ("receipt" in plan) {
      return { operation_id, id: plan.receipt.id, lamport_ts: plan.receipt.lamportTs, status: "duplicate" };
    }
    const { id, lamport_ts } = stored[plan.fresh]!;
    return { operation_id, id, lamport_ts, status: plan.isCopy ? "duplicate" : "stored" };
  });
  return { results, head };
}
