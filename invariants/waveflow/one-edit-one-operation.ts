// A retry is the same operation: under a new id it would be a second edit.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { OpContent } from "../../protocol/waveflow/types.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Installation, readHistory } from "./reading.ts";
import { type Operation, type Placement, sameContent } from "./user-log.ts";
import { nameContent, nameOperation } from "./words.ts";

/** What is pushed has the content of its edit. And an edit that was pushed and whose fate its device does not know is
 *  not pushed again under an operation_id that nobody ever made an edit with. A crash can take the note of an edit, and
 *  mode `server` notes an edit only when the server has it, so only a device that has not crashed and was never in that
 *  mode is held to the second part.
 *  Source: WF-DEV-3, WF-DEV-4; waveflow.md section 1 ("minted once"). */
export const oneEditOneOperation: Law<WaveflowEvent> = {
  id: "one-edit-one-operation",
  requirements: ["WF-DEV-3", "WF-DEV-4", "WF-DEV-6"],
  promise: "An edit is pushed with its own content under its own operation_id, however often it is tried.",
  judge(history) {
    const tally = new Tally();
    for (const installation of readHistory(history).installations) judgeInstallation(installation, tally);
    return tally.verdict("no device pushed an edit");
  },
};

function judgeInstallation({ actor, actorNumber, user, isFresh, moments }: Installation, tally: Tally): void {
  const tried: Placement[] = [];
  let notesAll = isFresh;
  for (const { kind, at, call, note } of moments) {
    if (kind === "crash") notesAll = false;
    if ((note?.kind === "mode" || note?.kind === "mode-asked") && note.mode === "server") notesAll = false;
    if (kind !== "push" || call?.request.kind !== "push" || call.user !== user) continue;
    const { ops } = call.request;
    for (let index = 0; index < ops.length; index++) {
      const op = ops[index]!;
      const operation = call.operations[index]!;
      tally.look();
      if (operation.edit !== undefined && !sameContent(operation.edit, op)) {
        const { edit, editedAt } = operation;
        tally.contradict(
          [editedAt, at],
          () =>
            `${nameOperation(op.operation_id)} was made as ${nameContent(edit)}. ${actor} pushed it as ${nameContent(op)}.`,
        );
      }
      const first = operation.placements[0]!;
      if (operation.editedBy === actor && first.call.askedAt === at) tried.push(first);
      if (operation.editedBy !== undefined || !notesAll) continue;
      const other = tried.find(
        (one) => isSameEdit(one, op) && (operationOf(one).toldAt[actorNumber] ?? Infinity) > at,
      );
      if (other === undefined) continue;
      tally.contradict([operationOf(other).editedAt, other.call.askedAt, at], () => {
        const name = `${nameOperation(operationOf(other).operationId)} (${nameContent(op)})`;
        return `${actor} pushed ${name} and does not know what became of it. It pushed the same edit again as ${nameOperation(op.operation_id)}, so that it may be stored twice.`;
      });
    }
  }
}

const operationOf = ({ call, index }: Placement): Operation => call.operations[index]!;

const isSameEdit = (placement: Placement, op: OpContent): boolean => {
  const { edit } = operationOf(placement);
  return edit !== undefined && sameContent(edit, op);
};
