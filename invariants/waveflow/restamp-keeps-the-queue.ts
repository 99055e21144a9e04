// New stamps for everything that waits, and nothing else new about it.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { EventIndex } from "../history.ts";
import type { PushOp } from "../../protocol/waveflow/types.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Installation, noteOf, readHistory } from "./reading.ts";
import { numberIn } from "./body.ts";
import { type Operation, sameContent } from "./user-log.ts";
import { nameOp, nameOperation } from "./words.ts";

/** After a crash, rows may have left the queue unnoticed, so only edits made since are asked for.
 *  Source: WF-DEV-6. */
export const restampKeepsTheQueue: Law<WaveflowEvent> = {
  id: "restamp-keeps-the-queue",
  requirements: ["WF-DEV-3", "WF-DEV-6"],
  promise:
    "A restamp gives every pending row a rising stamp above the one that the server named, and keeps ids, contents and order.",
  judge(history) {
    const tally = new Tally();
    for (const installation of readHistory(history).installations) judgeInstallation(installation, tally);
    return tally.verdict("no queue was restamped");
  },
};

/** What is known of a device's queue from its notes. */
interface Known {
  readonly waiting: Set<Operation>;
  storedMax: number;
  refusedAt: EventIndex;
}

function judgeInstallation(installation: Installation, tally: Tally): void {
  const { user, moments } = installation;
  if (!moments.some(({ kind }) => kind === "restamped")) return;
  const known: Known = { waiting: new Set(), storedMax: 0, refusedAt: -1 };
  for (const moment of moments) {
    const { kind, at, call, operation } = moment;
    if (kind === "crash") known.waiting.clear();
    if (kind === "regression" && call !== undefined) {
      known.storedMax = numberIn(call.body, "stored_max") ?? 0;
      known.refusedAt = at;
    }
    if (operation !== undefined) {
      if ((operation.placements[0]?.call.askedAt ?? Infinity) > at) known.waiting.add(operation);
    } else if (kind === "dropped") {
      for (const operationId of noteOf(moment, kind)!.operationIds)
        known.waiting.delete(user.operation(operationId));
    } else if (kind === "dead-lettered")
      known.waiting.delete(user.operation(noteOf(moment, kind)!.operationId));
    const restamped = noteOf(moment, "restamped");
    if (restamped === undefined) continue;
    tally.look();
    const fault = findFault(restamped.ops, installation, known);
    if (fault !== undefined)
      tally.contradict([...fault.events, known.refusedAt, at], () => fault.explanation);
  }
}

interface Fault {
  readonly events: readonly EventIndex[];
  readonly explanation: string;
}

function findFault(ops: readonly PushOp[], { actor, user }: Installation, known: Known): Fault | undefined {
  let stamp = known.storedMax;
  let before: Operation | undefined;
  const seen = new Set<Operation>();
  for (const op of ops) {
    const operation = user.operation(op.operation_id);
    const { edit, editedAt, editedBy } = operation;
    seen.add(operation);
    if (op.lamport_ts <= stamp) {
      const explanation = `${actor} gave ${nameOperation(op.operation_id)} the new stamp ${op.lamport_ts}. A stamp above ${stamp} was needed.`;
      return { events: [], explanation };
    }
    stamp = op.lamport_ts;
    if (edit === undefined || editedBy !== actor) continue;
    if (!sameContent(edit, op)) {
      const explanation = `${actor} made ${nameOp({ ...op, ...edit })}. After the restamp the same operation says ${nameOp(op)}.`;
      return { events: [editedAt], explanation };
    }
    if (before !== undefined && before.editedAt > editedAt) {
      const explanation = `${actor} made ${nameOperation(op.operation_id)} before ${nameOperation(before.operationId)}. After the restamp it stands behind it.`;
      return { events: [editedAt, before.editedAt], explanation };
    }
    before = operation;
  }
  for (const operation of known.waiting) {
    if (seen.has(operation)) continue;
    const explanation = `${actor} had ${nameOperation(operation.operationId)} in its queue. The restamp left it out, so its old stamp is refused again.`;
    return { events: [operation.editedAt], explanation };
  }
  return undefined;
}
