// The tables, and every transaction on them. A user's writers (push and compaction) queue up on the user's row in
// `accounts`, from before the first id is taken until the commit, so ids become visible in their order.
import { createHmac, timingSafeEqual } from "node:crypto";
import pg from "pg";
import { Refusal } from "./input.mjs";

pg.types.setTypeParser(pg.types.builtins.INT8, Number);
export const CHANNEL = "notes";
const MAX_LEAP = 2 ** 32;
const STALE_DAYS = Number(process.env.STALE_AFTER_DAYS ?? 90);

const SCHEMA = `
  CREATE SEQUENCE IF NOT EXISTS note_numbers;
  CREATE TABLE IF NOT EXISTS accounts (
    owner text PRIMARY KEY,
    compacted_up_to bigint NOT NULL DEFAULT 0,
    compactions bigint NOT NULL DEFAULT 0
  );
  CREATE TABLE IF NOT EXISTS notes_log (
    owner text NOT NULL, id bigint NOT NULL, prev_id bigint NOT NULL,
    device text NOT NULL, operation text NOT NULL,
    entity_type text NOT NULL, entity_id text NOT NULL, kind text NOT NULL, field text, body text,
    stamp bigint NOT NULL, stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (owner, id)
  );
  CREATE INDEX IF NOT EXISTS notes_by_entity ON notes_log (owner, entity_type, entity_id, id);
  CREATE TABLE IF NOT EXISTS receipts (
    owner text NOT NULL, operation uuid NOT NULL, id bigint NOT NULL, stamp bigint NOT NULL, fingerprint text NOT NULL,
    PRIMARY KEY (owner, operation)
  );
  CREATE TABLE IF NOT EXISTS stamps (
    owner text NOT NULL, device uuid NOT NULL, highest bigint NOT NULL, PRIMARY KEY (owner, device)
  );
  CREATE TABLE IF NOT EXISTS devices (
    owner text NOT NULL, device uuid NOT NULL, contact_at timestamptz NOT NULL, PRIMARY KEY (owner, device)
  );
  CREATE TABLE IF NOT EXISTS cursors (
    owner text NOT NULL, device uuid NOT NULL, last_seen bigint NOT NULL, PRIMARY KEY (owner, device)
  );
  CREATE TABLE IF NOT EXISTS clock (one boolean PRIMARY KEY DEFAULT true CHECK (one), shift_ms bigint NOT NULL);
  INSERT INTO clock (shift_ms) VALUES (0) ON CONFLICT DO NOTHING`;

const NOW = "(clock_timestamp() + (SELECT shift_ms FROM clock) * interval '1 millisecond')";
const HEAD = `SELECT COALESCE((SELECT compacted_up_to FROM accounts WHERE owner = $1), 0) AS mark,
  COALESCE((SELECT compactions FROM accounts WHERE owner = $1), 0) AS compactions,
  COALESCE((SELECT max(id) FROM notes_log WHERE owner = $1), 0) AS head`;
const NOTES = "SELECT * FROM notes_log WHERE owner = $1 AND id > $2 ORDER BY id LIMIT $3";

export const toWire = (row) => ({
  id: row.id,
  device_id: row.device,
  operation_id: row.operation,
  entity_type: row.entity_type,
  entity_id: row.entity_id,
  op: row.kind,
  field: row.field,
  value: row.body === null ? null : JSON.parse(row.body),
  lamport_ts: row.stamp,
  wall_clock: row.stored_at.toISOString(),
});

export function openStore({ databaseUrl, secret, defects }) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 20, connectionTimeoutMillis: 8000 });
  // A connection that breaks while it is lent out reports to whoever runs the query; the event would end the process.
  pool.on("connect", (client) => client.on("error", () => {}));
  pool.on("error", () => {});

  /** Runs `work` between BEGIN and COMMIT; anything thrown rolls back. A broken connection is not used again. */
  async function transaction(begin, work) {
    const client = await pool.connect();
    let broken;
    try {
      await client.query(begin);
      const result = await work(client);
      await client.query("COMMIT");
      return result;
    } catch (error) {
      await client.query("ROLLBACK").catch((failure) => (broken = failure));
      throw error;
    } finally {
      client.release(broken);
    }
  }

  /** Until the commit nobody else writes for this user. */
  async function lockAccount(client, owner) {
    await client.query("INSERT INTO accounts (owner) VALUES ($1) ON CONFLICT DO NOTHING", [owner]);
    const { rows } = await client.query("SELECT * FROM accounts WHERE owner = $1 FOR UPDATE", [owner]);
    return rows[0];
  }

  async function start() {
    await transaction("BEGIN", async (client) => {
      await client.query("SELECT pg_advisory_xact_lock(20260706)"); // two processes may start at once
      await client.query(SCHEMA);
    });
  }

  async function touch(owner, device) {
    await pool.query(
      `INSERT INTO devices (owner, device, contact_at) VALUES ($1, $2, ${NOW})
       ON CONFLICT (owner, device) DO UPDATE SET contact_at = GREATEST(devices.contact_at, EXCLUDED.contact_at)`,
      [owner, device],
    );
  }

  /** Receipt, then stamp, op by op; gives the results, and in `fresh` the ops that still need a number. */
  async function judge(client, owner, device, ops) {
    const keys = ops.map((op) => op.key);
    const { rows: known } = await client.query(
      "SELECT operation, id, stamp, fingerprint FROM receipts WHERE owner = $1 AND operation = ANY($2::uuid[])",
      [owner, keys],
    );
    const { rows: highest } = await client.query(
      "SELECT COALESCE(max(highest) FILTER (WHERE device = $2), 0) AS mine, COALESCE(max(highest), 0) AS anyones FROM stamps WHERE owner = $1",
      [owner, device],
    );
    const ceiling = highest[0].anyones + MAX_LEAP;
    const receipts = new Map(known.map((row) => [row.operation, row]));
    const fresh = [];
    let max = highest[0].mine;
    const results = ops.map((op, index) => {
      const about = { operation_id: op.operation_id, index };
      if (op.reason) throw new Refusal(422, { type: "invalid_op", ...about, reason: op.reason });
      const receipt = receipts.get(op.key);
      if (receipt) {
        if (receipt.fingerprint !== op.fingerprint)
          throw new Refusal(409, { type: "operation_conflict", ...about });
        return { op, receipt, status: "duplicate" };
      }
      if (op.stamp <= max) {
        const body = { type: "lamport_regression", ...about, lamport_ts: op.stamp, stored_max: max };
        throw new Refusal(409, body);
      }
      if (op.stamp > ceiling)
        throw new Refusal(422, { type: "invalid_op", ...about, reason: "stamp too far ahead" });
      max = op.stamp;
      fresh.push(op);
      receipts.set(op.key, op);
      return { op, receipt: op, status: "stored" };
    });
    return { results, fresh, max };
  }

  async function insertOps(client, owner, device, deviceAsSent, fresh, max) {
    const { rows: before } = await client.query(HEAD, [owner]);
    const { rows: numbers } = await client.query(
      "SELECT nextval('note_numbers') AS id FROM generate_series(1, $1)",
      [fresh.length],
    );
    const ids = numbers.map((row) => row.id).sort((a, b) => a - b);
    for (const [index, op] of fresh.entries()) op.id = ids[index];
    const column = (name) => fresh.map((op) => op[name]);
    await client.query(
      `INSERT INTO notes_log (owner, device, id, prev_id, operation, entity_type, entity_id, kind, field, body, stamp)
       SELECT $1, $2, new.* FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[],
         $9::text[], $10::text[], $11::bigint[]) AS new`,
      [owner, deviceAsSent, ids, [before[0].head, ...ids.slice(0, -1)]].concat(
        ["operation_id", "entity_type", "entity_id", "op", "field", "body", "stamp"].map((name) => [
          ...column(name),
        ]),
      ),
    );
    await client.query(
      `INSERT INTO receipts (owner, operation, id, stamp, fingerprint)
       SELECT $1, new.* FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::text[]) AS new`,
      [owner, column("key"), ids, column("stamp"), column("fingerprint")],
    );
    await client.query(
      `INSERT INTO stamps (owner, device, highest) VALUES ($1, $2, $3)
       ON CONFLICT (owner, device) DO UPDATE SET highest = GREATEST(stamps.highest, EXCLUDED.highest)`,
      [owner, device, max],
    );
    await client.query("SELECT pg_notify($1, $2)", [CHANNEL, owner]);
  }

  /** Stores a batch, all or nothing. `answer` is for the defect that does not wait for the commit. */
  async function push({ owner, device, deviceAsSent }, ops, answer, attempt = 1) {
    try {
      return await transaction("BEGIN", async (client) => {
        if (!defects.has("no-lock")) await lockAccount(client, owner);
        const { results, fresh, max } = await judge(client, owner, device, ops);
        if (fresh.length > 0) await insertOps(client, owner, device, deviceAsSent, fresh, max);
        const { rows } = await client.query(HEAD, [owner]);
        const reply = {
          results: results.map(({ op, receipt, status }) => ({
            ...{ operation_id: op.operation_id, id: receipt.id, lamport_ts: receipt.stamp, status },
          })),
          head: rows[0].head,
        };
        if (defects.has("answer-before-commit")) await answer(reply);
        return reply;
      });
    } catch (error) {
      const again = ["23505", "40001", "40P01"].includes(error.code) && attempt < 4;
      if (again) return push({ owner, device, deviceAsSent }, ops, answer, attempt + 1);
      throw error;
    }
  }

  const signature = (text) => createHmac("sha256", `resync:${secret}`).update(text).digest("base64url");
  const walkToken = (owner, state) => {
    const text = `${state.mark}.${state.compactions}`;
    return `${text}.${signature(`${owner}.${text}`)}`;
  };
  /** What a token says, or null for one that we did not give to this user. */
  function readWalk(owner, token) {
    const [, text, given] = /^(\d+\.\d+)\.([\w-]{43})$/u.exec(token ?? "") ?? [];
    if (!text || !timingSafeEqual(Buffer.from(given), Buffer.from(signature(`${owner}.${text}`))))
      return null;
    return token;
  }

  async function pull(owner, since, limit, token) {
    const snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    const [state, rows] = await transaction(snapshot, async (client) => [
      (await client.query(HEAD, [owner])).rows[0],
      (await client.query(NOTES, [owner, since, limit + 1])).rows,
    ]);
    const gone = (more) =>
      new Refusal(410, { type: "resync_required", compacted_up_to: state.mark, ...more });
    if (since > state.head) throw gone({ reason: "cursor_ahead" });
    const current = walkToken(owner, state);
    const walk = since === 0 ? current : readWalk(owner, token);
    if (walk === null && since < state.mark) throw gone();
    if (walk !== null && walk !== current) throw gone({ reason: "walk_outdated" });
    const hasMore = rows.length > limit;
    const resync = walk !== null && (hasMore || since > 0) ? { resync: walk } : {};
    return { ops: rows.slice(0, limit).map(toWire), head: state.head, has_more: hasMore, ...resync };
  }

  const headOf = async (owner) => (await pool.query(HEAD, [owner])).rows[0];
  const notesAfter = async (owner, id, limit) => (await pool.query(NOTES, [owner, id, limit])).rows;

  async function cursorOf(owner, device) {
    const sql = "SELECT last_seen FROM cursors WHERE owner = $1 AND device = $2";
    return (await pool.query(sql, [owner, device])).rows[0]?.last_seen ?? null;
  }

  async function writeCursor(owner, device, lastSeen) {
    await pool.query(
      `INSERT INTO cursors (owner, device, last_seen) VALUES ($1, $2, $3)
       ON CONFLICT (owner, device) DO UPDATE SET last_seen = GREATEST(cursors.last_seen, EXCLUDED.last_seen)`,
      [owner, device, lastSeen],
    );
  }

  /** Deletes what every live device has seen superseded. Waiting ACKs must be written before. */
  async function compact(owner) {
    const raise = (client, mark) =>
      client.query(
        `UPDATE accounts SET compacted_up_to = GREATEST(compacted_up_to, $2), compactions = compactions + 1
         WHERE owner = $1 RETURNING compacted_up_to`,
        [owner, mark],
      );
    const done = await transaction("BEGIN", async (client) => {
      const account = await lockAccount(client, owner);
      const { rows } = await client.query(
        `SELECT min(c.last_seen) AS floor FROM cursors c LEFT JOIN devices d USING (owner, device)
         WHERE c.owner = $1 AND (d.contact_at IS NULL OR d.contact_at >= ${NOW} - $2 * interval '1 day')`,
        [owner, STALE_DAYS],
      );
      const { rows: deleted } = await client.query(
        `DELETE FROM notes_log old WHERE old.owner = $1 AND old.id < $2 AND EXISTS (
           SELECT FROM notes_log newer
           WHERE newer.owner = $1 AND newer.id < $2 AND newer.id > old.id AND newer.entity_type = old.entity_type
             AND newer.entity_id = old.entity_id AND (newer.kind = 'delete' OR newer.field = old.field))
         RETURNING old.id`,
        [owner, rows[0].floor ?? 0],
      );
      const ids = deleted.map((row) => row.id);
      if (ids.length === 0) return { mark: account.compacted_up_to, highest: 0, deleted: 0 };
      const highest = ids.reduce((a, b) => Math.max(a, b));
      if (defects.has("receipts-die")) {
        await client.query("DELETE FROM receipts WHERE owner = $1 AND id = ANY($2::bigint[])", [owner, ids]);
      }
      const mark = Math.max(account.compacted_up_to, highest);
      if (!defects.has("two-transactions")) await raise(client, highest);
      await client.query("SELECT pg_notify($1, $2)", [CHANNEL, owner]);
      return { mark, highest, deleted: ids.length };
    });
    if (defects.has("two-transactions") && done.deleted > 0) {
      await transaction("BEGIN", async (client) => {
        await raise(client, done.highest);
        await client.query("SELECT pg_notify($1, $2)", [CHANNEL, owner]);
      });
    }
    return { compacted_up_to: done.mark, deleted: done.deleted };
  }

  async function owners() {
    return (await pool.query("SELECT owner FROM accounts")).rows.map((row) => row.owner);
  }

  async function advanceClock(ms) {
    const { rows } = await pool.query(
      "UPDATE clock SET shift_ms = shift_ms + $1 RETURNING clock_timestamp() + shift_ms * interval '1 millisecond' AS now",
      [ms],
    );
    return rows[0].now;
  }

  const reads = { pull, headOf, notesAfter, cursorOf, owners };
  return { start, touch, push, ...reads, writeCursor, compact, advanceClock, end: () => pool.end() };
}
