// What has left a queue does not wait in it again.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { OperationId } from "../../protocol/waveflow/types.ts";
import type { EventIndex } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Installation, noteOf, readHistory, type Reading } from "./reading.ts";
import { nameOperation } from "./words.ts";

/** A row that comes back hides from its user what has overwritten it. Leaves out runs in which the server was put back
 *  to a backup: what it has lost may be put back into the queue.
 *  Source: WF-DEV-3, WF-DEV-4, WF-DEV-5; WF-DEV-7 ("never hides"). */
export const rowsLeaveOnce: Law<WaveflowEvent> = {
  id: "rows-leave-once",
  requirements: ["WF-DEV-3", "WF-DEV-4", "WF-DEV-5", "WF-DEV-7"],
  promise: "An edit that has left its device's queue is neither pushed again nor pending again.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    if (reading.restores.length > 0) return tally.verdict("the server was put back to a backup");
    for (const installation of reading.installations) judgeInstallation(installation, reading, tally);
    return tally.verdict("no row left a queue");
  },
};

function judgeInstallation(installation: Installation, { deviceFindings }: Reading, tally: Tally): void {
  const { actor, moments } = installation;
  const leftAt = new Map<OperationId, EventIndex>();
  for (const moment of moments) {
    const { kind, at, call } = moment;
    if (kind === "dropped") {
      for (const operationId of noteOf(moment, kind)!.operationIds) leftAt.set(uuidKey(operationId), at);
    } else if (kind === "dead-lettered") leftAt.set(uuidKey(noteOf(moment, kind)!.operationId), at);
    if (kind !== "push" || call === undefined || leftAt.size === 0) continue;
    for (const { operationId } of call.operations) {
      const goneAt = leftAt.get(operationId);
      if (goneAt === undefined) continue;
      tally.contradict(
        [goneAt, at],
        () => `${actor} took ${nameOperation(operationId)} out of its queue. It pushed it after that.`,
      );
    }
  }
  tally.look(leftAt.size);
  if (leftAt.size === 0) return;
  for (const { installation: of, finding, at } of deviceFindings) {
    if (of !== installation) continue;
    for (const { operation_id: operationId } of finding.pending) {
      const goneAt = leftAt.get(uuidKey(operationId)) ?? Infinity;
      if (goneAt > at) continue;
      tally.contradict(
        [goneAt, at],
        () => `${actor} took ${nameOperation(operationId)} out of its queue. It waits in it again.`,
      );
    }
  }
}
