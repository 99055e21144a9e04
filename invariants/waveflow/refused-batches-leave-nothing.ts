// A refused push stores nothing.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { type PushCall, readHistory } from "./reading.ts";
import type { Operation } from "./user-log.ts";
import { nameContent, nameOperation } from "./words.ts";

/** Only refusals that no repetition of the same request can overcome count: the network may deliver a request again,
 *  and a leap of the clock that was too far may be short enough by then. So does only a sighting before the server was
 *  put back to a backup, and an operation that no other push could have stored.
 *  Source: WF-PUSH-4, WF-PUSH-5, WF-PUSH-7, WF-PUSH-12. */
export const refusedBatchesLeaveNothing: Law<WaveflowEvent> = {
  id: "refused-batches-leave-nothing",
  requirements: ["WF-PUSH-4", "WF-PUSH-5", "WF-PUSH-7", "WF-PUSH-11", "WF-PUSH-12", "WF-WS-1"],
  promise: "No operation of a refused push is ever seen, unless another push brought it.",
  judge(history) {
    const { pushes, hasRawWrites } = readHistory(history);
    const tally = new Tally();
    for (const call of pushes) {
      if (hasRawWrites || call.era < 0 || !isFinal(call)) continue;
      tally.look();
      for (const operation of call.operations) judge(call, operation, tally);
    }
    return tally.verdict(
      hasRawWrites ? "hand-written requests may have stored anything" : "no push was refused for good",
    );
  },
};

function judge(call: PushCall, operation: Operation, tally: Tally): void {
  const stored = operation.stored[call.era];
  if (stored === undefined || !operation.placements.every((placement) => isFinal(placement.call))) return;
  const seenAt = Math.min(stored.readAt, stored.framedAt);
  if (seenAt === Infinity) return;
  // A frame that comes before the commit shows what is never stored.
  const wasRead = stored.readAt < Infinity;
  const where = wasRead ? "the log has" : "a frame showed";
  tally.contradict(
    [call.askedAt, call.answeredAt, seenAt],
    () => {
      const name = `${nameOperation(operation.operationId)} (${nameContent(stored.content)})`;
      return `${call.actor}'s push with ${name} was refused as ${call.type}. Yet ${where} it as id ${stored.id}, and no other push brought it.`;
    },
    wasRead ? ["WF-PUSH-7"] : ["WF-PUSH-11", "WF-WS-1"],
  );
}

function isFinal({ outcome, type, request }: PushCall): boolean {
  if (outcome !== "refused") return false;
  if (type !== "invalid_op") return finalTypes.has(type);
  return request.ops.every((op) => op.lamport_ts <= leapMax);
}

const finalTypes: ReadonlySet<string> = new Set([
  "operation_conflict",
  "lamport_regression",
  "batch_too_large",
  "invalid_request",
]);
/** Below it a stamp cannot be a leap too far.  Source: WF-PUSH-13. */
const leapMax = 2 ** 32;
