// Every event of a WaveFlow history in words, one line each. Reports and stories show these.
import { isJsonObject } from "../../protocol/json.ts";
import type { HistoryEvent } from "../history.ts";
import type { WaveflowCall, WaveflowEvent, WaveflowFinding, WaveflowNote, WaveflowReply } from "./events.ts";
import { nameContent, nameOp, nameOperation, nameSome, nameValue } from "./words.ts";

/** One line, without time and actor. */
export function describeWaveflowEvent(event: HistoryEvent): string {
  const known = event as WaveflowEvent;
  switch (known.kind) {
    case "joined":
      return `joins as user ${known.user}`;
    case "invoked":
      return describeCall(known.request);
    case "accepted":
      return describeReply(known.reply);
    case "refused":
      return `is refused: ${known.status}${known.type === "" ? "" : ` ${known.type}`}${detailsOf(known.body)}`;
    case "unknown":
      return `gets no answer that proves anything: ${known.reason}`;
    case "frame":
      return describeFrame(known.frame);
    case "noted":
      return describeNote(known.note);
    case "compacted":
      return `compacts the log of user ${known.user}: ${known.deleted} ops deleted, watermark ${known.compactedUpTo}`;
    case "fault":
      return known.text === "" ? `${known.fault}: ${known.target}` : known.text;
    case "crash":
      return `${known.target} crashes${known.text === "" ? "" : `: ${known.text}`}`;
    case "restart":
      return `${known.target} is started again`;
    case "calm":
      return "all faults stop";
    case "settled":
      return known.quiet
        ? "everybody is at rest"
        : `not at rest: ${nameSome(known.waiting, (waiting) => waiting)}`;
    case "found":
      return describeFinding(known.finding);
  }
}

function describeCall(request: WaveflowCall): string {
  switch (request.kind) {
    case "push":
      return `pushes ${nameSome(request.ops, nameOp)}`;
    case "pull":
      return `pulls from ${request.since}${request.resync === undefined ? "" : " with the token of its walk"}`;
    case "ack":
      return `acknowledges ${request.lastSeenId}${request.via === "socket" ? " over the socket" : ""}`;
    case "socket":
      return "opens a socket";
    case "raw":
      return `sends by hand: ${request.method} ${request.path}`;
  }
}

function describeReply(reply: WaveflowReply): string {
  switch (reply.kind) {
    case "push": {
      const { results, head } = reply.reply;
      const named = nameSome(
        results,
        ({ operation_id, id, status }) => `${nameOperation(operation_id)} ${status} as ${id}`,
      );
      return `is answered: ${named}; head ${head}`;
    }
    case "pull": {
      const { ops, head, has_more: hasMore } = reply.reply;
      const given = ops.length === 0 ? "nothing new" : nameSome(ops, (op) => `${op.id} (${nameContent(op)})`);
      return `is given ${given}; head ${head}${hasMore ? ", and there is more" : ""}`;
    }
    case "ack":
      return "has its ACK taken";
    case "socket":
      return "has its socket";
    case "raw":
      return `is answered ${reply.status}`;
  }
}

function describeFrame(frame: unknown): string {
  if (!isJsonObject(frame)) return `gets a frame that is none: ${nameValue(frame)}`;
  switch (frame.type) {
    case "hello":
      return `gets hello: head ${nameValue(frame.head)}`;
    case "op": {
      const { op } = frame;
      if (!isJsonObject(op)) break;
      const what = nameContent(op as unknown as Parameters<typeof nameContent>[0]);
      return `gets op ${nameValue(op.id)} (${what}) in a frame, after ${nameValue(frame.prev_id)}`;
    }
    case "resync_required":
      return `gets resync_required: compacted up to ${nameValue(frame.compacted_up_to)}`;
    case "closed":
      return "has its socket closed";
    default:
      break;
  }
  return `gets a frame: ${nameValue(frame)}`;
}

function describeNote(note: WaveflowNote): string {
  switch (note.kind) {
    case "edited":
      return `makes ${nameOp(note.op)} with stamp ${note.op.lamport_ts}`;
    case "applied": {
      const ids = nameSome(note.ops, ({ id }) => String(id));
      const what = note.ops.length === 0 ? "nothing" : ids;
      return `applies ${what} from a ${sources[note.via]}; cursor ${note.cursor}`;
    }
    case "dropped":
      return `takes ${nameSome(note.operationIds, nameOperation)} out of its queue: ${note.why}`;
    case "restamped":
      return `stamps anew: ${nameSome(note.ops, (op) => `${nameOperation(op.operation_id)} with ${op.lamport_ts}`)}`;
    case "dead-lettered":
      return `gives ${nameOperation(note.operationId)} up as a dead letter: ${note.reason}`;
    case "parked":
      return `sets op ${note.id} aside: ${note.reason}`;
    case "resync-started":
      return "begins to read everything again";
    case "mode-asked":
      return `is asked to change to mode ${note.mode}`;
    case "mode":
      return `works in mode ${note.mode}`;
    case "token":
      return "has another token";
    case "made":
      return `${note.isDone ? "has made" : "is to make"} ${nameContent(note.content)}`;
    case "shown": {
      const { cursor, pending, deadLetters } = note;
      return `shows cursor ${cursor}, ${pending} waiting, ${deadLetters} dead letters, and ${Object.keys(note.visible).length} entities`;
    }
  }
}

const sources = { pull: "pull", socket: "socket", resync: "resync" } as const;

function describeFinding(finding: WaveflowFinding): string {
  if (finding.kind === "log") {
    return `has in the log of user ${finding.user}: ${finding.ops.length} ops, head ${finding.head}`;
  }
  const { cursor, pending, deadLetters, visible } = finding;
  const parts = [`shows ${nameValue(visible)}`, `cursor ${cursor}`, `${pending.length} pending`];
  if (deadLetters.length > 0) parts.push(`${deadLetters.length} dead letters`);
  return parts.join(", ");
}

/** What a refusal says besides its type. */
function detailsOf(body: unknown): string {
  if (!isJsonObject(body)) return "";
  const { type: _type, operation_id: operationId, ...rest } = body;
  const parts = Object.entries(rest).map(([member, value]) => `${member} ${nameValue(value)}`);
  if (typeof operationId === "string") parts.unshift(nameOperation(operationId));
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}
