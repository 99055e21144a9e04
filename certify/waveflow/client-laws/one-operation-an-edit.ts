// An edit is one operation for ever, however often it is sent.
import { Tally } from "../../../invariants/tally.ts";
import type { Law } from "../../../invariants/verdict.ts";
import type { WaveflowEvent } from "../../../invariants/waveflow/events.ts";
import { readHistory } from "../../../invariants/waveflow/reading.ts";
import { nameContent, nameOperation } from "../../../invariants/waveflow/words.ts";
import type { EventIndex } from "../../../invariants/history.ts";
import { contentKey, driverNote, pushesOf, type Stays, staysOf } from "./installs.ts";

/** An operation_id says one thing only; and a client pushes no more operations that say something than its person has
 *  written it, done or not.
 *  Leaves out: disks that were copied or put back.
 *  Source: WF-DEV-3; waveflow.md section 1 ("minted once by the device when the edit is made; never changes"). */
export const oneOperationAnEdit: Law<WaveflowEvent> = {
  id: "one-operation-an-edit",
  requirements: ["WF-DEV-3"],
  promise: "An edit is pushed under one operation_id, and that says nothing else.",
  judge(history) {
    const tally = new Tally();
    for (const stays of staysOf(readHistory(history))) judgeStays(stays, tally);
    return tally.verdict("no client pushed anything");
  },
};

function judgeStays(stays: Stays, tally: Tally): void {
  const written = new Map<string, number>();
  for (const moment of stays.moments) {
    const made = driverNote(moment, "made");
    if (made === undefined || made.isDone) continue;
    const key = contentKey(made.content);
    written.set(key, (written.get(key) ?? 0) + 1);
  }
  const said = new Map<string, { readonly key: string; readonly at: EventIndex }>();
  const pushed = new Map<string, number>();
  for (const { request, operations, askedAt } of pushesOf(stays)) {
    if (request.kind !== "push") continue;
    for (const [place, op] of request.ops.entries()) {
      const { operationId } = operations[place]!;
      const key = contentKey(op);
      const before = said.get(operationId);
      tally.look();
      if (before !== undefined) {
        if (before.key === key) continue;
        tally.contradict(
          [before.at, askedAt],
          () =>
            `${stays.actor} pushed ${nameOperation(operationId)} with other content before. Now it says ${nameContent(op)} by it.`,
        );
        continue;
      }
      said.set(operationId, { key, at: askedAt });
      const times = (pushed.get(key) ?? 0) + 1;
      pushed.set(key, times);
      const edits = written.get(key) ?? 0;
      if (times <= edits) continue;
      tally.contradict(
        [askedAt],
        () =>
          `${stays.actor} pushed ${nameContent(op)} as ${times} operations. Its person wrote that ${edits === 1 ? "once" : `${edits} times`}.`,
      );
    }
  }
}
