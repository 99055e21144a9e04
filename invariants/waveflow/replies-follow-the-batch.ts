// What an accepted push is told: one result per op, in order, ids rising, all of them at or below head.
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { type PushCall, readHistory } from "./reading.ts";
import { nameOperation } from "./words.ts";

/** Source: waveflow.md section 4; WF-PUSH-1, WF-PUSH-8. */
export const repliesFollowTheBatch: Law<WaveflowEvent> = {
  id: "replies-follow-the-batch",
  requirements: ["WF-PUSH-1", "WF-PUSH-7", "WF-PUSH-8"],
  promise:
    "An accepted push is answered op by op, and what is stored gets rising ids in the order of the batch.",
  judge(history) {
    const tally = new Tally();
    for (const call of readHistory(history).pushes) {
      if (call.outcome !== "accepted") continue;
      tally.look();
      const fault = findFault(call);
      if (fault !== undefined)
        tally.contradict([call.askedAt, call.answeredAt], () => fault.text, [fault.rule]);
    }
    return tally.verdict("no push was accepted");
  },
};

function findFault({
  actor,
  request,
  reply,
}: PushCall): { readonly text: string; readonly rule: string } | undefined {
  const { results, head } = reply!;
  const { ops } = request;
  if (results.length !== ops.length) {
    return {
      text: `${actor} pushed ${ops.length} ops. The answer is a success and lists ${results.length} of them.`,
      rule: "WF-PUSH-1",
    };
  }
  let last = 0;
  for (let index = 0; index < ops.length; index++) {
    const sent = ops[index]!;
    const { operation_id: named, id, status } = results[index]!;
    if (named !== sent.operation_id && uuidKey(named) !== uuidKey(sent.operation_id)) {
      return {
        text: `Op ${index} of ${actor}'s push is ${nameOperation(sent.operation_id)}. Result ${index} of the answer is about ${nameOperation(named)}.`,
        rule: "WF-PUSH-1",
      };
    }
    if (id > head)
      return {
        text: `${nameOperation(named)} was given id ${id}. The same answer says that head is ${head}.`,
        rule: "WF-PUSH-8",
      };
    if (status !== "stored") continue;
    if (id <= last) {
      return {
        text: `${nameOperation(named)} comes later in ${actor}'s batch than the op with id ${last}. It was given the lower id ${id}.`,
        rule: "WF-PUSH-8",
      };
    }
    last = id;
  }
  return undefined;
}
