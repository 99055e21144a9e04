// GET /sync/ops. Without a limit everything is given at once; with one, a read from 0 carries a token that takes its
// later pages past the guard, for as long as no op of the user has been deleted since.
import { createHmac } from "node:crypto";
import { defect } from "./defects.mjs";
import { headOf } from "./push.mjs";
import { malformed, Refusal } from "./refusal.mjs";
import { opText } from "./store.mjs";

/** The body of a page, as JSON text.  Errors: Refusal 400, 410. */
export function pull(context, caller, query) {
  const since = numberOf(query, "since", 0) ?? 0;
  const asked = numberOf(query, "limit", 1);
  if (asked > 1_000) throw malformed("limit", "1 to 1000");
  const limit = defect("limit-ignored") ? undefined : asked;
  const page = () => pageOf(context, caller, { since, limit, token: query.get("resync") });
  if (defect("pulls-acknowledge")) return context.store.write(page);
  return context.store.read(page);
}

function numberOf(query, name, min) {
  const given = query.getAll(name);
  if (given.length === 0) return undefined;
  const [text] = given;
  const value = Number(text);
  const isWritten =
    /^(?:0|[1-9][0-9]{0,15})$/u.test(text) || (defect("query-read-loosely") && !Number.isNaN(value));
  if (given.length > 1 || !isWritten || !(value <= Number.MAX_SAFE_INTEGER))
    throw malformed(name, "not an integer");
  if (value < min && !defect("query-read-loosely")) throw malformed(name, `at least ${min}`);
  return value;
}

function pageOf({ store, secret, memory }, { owner, device }, { since, limit, token }) {
  const account = store.account(owner);
  const head = headFor(store, owner, memory);
  const watermark = watermarkOf(account, owner, memory);
  const walk = since === 0 ? undefined : walkOf(token, owner, secret);
  if (since > head && !defect("cursors-ahead-welcome")) throw resync(watermark, { reason: "cursor_ahead" });
  const isOver = walk !== undefined && walk !== String(account.sweeps) && !defect("walks-outlive-compaction");
  const isUnknown = walk === undefined && isBehind(since, watermark);
  if ((isOver || isUnknown) && !defect("no-guard")) throw resync(watermark);
  const rows = rowsOf(store, owner, { since, limit, device });
  const hasMore = limit !== undefined && rows.length > limit;
  const given = hasMore ? rows.slice(0, limit) : rows;
  if (defect("pulls-acknowledge")) acknowledgeBy(store, { owner, device }, given.at(-1)?.id ?? since);
  const begun = since === 0 && hasMore ? tokenFor({ owner, account, secret }) : undefined;
  const next = defect("no-walk-token") ? undefined : walk === undefined ? begun : token;
  const isLast = !hasMore || defect("every-page-is-the-last");
  const told = defect("head-is-the-last-op-given") ? (given.at(-1)?.id ?? 0) : head;
  const resyncMember = next === undefined ? "" : `"resync":${JSON.stringify(next)},`;
  return `{${resyncMember}"has_more":${String(!isLast)},"given":${given.length},"head":${told},"ops":[${given.map(opText).join()}]}`;
}

function isBehind(since, watermark) {
  if (defect("guard-at-zero") && since === 0 && watermark > 0) return true;
  if (since === 0) return false;
  if (defect("guard-one-too-early")) return since <= watermark;
  if (defect("guard-one-too-late")) return since < watermark - 1;
  return since < watermark;
}

function headFor(store, owner, memory) {
  if (!defect("head-remembered")) return headOf(store, owner);
  if (!memory.heads.has(owner)) memory.heads.set(owner, headOf(store, owner));
  return memory.heads.get(owner);
}

function watermarkOf(account, owner, memory) {
  if (!defect("watermark-remembered")) return account.compacted;
  if (!memory.watermarks.has(owner)) memory.watermarks.set(owner, account.compacted);
  return memory.watermarks.get(owner);
}

function resync(watermark, members = {}) {
  return new Refusal(410, "resync_required", {
    ...members,
    advice: "read from 0",
    compacted_up_to: watermark,
  });
}

function rowsOf(store, owner, { since, limit, device }) {
  const rows = store.entriesAfter(owner, defect("since-included") ? since - 1 : since, rowsMax(limit));
  if (defect("own-ops-left-out")) return rows.filter((row) => row.device !== device);
  return defect("pages-newest-first") ? rows.reverse() : rows;
}

/** One more than asked for: whether it is there says whether there is more. */
function rowsMax(limit) {
  return limit === undefined ? -1 : limit + 1;
}

function acknowledgeBy(store, { owner, device }, id) {
  store.run(
    "INSERT INTO cursor VALUES (?, ?, ?, 0) ON CONFLICT DO UPDATE SET upto = max(upto, excluded.upto)",
    owner,
    device,
    id,
  );
}

// A token says during which sweep of compaction its walk began, and is signed for its user.

const tokenFor = ({ owner, account, secret }) =>
  `${account.sweeps}.${account.compacted}.${sealOf(String(account.sweeps), owner, secret)}`;

function walkOf(token, owner, secret) {
  const [sweep, , seal] = (token ?? "").split(".");
  return seal !== undefined && seal === sealOf(sweep, owner, secret) ? sweep : undefined;
}

function sealOf(sweep, owner, secret) {
  const bound = defect("walks-of-everybody") ? "" : owner;
  return createHmac("sha256", `walk ${secret}`).update(`${sweep} ${bound}`).digest("base64url");
}
