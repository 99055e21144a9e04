// Recognises messages that are plainly right, member for member, without building them anew. Whoever reads thousands of
// messages a second asks here first; what is not recognised goes to the schemas, which decide and explain. So these
// may say "no" to a good message, and must never say "yes" to a bad one.
import { limits } from "./types.ts";

/** Source: waveflow.md section 4. */
export function isPlainPushRequest(value: unknown): boolean {
  return isRecord(value, 1) && isListOf(value.ops, isPlainPushOp) && (value.ops as unknown[]).length > 0;
}

function isPlainPushOp(op: unknown): boolean {
  if (!isRecord(op, 7) || !isUuidText(op.operation_id) || !isInteger(op.lamport_ts, 1)) return false;
  if (!isShortText(op.entity_type, limits.entityTypeLengthMax)) return false;
  if (!isShortText(op.entity_id, limits.entityIdLengthMax)) return false;
  if (op.op === "upsert") return isShortText(op.field, limits.fieldLengthMax) && op.value !== undefined;
  return op.op === "delete" && op.field === null && op.value === null;
}

/** Source: waveflow.md section 5. */
export function isPlainLogOp(op: unknown): boolean {
  return (
    isRecord(op, 10) &&
    isInteger(op.id, 1) &&
    isUuidText(op.device_id) &&
    isUuidText(op.operation_id) &&
    isText(op.entity_type) &&
    isText(op.entity_id) &&
    isText(op.op) &&
    (op.field === null || typeof op.field === "string") &&
    op.value !== undefined &&
    isInteger(op.lamport_ts, 1) &&
    isText(op.wall_clock)
  );
}

/** Source: waveflow.md section 5. */
export function isPlainPullReply(value: unknown): boolean {
  if (!isRecord(value, typeof value === "object" && value !== null && "resync" in value ? 4 : 3))
    return false;
  if (!isListOf(value.ops, isPlainLogOp) || !isInteger(value.head, 0)) return false;
  return typeof value.has_more === "boolean" && (!("resync" in value) || typeof value.resync === "string");
}

/** Source: waveflow.md section 4. */
export function isPlainPushReply(value: unknown): boolean {
  return isRecord(value, 2) && isInteger(value.head, 0) && isListOf(value.results, isPlainPushResult);
}

function isPlainPushResult(result: unknown): boolean {
  return (
    isRecord(result, 4) &&
    isUuidText(result.operation_id) &&
    isInteger(result.id, 1) &&
    isInteger(result.lamport_ts, 1) &&
    (result.status === "stored" || result.status === "duplicate")
  );
}

/** Source: waveflow.md section 6. */
export function isPlainAckRequest(value: unknown): boolean {
  return isRecord(value, 1) && isInteger(value.last_seen_id, 0);
}

/** Source: waveflow.md section 8. */
export function isPlainAckFrame(frame: unknown): boolean {
  return isRecord(frame, 1) && isInteger(frame.ack, 0);
}

/** Source: waveflow.md section 8. */
export function isPlainServerFrame(frame: unknown): boolean {
  if (isRecord(frame, 2)) return frame.type === "hello" && isInteger(frame.head, 0);
  return isRecord(frame, 3) && frame.type === "op" && isInteger(frame.prev_id, 0) && isPlainLogOp(frame.op);
}

/** 8-4-4-4-12 hexadecimal digits in either case.  Source: waveflow.md section 2. */
export function isUuidText(value: unknown): boolean {
  if (typeof value !== "string" || value.length !== 36) return false;
  for (let at = 0; at < 36; at++) {
    const code = value.charCodeAt(at);
    if (at === 8 || at === 13 || at === 18 || at === 23) {
      if (code !== 0x2d) return false;
    } else if (hexDigits[code] !== 1) return false;
  }
  return true;
}

/** 1 at the code of each hexadecimal digit. A table, because every op brings two UUIDs and is read several times. */
const hexDigits = new Uint8Array(128);
for (const digit of "0123456789abcdefABCDEF") hexDigits[digit.charCodeAt(0)] = 1;

/** A plain object with exactly so many members of its own. */
function isRecord(value: unknown, members: number): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return false;
  let count = 0;
  // Counts without a list of the names. What a stranger may have put into the prototype counts too, and is a "no".
  for (const _ in value) count++;
  return count === members;
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  if (!Array.isArray(value)) return false;
  for (const item of value) if (!isItem(item)) return false;
  return true;
}

const isInteger = (value: unknown, least: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= least;

const isText = (value: unknown): boolean => typeof value === "string" && value.length > 0;

/** Code units are never fewer than code points. */
const isShortText = (value: unknown, codePointsMax: number): boolean =>
  typeof value === "string" && value.length > 0 && value.length <= codePointsMax;
