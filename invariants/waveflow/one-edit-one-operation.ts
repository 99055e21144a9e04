// A retry is the same operation: under a new id it would be a second edit.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { OpContent } from "../../protocol/waveflow/types.ts";
import type { EventIndex } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Installation, readHistory, type Reading } from "./reading.ts";
import { type Operation, sameContent } from "./user-log.ts";
import { nameContent, nameOperation } from "./words.ts";

/** What is pushed has the content of its edit. And an edit that was pushed and whose fate its device does not know is
 *  not pushed again under an operation_id that nobody ever made an edit with. A crash can take the note of an edit, so
 *  only a device that has not crashed is held to the second part.
 *  Source: WF-DEV-3, WF-DEV-4; waveflow.md section 1 ("minted once"). */
export const oneEditOneOperation: Law<WaveflowEvent> = {
  id: "one-edit-one-operation",
  requirements: ["WF-DEV-3", "WF-DEV-4", "WF-DEV-6"],
  promise: "An edit is pushed with its own content under its own operation_id, however often it is tried.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    for (const installation of reading.installations) judgeInstallation(installation, reading, tally);
    return tally.verdict("no device pushed an edit");
  },
};

function judgeInstallation(installation: Installation, { history, calls }: Reading, tally: Tally): void {
  const { actor, user } = installation;
  const open: { readonly operation: Operation; readonly at: EventIndex }[] = [];
  let hasCrashed = false;
  for (const at of installation.events) {
    const event = history.events[at]!;
    if (event.kind === "crash") hasCrashed = true;
    if (event.kind !== "invoked" || event.request.kind !== "push" || event.request.scripted === true)
      continue;
    if (calls.get(event.call)?.user !== user) continue;
    for (const op of event.request.ops) {
      const operation = user.operation(op.operation_id);
      tally.look();
      if (operation.edit !== undefined && !sameContent(operation.edit, op)) {
        const { edit, editedAt } = operation;
        tally.contradict(
          [editedAt, at],
          () =>
            `${nameOperation(op.operation_id)} was made as ${nameContent(edit)}. ${actor} pushed it as ${nameContent(op)}.`,
        );
      }
      if (operation.editedBy === actor) {
        if (operation.placements[0]?.call.askedAt === at) open.push({ operation, at });
        continue;
      }
      if (operation.editedBy !== undefined || hasCrashed || !installation.isFresh) continue;
      const first = open.find(
        (one) => isUnresolved(one.operation, installation, at) && saysSame(one.operation, op),
      );
      if (first === undefined) continue;
      tally.contradict(
        [first.operation.editedAt, first.at, at],
        () =>
          `${actor} pushed ${nameOperation(first.operation.operationId)} (${nameContent(op)}) and does not know what became of it. It pushed the same edit again as ${nameOperation(op.operation_id)}, so that it may be stored twice.`,
      );
    }
  }
}

const isUnresolved = ({ toldTo }: Operation, { actor }: Installation, at: EventIndex): boolean =>
  (toldTo.get(actor) ?? Infinity) > at;

const saysSame = ({ edit }: Operation, op: OpContent): boolean => edit !== undefined && sameContent(edit, op);
