// What an event is about, as texts: two events belong to one chain when they share one.
import { isJsonObject } from "../../protocol/json.ts";
import type { HistoryEvent } from "../history.ts";
import type { WaveflowEvent, WaveflowNote, WaveflowReply } from "./events.ts";

/** Operations by their id, and calls by their number. A log or a device's account of itself is about nothing in
 *  particular: everything would hang together by it. */
export function waveflowSubjects(event: HistoryEvent): readonly string[] {
  const known = event as WaveflowEvent;
  switch (known.kind) {
    case "invoked": {
      const call = `call ${known.call}`;
      return known.request.kind === "push" ? [call, ...operations(known.request.ops)] : [call];
    }
    case "accepted":
      return [`call ${known.call}`, ...subjectsOfReply(known.reply)];
    case "refused":
    case "unknown":
      return [`call ${known.call}`];
    case "frame": {
      const op = isJsonObject(known.frame) ? known.frame.op : undefined;
      return isJsonObject(op) && typeof op.operation_id === "string" ? [operation(op.operation_id)] : [];
    }
    case "noted":
      return subjectsOfNote(known.note);
    default:
      return [];
  }
}

/** A page of many ops is about none of them. */
const opsMax = 5;

function subjectsOfReply(reply: WaveflowReply): readonly string[] {
  if (reply.kind === "push") return operations(reply.reply.results);
  if (reply.kind !== "pull" || reply.reply.ops.length > opsMax) return [];
  return operations(reply.reply.ops);
}

function subjectsOfNote(note: WaveflowNote): readonly string[] {
  switch (note.kind) {
    case "edited":
      return [operation(note.op.operation_id)];
    case "applied":
      return note.ops.length > opsMax ? [] : operations(note.ops);
    case "restamped":
      return operations(note.ops);
    case "dropped":
      return note.operationIds.map(operation);
    case "dead-lettered":
    case "parked":
      return [operation(note.operationId)];
    case "resync-started":
    case "mode-asked":
    case "mode":
    case "token":
    case "made":
    case "shown":
      return [];
  }
}

const operation = (operationId: string): string => operationId.toLowerCase();
const operations = (ops: readonly { readonly operation_id: string }[]): readonly string[] =>
  ops.map(({ operation_id }) => operation(operation_id));
