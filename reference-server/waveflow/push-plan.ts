// What becomes of each op of a push, decided from what the database knows before anything is written. Pure, so that a
// refusal of the last op has nothing to undo of the first.
import type { HttpResponse } from "../../protocol/http.ts";
import { jsonDepth, whyTextUnstorable, whyUnstorable } from "../../protocol/json.ts";
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import { type LamportTs, limits, type PushOp } from "../../protocol/waveflow/types.ts";
import { contentFingerprint } from "./fingerprint.ts";
import type { Receipt } from "./ports.ts";
import { invalidOp, lamportRegression, operationConflict } from "./replies.ts";

/** What the user's receipts and devices say, read under the user's lock. `ofUser` is from before this request. */
export interface PushKnowledge {
  readonly receipts: ReadonlyMap<string, Receipt>;
  readonly ofDevice: LamportTs;
  readonly ofUser: LamportTs;
}

/** An op that gets an id. */
export interface FreshOp {
  readonly op: PushOp;
  readonly fingerprint: string;
}

/** One op's fate: accepted before, or the `fresh`-th new op; `isCopy` marks a repetition of it within the batch. */
export type PlannedOp =
  | { readonly op: PushOp; readonly receipt: Receipt }
  | { readonly op: PushOp; readonly fresh: number; readonly isCopy: boolean };

export type PushPlan =
  | { readonly planned: readonly PlannedOp[]; readonly fresh: readonly FreshOp[] }
  | { readonly refused: HttpResponse };

/** Judges the ops in array order; the first refusal refuses the batch. For one op: the receipt first, then what its
 *  content is, then its stamp. Content that cannot be kept was never accepted, so under a known `operation_id` it is
 *  other content and a conflict.  Source: WF-PUSH-1, 2, 4, 5, 7, 12, 13. */
export function planPush(ops: readonly PushOp[], known: PushKnowledge): PushPlan {
  const planned: PlannedOp[] = [];
  const fresh: FreshOp[] = [];
  const freshByKey = new Map<string, number>();
  const leapTop = known.ofUser + limits.lamportLeapMax;
  let storedMax = known.ofDevice;
  for (const [index, op] of ops.entries()) {
    const at = { index, operationId: op.operation_id };
    const key = uuidKey(op.operation_id);
    const fault = whyUnfit(op);
    const fingerprint = fault === undefined ? contentFingerprint(op) : "";
    const receipt = known.receipts.get(key);
    const earlier = freshByKey.get(key);
    if (receipt !== undefined) {
      if (receipt.fingerprint !== fingerprint) return { refused: operationConflict(at) };
      planned.push({ op, receipt });
    } else if (earlier !== undefined) {
      if (fresh[earlier]!.fingerprint !== fingerprint) return { refused: operationConflict(at) };
      planned.push({ op, fresh: earlier, isCopy: true });
    } else if (fault !== undefined) {
      return { refused: invalidOp(at, fault) };
    } else if (op.lamport_ts <= storedMax) {
      return { refused: lamportRegression(at, { lamportTs: op.lamport_ts, storedMax }) };
    } else if (op.lamport_ts > leapTop) {
      return {
        refused: invalidOp(at, `lamport_ts is more than ${limits.lamportLeapMax} ahead of the user's`),
      };
    } else {
      storedMax = op.lamport_ts;
      freshByKey.set(key, fresh.length);
      planned.push({ op, fresh: fresh.length, isCopy: false });
      fresh.push({ op, fingerprint });
    }
  }
  return { planned, fresh };
}

/** Why the store cannot keep the op's content, or `undefined`. The depth is judged first: what is deeper must not be
 *  walked any further.  Source: waveflow.md section 4, WF-PUSH-12. */
function whyUnfit(op: PushOp): string | undefined {
  const { entity_type, entity_id, field, value } = op;
  if (jsonDepth(value, limits.valueLevelsMax + 1) > limits.valueLevelsMax) {
    return `a value of more than ${limits.valueLevelsMax} levels`;
  }
  return (
    whyTextUnstorable(entity_type) ??
    whyTextUnstorable(entity_id) ??
    (field === null ? undefined : whyTextUnstorable(field)) ??
    whyUnstorable(value)
  );
}
