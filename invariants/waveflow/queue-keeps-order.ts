// The queue is in the order of the edits, through crashes, restamps and whatever comes back into it.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";
import type { PushOp } from "../../protocol/waveflow/types.ts";
import type { Operation } from "./user-log.ts";
import { nameOperation } from "./words.ts";

/** Judged by what a device says of its queue and by what it pushes.
 *  Source: WF-DEV-3, WF-DEV-5 ("batches of 100"). */
export const queueKeepsOrder: Law<WaveflowEvent> = {
  id: "queue-keeps-order",
  requirements: ["WF-DEV-1", "WF-DEV-3", "WF-DEV-5", "WF-DEV-6"],
  promise:
    "A device keeps and pushes its edits in the order in which it made them, once each, and with rising stamps.",
  judge(history) {
    const { deviceFindings, pushes } = readHistory(history);
    const tally = new Tally();
    for (const { installation, finding, at } of deviceFindings) {
      if (finding.pending.length < 2) continue;
      tally.look();
      const operations = finding.pending.map((op) => installation.user.operation(op.operation_id));
      const row = { actor: installation.actor, at, place: "queue" };
      judgeRow(operations, row, tally);
      judgeStamps(finding.pending, row, tally);
    }
    for (const { request, actor, askedAt, operations } of pushes) {
      if (operations.length < 2 || request.isByHand === true) continue;
      tally.look();
      const row = { actor, at: askedAt, place: "push" };
      judgeRow(operations, row, tally);
      judgeStamps(request.ops, row, tally);
    }
    return tally.verdict("no device had two edits waiting");
  },
};

interface Row {
  readonly actor: string;
  readonly at: number;
  readonly place: string;
}

/** Whatever gave them their stamps, the later row has the higher one: else the batch is refused. */
function judgeStamps(ops: readonly PushOp[], { actor, at, place }: Row, tally: Tally): void {
  for (let index = 1; index < ops.length; index++) {
    const [first, second] = [ops[index - 1]!, ops[index]!];
    if (first.lamport_ts < second.lamport_ts) continue;
    tally.contradict(
      [at],
      () =>
        `In ${actor}'s ${place}, ${nameOperation(first.operation_id)} has the stamp ${first.lamport_ts}. ${nameOperation(second.operation_id)} stands behind it with ${second.lamport_ts}.`,
    );
    return;
  }
}

function judgeRow(operations: readonly Operation[], where: Row, tally: Tally): void {
  const { actor, at, place } = where;
  let before: Operation | undefined;
  for (const operation of operations) {
    if (operation.editedBy !== actor) continue;
    if (before !== undefined && before.editedAt >= operation.editedAt) {
      const [first, second] = [before, operation];
      tally.contradict([second.editedAt, first.editedAt, at], () => {
        const name = nameOperation(second.operationId);
        if (first === second) return `${actor} made ${name} once. It stands in its ${place} twice.`;
        return `${actor} made ${name} before ${nameOperation(first.operationId)}. In its ${place} it stands behind it.`;
      });
      return;
    }
    before = operation;
  }
}
