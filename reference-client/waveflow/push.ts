// What the drain and the direct write of mode `server` have in common: the request, and what its answer says.
// An answer is believed only as far as it names operations: a 200 of anybody else proves nothing.
import { isJsonObject } from "../../protocol/json.ts";
import { errorBodySchemas, pushReplySchema, uuidKey } from "../../protocol/waveflow/messages.ts";
import type { LamportTs, PushOp, ServerId } from "../../protocol/waveflow/types.ts";
import { describeReply, type Conversation, type Reply } from "./conversation.ts";

/** What a push came to. `accepted`: ids by lower-case operation id, for these ops only. `refused`: for good; `index`
 *  says which op where the server said so. `regressed`: the number that the stamps have to exceed. `shut`: the token
 *  or the device is refused. `nothing`: no answer, or one that proves nothing. */
export type PushVerdict =
  | { readonly kind: "accepted"; readonly ids: ReadonlyMap<string, ServerId> }
  | { readonly kind: "regressed"; readonly storedMax: LamportTs }
  | { readonly kind: "too_large"; readonly reason: string }
  | { readonly kind: "refused"; readonly index: number | undefined; readonly reason: string }
  | { readonly kind: "shut" }
  | { readonly kind: "nothing"; readonly reason: string };

/** Sends the ops and reads the answer.  Source: WF-DEV-4, WF-DEV-5, WF-DEV-6. */
export async function push(
  conversation: Conversation,
  ops: readonly PushOp[],
): Promise<{ reply: Reply | undefined; verdict: PushVerdict }> {
  const reply = await conversation.ask({ method: "POST", path: "/sync/ops", body: { ops } });
  return { reply, verdict: readVerdict(reply, ops) };
}

function readVerdict(reply: Reply | undefined, ops: readonly PushOp[]): PushVerdict {
  if (reply === undefined) return { kind: "nothing", reason: "no answer" };
  const reason = describeReply(reply);
  switch (reply.status) {
    case 200:
      return readResults(reply, ops);
    case 413:
      return { kind: "too_large", reason };
    case 409: {
      const regression = errorBodySchemas.lamportRegression.safeParse(reply.json);
      if (regression.success) return { kind: "regressed", storedMax: regression.data.stored_max };
      if (reply.type !== "operation_conflict") return { kind: "nothing", reason };
      return { kind: "refused", index: refusedIndex(reply, ops), reason };
    }
    case 400:
    case 422:
      if (reply.type === undefined) return { kind: "nothing", reason };
      return { kind: "refused", index: refusedIndex(reply, ops), reason };
    case 401:
    case 403:
      return reply.type === undefined ? { kind: "nothing", reason } : { kind: "shut" };
    default:
      return { kind: "nothing", reason };
  }
}

function readResults(reply: Reply, ops: readonly PushOp[]): PushVerdict {
  const parsed = pushReplySchema.safeParse(reply.json);
  if (!parsed.success) return { kind: "nothing", reason: "a 200 that is no reply to a push" };
  const sent = new Set(ops.map((op) => uuidKey(op.operation_id)));
  const ids = new Map<string, ServerId>();
  for (const { operation_id, id } of parsed.data.results) {
    if (sent.has(uuidKey(operation_id))) ids.set(uuidKey(operation_id), id);
  }
  if (ids.size === 0) return { kind: "nothing", reason: "a 200 that names none of the operations" };
  return { kind: "accepted", ids };
}

/** The op that the body points at; `undefined` where it points nowhere, or its `operation_id` and `index` disagree. */
function refusedIndex(reply: Reply, ops: readonly PushOp[]): number | undefined {
  if (!isJsonObject(reply.json)) return undefined;
  const { index, operation_id: operationId } = reply.json;
  const op = Number.isSafeInteger(index) ? ops[index as number] : undefined;
  if (op === undefined) return undefined;
  if (typeof operationId === "string" && uuidKey(operationId) !== uuidKey(op.operation_id)) return undefined;
  return index as number;
}
