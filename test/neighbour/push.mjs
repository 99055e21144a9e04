// POST /sync/ops: what a batch may look like, and how it is stored, whole or not at all.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { defect } from "./defects.mjs";
import { canonical, integerOf, readJson } from "./json.mjs";
import { malformed, Refusal } from "./refusal.mjs";
import { isUuid } from "./tokens.mjs";

export const bytesMax = 1_048_576;
const opsMax = 1_000;
const levelsMax = 64;
/** How far a device may be ahead of everything its user has had accepted. */
const leapMax = 2 ** 32;

export const tooLarge = () =>
  new Refusal(413, "batch_too_large", {
    max_bytes: bytesMax,
    max_ops: opsMax,
    advice: "send less at a time",
  });

/** Stores a batch; resolves to the reply.  Errors: Refusal, and then nothing is stored. */
export async function push({ store, sockets, memory }, caller, text) {
  const ops = opsOf(readJson(text));
  const taken = defect("numbers-taken-before") ? await takeNumbers(store, caller, ops.length) : undefined;
  const topOfUser = () => store.account(caller.owner).top_stamp;
  const storeAll = () => {
    const batch = { store, sockets, memory, caller, taken, size: ops.length, topOfUser: topOfUser() };
    return ops.map((op, index) => storeOne(batch, op, index));
  };
  const results = defect("a-transaction-for-each-op")
    ? storeOneByOne({ store, sockets, memory, caller, size: 1, topOfUser: topOfUser() }, ops)
    : store.write(storeAll);
  sockets.tell(caller.owner);
  return {
    head: headOf(store, caller.owner),
    results: results.filter(Boolean),
    took: results.length,
  };
}

const storeOneByOne = (batch, ops) =>
  ops.map((op, index) => batch.store.write(() => storeOne(batch, op, index)));

/** The highest id of a user. */
export function headOf(store, owner) {
  if (!defect("numbers-taken-before")) return store.account(owner).last_id;
  return store.one("SELECT max(id) AS id FROM receipt WHERE owner = ?", owner).id ?? 0;
}

async function takeNumbers(store, { owner }, count) {
  const first = store.write(() => store.account(owner).last_id + 1);
  store.write(() => {
    store.run("INSERT OR IGNORE INTO account (owner) VALUES (?)", owner);
    store.run("UPDATE account SET last_id = last_id + ? WHERE owner = ?", count, owner);
  });
  await sleep(2 * count);
  return first;
}

function storeOne({ store, sockets, memory, caller, taken, size, topOfUser }, op, index) {
  const { owner } = caller;
  const about = { operation_id: op.operation, index };
  if (op.unfit !== undefined) {
    if (defect("unfit-ops-skipped")) return undefined;
    throw new Refusal(422, "invalid_op", { ...about, reason: op.unfit });
  }
  const receipt = receiptOf({ store, memory }, caller, op);
  if (receipt !== undefined) {
    if (defect("copies-are-errors")) throw new Refusal(409, "already_there", about);
    if (receipt.content !== op.content && !defect("conflicts-unnoticed")) {
      throw new Refusal(409, "operation_conflict", { ...about, stored_as: receipt.id });
    }
    if (defect("copies-raise-the-stamp")) raiseStamp(store, caller, op.stamp);
    if (defect("copies-sent-again")) sockets.sendTo(owner, { ...rowOf(caller, op), id: receipt.id });
    const stamp = defect("copies-keep-their-own-stamp") ? op.stamp : receipt.stamp;
    return { status: "duplicate", lamport_ts: stamp, id: receipt.id, operation_id: op.operation };
  }
  const top = topStampOf(store, caller);
  const isBehind = defect("equal-stamps-accepted") ? op.stamp < top : op.stamp <= top;
  if (isBehind && !defect("stamps-unchecked")) {
    const told = defect("stored-max-is-one-less") ? top - 1 : top;
    throw new Refusal(409, "lamport_regression", { ...about, lamport_ts: op.stamp, stored_max: told });
  }
  const ground = defect("leap-counted-by-device") ? top : topOfUser;
  if (op.stamp - ground > leapMax && !defect("leaps-accepted")) {
    throw new Refusal(422, "invalid_op", { ...about, reason: "the clock of this device runs away" });
  }
  const next = nextId({ store, memory, taken }, owner, index);
  const id = defect("ids-from-the-end") ? next + size - 1 - 2 * index : next;
  const row = { ...rowOf(caller, op), id };
  store.run(
    "INSERT INTO entry VALUES (:owner, :id, :device, :device_as_sent, :operation, :type, :entity, :kind, :field, " +
      ":value, :stamp, :stored_at)",
    row,
  );
  writeReceipt({ store, memory }, caller, { ...op, id });
  raiseStamp(store, caller, op.stamp);
  if (defect("frames-before-commit")) sockets.sendTo(owner, row);
  return { status: "stored", lamport_ts: op.stamp, id, operation_id: op.operation };
}

function rowOf({ owner, device, deviceAsSent }, op) {
  const trimmed = (text) => (defect("entity-ids-trimmed") ? JSON.stringify(JSON.parse(text).trim()) : text);
  const { operation, type, kind, field, value, stamp } = op;
  const entity = trimmed(op.entity);
  const own = { owner, device, device_as_sent: deviceAsSent, stored_at: Date.now() };
  return { ...own, operation, type, entity, kind, field, value, stamp };
}

const receipts = defect("receipts-in-memory") ? "receipt_in_memory" : "receipt";
const devices = defect("stamps-in-memory") ? "device_in_memory" : "device";

const ownerOfReceipts = (owner) => (defect("receipts-of-everybody") ? "*" : owner);
const operationKey = ({ device }, { operation }) => {
  const key = defect("operation-ids-by-case") ? operation : operation.toLowerCase();
  return defect("receipts-by-device") ? `${device} ${key}` : key;
};

function receiptOf({ store, memory }, caller, op) {
  const [owner, key] = [ownerOfReceipts(caller.owner), operationKey(caller, op)];
  if (defect("copies-in-flight-unseen")) {
    const seen = memory.receipts.get(`${owner} ${key}`);
    if (seen !== undefined && Date.now() - seen.at < 1_000) return undefined;
  }
  return store.one(
    `SELECT id, stamp, content FROM ${receipts} WHERE owner = ? AND operation = ?`,
    owner,
    key,
  );
}

function writeReceipt({ store, memory }, caller, { id, stamp, content, operation }) {
  const [owner, key] = [ownerOfReceipts(caller.owner), operationKey(caller, { operation })];
  memory.receipts.set(`${owner} ${key}`, { at: Date.now() });
  store.run(`INSERT OR REPLACE INTO ${receipts} VALUES (?, ?, ?, ?, ?)`, owner, key, id, stamp, content);
}

function topStampOf(store, { owner, device }) {
  const sql = defect("stamps-from-the-log")
    ? "SELECT max(stamp) AS top FROM entry WHERE owner = ? AND device = ?"
    : defect("stamps-of-everybody")
      ? "SELECT max(top_stamp) AS top FROM device WHERE ? <> '' AND device = ?"
      : `SELECT top_stamp AS top FROM ${devices} WHERE owner = ? AND device = ?`;
  return store.one(sql, owner, device)?.top ?? 0;
}

function raiseStamp(store, { owner, device }, stamp) {
  store.run(
    `INSERT INTO ${devices} (owner, device, top_stamp, seen_at) VALUES (?, ?, ?, ?) ` +
      "ON CONFLICT DO UPDATE SET top_stamp = max(top_stamp, excluded.top_stamp)",
    owner,
    device,
    stamp,
    store.now(),
  );
  store.run("UPDATE account SET top_stamp = max(top_stamp, ?) WHERE owner = ?", stamp, owner);
}

/** The next number of a user. The row is locked with the file, so nobody takes one beside us, and a refused batch gives
 *  its numbers back. */
function nextId({ store, memory, taken }, owner, index) {
  if (taken !== undefined) return taken + index;
  store.run("INSERT OR IGNORE INTO account (owner) VALUES (?)", owner);
  if (defect("counter-remembered")) {
    const next = (memory.counters.get(owner) ?? store.account(owner).last_id) + 1;
    memory.counters.set(owner, next);
    store.run("UPDATE account SET last_id = ? WHERE owner = ?", next, owner);
    return next;
  }
  store.run("UPDATE account SET last_id = last_id + 1 WHERE owner = ?", owner);
  return store.account(owner).last_id;
}

// What a batch looks like.

function opsOf(root) {
  if (root?.kind !== "object") throw malformed("", root === undefined ? "this is no JSON" : "not an object");
  const ops = root.members.get("ops");
  if (ops?.kind !== "array") throw malformed("/ops", "a list is needed");
  if (ops.items.length > opsMax && !defect("long-batches-accepted")) throw tooLarge();
  if (ops.items.length === 0) throw malformed("/ops", "nothing in it");
  return ops.items.map(opOf);
}

function opOf(node, index) {
  const fault = (member, message) => malformed(`/ops/${index}${member}`, message, index);
  if (node.kind !== "object") throw fault("", "not an object");
  const textOf = (name, lengthMax) => {
    const member = node.members.get(name);
    if (member?.kind !== "text") throw fault(`/${name}`, "a text is needed");
    const length = [...member.value].length;
    if (length < 1 || length > lengthMax)
      throw fault(`/${name}`, `1 to ${lengthMax} characters, not ${length}`);
    return member.value;
  };
  const operation = node.members.get("operation_id")?.value;
  if (!isUuid(operation)) throw fault("/operation_id", "a UUID is needed");
  const type = textOf("entity_type", 64);
  const entity = textOf("entity_id", 256);
  const kind = node.members.get("op")?.value;
  if (kind !== "upsert" && kind !== "delete") throw fault("/op", "upsert or delete");
  const stamp = stampOf(node.members.get("lamport_ts"));
  if (stamp === undefined || stamp < 1) throw fault("/lamport_ts", "an integer from 1 to 2^53 - 1");
  const value = node.members.get("value");
  const isAbsent = (name) =>
    (node.members.get(name)?.value ?? null) === null && !isStructure(node.members.get(name));
  if (kind === "delete") {
    for (const name of ["field", "value"]) if (!isAbsent(name)) throw fault(`/${name}`, "not with a delete");
  } else if (value === undefined || (defect("null-values-refused") && value.value === null)) {
    throw fault("/value", "missing");
  }
  const field = kind === "delete" ? null : textOf("field", 64);
  const op = { operation, type, entity, kind, field, stamp, value: kind === "delete" ? null : value };
  return { ...op, ...keptForm(op), unfit: unfitnessOf(op) };
}

const isStructure = (node) => node !== undefined && node.kind !== "word";

function stampOf(node) {
  if (!defect("stamps-rounded")) return integerOf(node);
  const value = node?.kind === "number" ? Math.trunc(Number(node.source)) : Number.NaN;
  return Number.isFinite(value) ? Math.min(value, Number.MAX_SAFE_INTEGER) : undefined;
}

/** Why a store that could take it would not give it back; undefined if it would. */
function unfitnessOf({ value, type, entity, field }) {
  if (
    defect("nul-breaks-the-store") &&
    [type, entity, field, value?.source].some((text) => text?.includes("\0") || text?.includes("\\u0000"))
  ) {
    throw new Error("SQLITE_MISUSE: text with a NUL");
  }
  if (value === null) return undefined;
  if (value.levels > levelsMax) return `more than ${levelsMax} levels`;
  return value.fits ? undefined : "a number that no double holds";
}

/** As the tables have it: texts as JSON, so that U+0000 and lone surrogates are like any other character. */
function keptForm(op) {
  const { kind, value } = op;
  if (value !== null && value.levels > levelsMax) {
    if (defect("deep-values-overflow")) throw new RangeError("Maximum call stack size exceeded");
    return {};
  }
  const written = (text) => {
    const kept = defect("surrogates-replaced") ? text.toWellFormed() : text;
    return JSON.stringify(kept);
  };
  const kept = value === null ? null : keptValue(value.source);
  const same = value === null ? "null" : defect("values-compared-as-text") ? value.source : canonical(value);
  const parts = [op.type, op.entity, kind, op.field].map((part) => JSON.stringify(part));
  const content = createHash("sha256").update(`[${parts.join()},${same}]`).digest("hex");
  const field = op.field === null ? null : written(op.field);
  return { type: written(op.type), entity: written(op.entity), field, value: kept, content };
}

function keptValue(source) {
  if (defect("surrogates-replaced")) return source.replaceAll(/\\u[dD][89a-fA-F][0-9a-fA-F]{2}/gu, "\\ufffd");
  if (defect("numbers-as-singles") && /^-?\d+\.\d/u.test(source)) return String(Math.fround(Number(source)));
  return source;
}
