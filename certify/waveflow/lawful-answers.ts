// What may be answered to a body or a query, by the page alone: every lawful choice, and nothing else. Where the page is
// silent or leaves a choice, all ways that a right server may take are here; a server is never held to the reference's.
import { isJsonObject, jsonDepth, whyTextUnstorable, whyUnstorable } from "../../protocol/json.ts";
import { ackRequestSchema, pushRequestSchema } from "../../protocol/waveflow/messages.ts";
import { limits, type PushOp } from "../../protocol/waveflow/types.ts";

/** One answer that is right. `index`: the place of the only bad op, which the answer has to name. `rule`: the one that
 *  asks for it, where it is another than that of the form. */
export interface LawfulAnswer {
  readonly status: number;
  readonly type?: string;
  readonly index?: number;
  readonly rule?: string;
}

/** `kept`: the ops that are in the log if, and only if, the answer is a success. */
export interface Lawful {
  readonly answers: readonly LawfulAnswer[];
  readonly kept?: readonly PushOp[];
}

const malformed: LawfulAnswer = { status: 400, type: "invalid_request" };
const tooLarge: LawfulAnswer = { status: 413, type: "batch_too_large" };
const unfit = (index: number): LawfulAnswer => ({ status: 422, type: "invalid_op", index });

/** Stamps before this push: of its device, and the highest of its user. */
export interface Stamps {
  readonly ofDevice: number;
  readonly ofUser: number;
}

/** Source: waveflow.md sections 2 and 4, WF-PUSH-12, WF-PUSH-13. */
export function lawfulPush(body: Uint8Array, stamps: Stamps): Lawful {
  if (body.length > limits.bytesPerPushMax) return { answers: [tooLarge] };
  const read = readJson(body);
  if (read === undefined) return { answers: [malformed] };
  const { json, choices } = read;
  const ops = isJsonObject(json) ? json.ops : undefined;
  if (Array.isArray(ops) && ops.length > limits.opsPerPushMax) return { answers: [tooLarge, ...choices] };
  const push = pushRequestSchema.safeParse(json);
  if (push.success) {
    const judged = judgeOps(push.data.ops as readonly PushOp[], stamps);
    return { ...judged, answers: [...judged.answers, ...choices] };
  }
  const places = new Set(push.error.issues.map(({ path }) => (path[0] === "ops" ? path[1] : undefined)));
  const [index] = places;
  const isOfOneOp = places.size === 1 && typeof index === "number";
  return { answers: [isOfOneOp ? { ...malformed, index } : malformed, ...choices] };
}

/** Op by op, as the page wants it: what one may be refused with, until one surely is. */
function judgeOps(ops: readonly PushOp[], stamps: Stamps): Lawful {
  const answers: LawfulAnswer[] = [];
  let ofDevice = stamps.ofDevice;
  for (const [index, op] of ops.entries()) {
    const { mustNot, may } = judgeContent(op, index);
    answers.push(...mustNot, ...may);
    if (op.lamport_ts <= ofDevice) {
      answers.push({ status: 409, type: "lamport_regression", index, rule: "WF-PUSH-5" });
      return { answers };
    }
    if (op.lamport_ts > stamps.ofUser + limits.lamportLeapMax) {
      answers.push({ ...unfit(index), rule: "WF-PUSH-13" });
      return { answers };
    }
    if (mustNot.length > 0) return { answers };
    ofDevice = op.lamport_ts;
  }
  return { answers: [...answers, { status: 200 }], kept: ops };
}

function judgeContent(
  op: PushOp,
  index: number,
): { readonly mustNot: readonly LawfulAnswer[]; readonly may: readonly LawfulAnswer[] } {
  const levels = jsonDepth(op.value, parserLevelsMax + 1);
  if (levels > limits.valueLevelsMax) {
    // A parser may end before the protocol's own bound is asked for.
    return { mustNot: levels > parserLevelsMax ? [unfit(index), malformed] : [unfit(index)], may: [] };
  }
  const texts = [op.entity_type, op.entity_id, op.field ?? ""];
  const isUnsure =
    texts.some((text) => whyTextUnstorable(text) !== undefined) || whyUnstorable(op.value) !== undefined;
  // What no double holds is no number to many a parser.
  if (hasInfinity(op.value)) return { mustNot: [], may: [unfit(index), malformed] };
  return { mustNot: [], may: isUnsure || hasInexact(op.value) ? [unfit(index)] : [] };
}

/** Common parsers stop at about 128 levels, and the request adds some of its own. */
const parserLevelsMax = 100;

/** Source: WF-ACK-3; waveflow.md section 2. `head` is that of the user. */
export function lawfulAck(body: Uint8Array, head: number): Lawful {
  const read = readJson(body);
  // The bound is the push's; whether others have it, the page leaves open.
  const choices =
    body.length > limits.bytesPerPushMax ? [{ status: 413 }, { status: 400 }] : [...(read?.choices ?? [])];
  if (read === undefined) return { answers: [{ status: 400 }, ...choices] };
  const { json } = read;
  const ack = ackRequestSchema.safeParse(json);
  const beyond: LawfulAnswer = { status: 422, type: "ack_beyond_head" };
  if (ack.success) {
    return { answers: [ack.data.last_seen_id > head ? beyond : { status: 204 }, ...choices] };
  }
  const value = isJsonObject(json) ? json.last_seen_id : undefined;
  // 2^53 and above is an integer beyond every head as well as one out of range.
  const isBeyond = typeof value === "number" && value > Number.MAX_SAFE_INTEGER;
  return { answers: [{ status: 400 }, ...(isBeyond ? [beyond] : []), ...choices] };
}

/** Source: WF-PULL-1, WF-PULL-7; waveflow.md section 5. Nothing of the user's log has been compacted. */
export function lawfulPull(query: string, head: number): Lawful {
  const parameters = new URLSearchParams(query);
  const [since, limit] = [judgeNumber(parameters, "since"), judgeNumber(parameters, "limit")];
  const bad: LawfulAnswer = { status: 400 };
  const ahead: LawfulAnswer = { status: 410, type: "resync_required", rule: "WF-PULL-7" };
  if (since === "bad" || limit === "bad") return { answers: [bad] };
  if (typeof limit === "number" && (limit < 1 || limit > limits.pullLimitMax)) return { answers: [bad] };
  const answers: LawfulAnswer[] = [];
  if (since === "either" || limit === "either") answers.push(bad);
  if (since === "either") answers.push({ status: 200 }, ahead);
  else if (typeof since === "number" && since > head) answers.push(ahead);
  else answers.push({ status: 200 });
  if (typeof since === "number" && since > Number.MAX_SAFE_INTEGER) answers.push(bad);
  return { answers };
}

function judgeNumber(parameters: URLSearchParams, name: string): number | "bad" | "either" | undefined {
  const all = parameters.getAll(name);
  if (all.length === 0) return undefined;
  const [text = ""] = all;
  if (all.length > 1) return "either";
  if (/^(?:0|[1-9]\d*)$/u.test(text)) return Number(text);
  // A choice of the page, or of whoever reads queries: `1.0`, `1e3`, `+1`, `01`, spaces around it, nothing at all.
  const isInteger = /^[+-]?\d+(?:\.\d*)?(?:e\+?\d+)?$/iu.test(text.trim()) && isWhole(text.trim());
  // Other scripts have digits too, and some languages group them.
  if (text.trim() === "" || /^[\p{Nd}_]+$/u.test(text)) return "either";
  return isInteger && !(Number(text) < 0) ? "either" : "bad";
}

/** The value of a JSON text, and answers that are right beside those to the value. */
function readJson(
  body: Uint8Array,
): { readonly json: unknown; readonly choices: readonly LawfulAnswer[] } | undefined {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
  const choices: LawfulAnswer[] = [];
  // RFC 8259, section 8.1: a parser may pass over it.
  if (text.startsWith("\uFEFF")) {
    choices.push({ status: 400 });
    text = text.slice(1);
  }
  let isUnsure = false;
  const reviver = (member: string, value: unknown, context?: { source?: string }): unknown => {
    if (!integerMembers.has(member) || typeof value !== "number") return value;
    const source = context?.source ?? String(value);
    if (/^(?:0|[1-9]\d*)$/u.test(source)) return value;
    if (!isWhole(source)) return Number.NaN;
    // `1.0`, `1e3`, `-0`: an integer, in a spelling that may be refused.
    isUnsure = true;
    return value;
  };
  try {
    const json = JSON.parse(text, reviver as (key: string, value: unknown) => unknown) as unknown;
    if (isUnsure) choices.push({ status: 400 });
    return { json, choices: [...choices, ...choicesOfParsers(json)] };
  } catch (error) {
    // A reviver walks on the stack, which a deep text ends; the parser itself does not.
    return error instanceof RangeError
      ? { json: JSON.parse(text) as unknown, choices: [...choices, malformed] }
      : undefined;
  }
}

/** What many a parser gives up at, before anybody could say in which op it lies. */
function choicesOfParsers(json: unknown): readonly LawfulAnswer[] {
  const isDeep = jsonDepth(json, parserLevelsMax + 1) > parserLevelsMax;
  return isDeep || hasInfinity(json) ? [malformed] : [];
}

const integerMembers: ReadonlySet<string> = new Set(["lamport_ts", "last_seen_id"]);

/** Says whether a decimal number, exponent and all, is an integer; a double would have to round to tell. */
function isWhole(source: string): boolean {
  const parts = /^[+-]?(\d+)(?:\.(\d*))?(?:e([+-]?\d+))?$/iu.exec(source);
  if (parts === null) return false;
  const [, whole = "", fraction = "", exponent = "0"] = parts;
  const digits = (whole + fraction).replace(/0+$/u, "");
  return digits === "" || digits.length <= whole.length + Number(exponent);
}

function hasInfinity(value: unknown): boolean {
  if (typeof value === "number") return Math.abs(value) === Infinity;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasInfinity);
}

/** Source: WF-PUSH-12 ("what does not fit one may be refused"): integers that a double may have rounded. */
function hasInexact(value: unknown): boolean {
  if (typeof value === "number") return Math.abs(value) > Number.MAX_SAFE_INTEGER || isTiny(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasInexact);
}

/** A number that a double may have rounded to nothing is not told from a plain zero here: both may be kept. */
const isTiny = (value: number): boolean => value !== 0 && Math.abs(value) < 2.3e-308;
