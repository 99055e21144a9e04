// What an answer proves, read as if anybody could have given it.
import { has } from "./defects.mjs";

/** Which of a batch an answer proves to be with the server, and under which id. */
export function takenOf(body, batch) {
  if (has("any-200"))
    return { isTaken: true, ids: new Map(batch.map((op) => [op.operation_id.toLowerCase(), 0])) };
  const results = Array.isArray(body?.results) ? body.results : [];
  const sent = new Set(batch.map((op) => op.operation_id.toLowerCase()));
  const ids = new Map();
  for (const result of results) {
    const id = typeof result?.operation_id === "string" ? result.operation_id.toLowerCase() : "";
    if (sent.has(id) && isId(result.id)) ids.set(id, result.id);
  }
  return ids.size === 0 ? {} : { isTaken: true, ids };
}

/** Where a refusal points; one that contradicts itself points nowhere. */
export function pointedAt({ index, operation_id: id }, batch) {
  const op = isId(index) ? batch[index] : undefined;
  const isNamed =
    id === undefined || (typeof id === "string" && id.toLowerCase() === op?.operation_id.toLowerCase());
  return isNamed ? op : undefined;
}

/** A 410, or a head below what this device has: the server has lost history. */
export function mustWalk(answer, since) {
  if (answer?.status === 410 && answer.body?.type === "resync_required") return true;
  return since > 0 && readPage(answer, 0)?.head < since;
}

/** A page, or undefined for what cannot be one. */
export function readPage(answer, since) {
  const body = answer?.status === 200 ? answer.body : undefined;
  if (!Array.isArray(body?.ops) || !isId(body.head) || typeof body.has_more !== "boolean") return undefined;
  let last = since;
  for (const op of body.ops) {
    if (!isId(op?.id) || op.id <= last) return undefined;
    last = op.id;
  }
  if (body.head < last && body.ops.length > 0) return undefined;
  return body.has_more && body.ops.length === 0 ? undefined : body;
}

/** What a newer build may send has an id and little else that can be relied on. */
export function isKnown(op) {
  const names = [op.operation_id, op.device_id, op.entity_type, op.entity_id];
  if (!names.every((name) => typeof name === "string") || !isId(op.lamport_ts)) return false;
  return op.op === "delete" || (op.op === "upsert" && typeof op.field === "string");
}

export const isId = (value) => Number.isSafeInteger(value) && value >= 0;

export function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
