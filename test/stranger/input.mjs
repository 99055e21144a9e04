// What comes in from outside: bearer tokens, device ids, JSON bodies, query numbers. Everything here is pure; a fault
// is thrown as a Refusal, which the HTTP side turns into an answer.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

export const MAX_BYTES = 1024 * 1024;
export const MAX_OPS = 1000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;

export class Refusal extends Error {
  constructor(status, body, headers = {}) {
    super(body.type);
    Object.assign(this, { status, body, headers });
  }
}

const unauthorized = () =>
  new Refusal(401, { type: "unauthorized" }, { "WWW-Authenticate": 'Bearer realm="waveflow"' });
export const invalid = (path, message, more = {}) =>
  new Refusal(400, { type: "invalid_request", errors: [{ path, message }], ...more });
export const tooLarge = () =>
  new Refusal(413, { type: "batch_too_large", max_ops: MAX_OPS, max_bytes: MAX_BYTES });

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const storable = (text) => text.isWellFormed() && !text.includes("\0");
/** Users are kept under a digest of their name: names may be long, and this one fits an index and a NOTIFY. */
export const ownerOf = (user) => createHash("sha256").update(user).digest("hex");

function verifyToken(header, secret) {
  const match = /^Bearer +([\w-]+)\.([\w-]+)\.([\w-]+) *$/iu.exec(header ?? "");
  if (!match) throw unauthorized();
  const [, head, payload, signature] = match;
  const expected = createHmac("sha256", secret).update(`${head}.${payload}`).digest("base64url");
  const same =
    signature.length === expected.length && timingSafeEqual(Buffer.from(signature), Buffer.from(expected));
  if (!same) throw unauthorized();
  try {
    const { alg, crit } = JSON.parse(Buffer.from(head, "base64url").toString());
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString(), (key, value, { source }) =>
      // A number as `sub` keeps all its digits: 2^53 and 2^53 + 1 are two people.
      key === "sub" && typeof value === "number" && /^-?\d+$/u.test(source) ? source : value,
    );
    if (alg === "HS256" && crit === undefined && isObject(claims)) return claims;
  } catch {
    // falls through: not JSON
  }
  throw unauthorized();
}

function checkClaims(claims) {
  const now = Date.now() / 1000;
  const { exp, nbf, iat } = claims;
  if (typeof exp !== "number" || exp <= now) throw unauthorized();
  for (const from of [nbf, iat]) {
    if (from !== undefined && (typeof from !== "number" || from > now + 60)) throw unauthorized();
  }
  const sub = typeof claims.sub === "number" ? String(claims.sub) : claims.sub;
  if (typeof sub !== "string" || sub === "" || !storable(sub)) throw unauthorized();
  return { owner: ownerOf(sub), expiresAt: exp * 1000 };
}

/** Who asks: `{owner, device, deviceAsSent, expiresAt}`. The query names a device on the upgrade only. */
export function identify(req, secret, queryDevice = null) {
  const claims = verifyToken(req.headers.authorization, secret);
  const who = checkClaims(claims);
  const named = [req.headers["x-device-id"], queryDevice].filter((id) => typeof id === "string");
  const bound = claims.device_id ?? null;
  if (bound !== null && named.some((id) => id.toLowerCase() !== String(bound).toLowerCase())) {
    throw new Refusal(403, { type: "device_mismatch" });
  }
  if (named.length === 0) throw invalid("X-Device-Id", "missing");
  if (!named.every((id) => UUID.test(id))) throw invalid("X-Device-Id", "not a UUID");
  const device = named[0].toLowerCase();
  if (named.some((id) => id.toLowerCase() !== device)) throw invalid("device_id", "header and query differ");
  return { ...who, device, deviceAsSent: named[0] };
}

/** A number of the query string; null when it is not there. */
export function queryNumber(query, name, min, max) {
  const all = query.getAll(name);
  if (all.length === 0) return null;
  const number = all.length === 1 && /^\d{1,16}$/u.test(all[0]) ? Number(all[0]) : NaN;
  if (!(number >= min && number <= max)) throw invalid(name, `must be an integer from ${min} to ${max}`);
  return number;
}

/**
 * The parsed text, twice: as it is, and with every number that was not written as a plain integer made null, because
 * JSON.parse would round 0.99999999999999999999 to 1.
 */
function parseJson(text) {
  try {
    const data = JSON.parse(text);
    if (!/\d[.eE]/u.test(text)) return { data, plain: data };
    const plain = text.replaceAll(/"(?:[^"\\]+|\\.)*"|-?\d[\d.eE+-]*/gu, (token) =>
      token.startsWith('"') || /^-?\d+$/u.test(token) ? token : "null",
    );
    return { data, plain: JSON.parse(plain) };
  } catch {
    throw invalid("", "not JSON");
  }
}

const isNumber = (value, min) => Number.isSafeInteger(value) && value >= min;

/** The number of `{"last_seen_id":N}` and of `{"ack":N}`. */
export function readAck(text, member) {
  const { plain } = parseJson(text);
  if (!isObject(plain)) throw invalid("", "must be an object");
  if (!isNumber(plain[member], 0)) throw invalid(member, "must be an integer from 0 to 2^53-1");
  return plain[member];
}

export function readControl(text) {
  const { data } = parseJson(text === "" ? "{}" : text);
  if (!isObject(data)) throw invalid("", "must be an object");
  return data;
}

const hasLength = (text, max) =>
  typeof text === "string" && text !== "" && text.length <= 2 * max && [...text].length <= max;

/** The path and the message of what is wrong with the shape of one op, or null. */
function faultOf(op, stamp) {
  if (!isObject(op)) return ["", "must be an object"];
  if (typeof op.operation_id !== "string" || !UUID.test(op.operation_id)) return ["operation_id", "no UUID"];
  if (!hasLength(op.entity_type, 64)) return ["entity_type", "must be a text of 1 to 64 characters"];
  if (!hasLength(op.entity_id, 256)) return ["entity_id", "must be a text of 1 to 256 characters"];
  if (!isNumber(stamp, 1)) return ["lamport_ts", "must be an integer from 1 to 2^53-1"];
  if (op.op === "upsert") {
    if (!hasLength(op.field, 64)) return ["field", "must be a text of 1 to 64 characters"];
    return op.value === undefined ? ["value", "is missing"] : null;
  }
  if (op.op !== "delete") return ["op", "must be upsert or delete"];
  if ((op.field ?? null) !== null) return ["field", "a delete has none"];
  return (op.value ?? null) === null ? null : ["value", "a delete has none"];
}

/** Why the tables cannot keep it, or null. Never deeper than 65 levels, so a hostile nesting costs nothing. */
function unstorable(value, depth = 0) {
  if (typeof value === "string") return storable(value) ? null : "text with U+0000 or a lone surrogate";
  if (typeof value === "number") return Number.isFinite(value) ? null : "number too large";
  if (typeof value !== "object" || value === null) return null;
  if (depth === 64) return "more than 64 levels";
  for (const [key, inner] of Object.entries(value)) {
    const reason = unstorable(key) ?? unstorable(inner, depth + 1);
    if (reason) return reason;
  }
  return null;
}

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

/** The ops of a push, well-formed. One that can be read but not kept carries `unstorable`, for its turn in the batch. */
export function readPush(text) {
  const { data, plain } = parseJson(text);
  if (!isObject(data) || !Array.isArray(data.ops)) throw invalid("ops", "must be an array");
  if (data.ops.length > MAX_OPS) throw tooLarge();
  if (data.ops.length === 0) throw invalid("ops", "must not be empty");
  return data.ops.map((op, index) => {
    const stamp = plain.ops[index]?.lamport_ts;
    const fault = faultOf(op, stamp);
    if (fault) throw invalid(`ops[${index}].${fault[0]}`, fault[1], { index });
    const { operation_id, entity_type, entity_id } = op;
    const field = op.field ?? null;
    const value = op.op === "delete" ? null : op.value;
    const content = [entity_type, entity_id, op.op, field, value];
    const reason = unstorable(content.slice(0, 4)) ?? unstorable(value);
    const fingerprint = reason
      ? null
      : createHash("sha256").update(content.map(canonical).join("\n")).digest("hex");
    const body = reason || op.op === "delete" ? null : JSON.stringify(value);
    const key = operation_id.toLowerCase();
    return {
      ...{ operation_id, key, entity_type, entity_id, op: op.op, field, body, stamp, fingerprint },
      reason,
    };
  });
}
