// The tables, in one SQLite file that several processes may share. A write takes the file's only write lock before it
// reads anything and keeps it to its commit, so writers never stand side by side; readers see one snapshot.
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { defect } from "./defects.mjs";

/** How long a process waits for another's transaction.  Units: milliseconds. */
const patience = 5_000;

const tables = `
  CREATE TABLE IF NOT EXISTS account (
    owner TEXT PRIMARY KEY, last_id INTEGER NOT NULL DEFAULT 0, top_stamp INTEGER NOT NULL DEFAULT 0,
    compacted INTEGER NOT NULL DEFAULT 0, sweeps INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS entry (
    owner TEXT, id INTEGER, device TEXT, device_as_sent TEXT, operation TEXT, type TEXT, entity TEXT, kind TEXT,
    field TEXT, value TEXT, stamp INTEGER, stored_at INTEGER, PRIMARY KEY (owner, id)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS entry_of_entity ON entry (owner, type, entity, id);
  CREATE TABLE IF NOT EXISTS receipt (
    owner TEXT, operation TEXT, id INTEGER, stamp INTEGER, content TEXT, PRIMARY KEY (owner, operation)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS device (
    owner TEXT, device TEXT, top_stamp INTEGER NOT NULL DEFAULT 0, seen_at INTEGER NOT NULL,
    PRIMARY KEY (owner, device)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS cursor (
    owner TEXT, device TEXT, upto INTEGER NOT NULL, acked_at INTEGER NOT NULL, PRIMARY KEY (owner, device)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS clock (one INTEGER PRIMARY KEY CHECK (one = 1), ahead INTEGER NOT NULL);
  INSERT OR IGNORE INTO clock VALUES (1, 0);
`;

/** What some mistakes keep in place of a table: gone with the process. */
const tablesInMemory = `
  CREATE TEMP TABLE receipt_in_memory AS SELECT * FROM receipt LIMIT 0;
  CREATE UNIQUE INDEX temp.receipt_in_memory_key ON receipt_in_memory (owner, operation);
  CREATE TEMP TABLE device_in_memory AS SELECT * FROM device LIMIT 0;
  CREATE UNIQUE INDEX temp.device_in_memory_key ON device_in_memory (owner, device);
`;

export class Store {
  #db;
  #statements = new Map();
  #groupEnd;

  constructor(file) {
    mkdirSync(dirname(file), { recursive: true });
    this.#db = new DatabaseSync(file);
    this.#db.exec(`PRAGMA busy_timeout = ${patience}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`);
    this.write(() => this.#db.exec(tables));
    if (defect("receipts-in-memory") || defect("stamps-in-memory")) this.#db.exec(tablesInMemory);
  }

  /** Runs `work` alone: all of it is committed and on the disk when this returns, or none of it ever is. */
  write(work) {
    if (defect("commits-in-groups")) return this.#writeInGroup(work);
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  /** Runs `work` on one snapshot. */
  read(work) {
    if (this.#db.isTransaction) return work();
    this.#db.exec("BEGIN");
    try {
      return work();
    } finally {
      this.#db.exec("COMMIT");
    }
  }

  /** Several writes share a commit that nobody waits for. */
  #writeInGroup(work) {
    if (!this.#db.isTransaction) {
      this.#db.exec("BEGIN IMMEDIATE");
      this.#groupEnd = setTimeout(() => this.#db.exec("COMMIT"), 400);
    }
    this.#db.exec("SAVEPOINT one");
    try {
      const result = work();
      this.#db.exec("RELEASE one");
      return result;
    } catch (error) {
      this.#db.exec("ROLLBACK TO one; RELEASE one");
      throw error;
    }
  }

  one(sql, ...values) {
    return this.#prepared(sql).get(...values);
  }

  all(sql, ...values) {
    return this.#prepared(sql).all(...values);
  }

  run(sql, ...values) {
    return this.#prepared(sql).run(...values);
  }

  #prepared(sql) {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }

  /** Changes when another process has committed something. */
  version() {
    return this.one("PRAGMA data_version").data_version;
  }

  /** What the clock hook has added.  Units: milliseconds. */
  ahead() {
    return this.one("SELECT ahead FROM clock").ahead;
  }

  /** The time by which contact is counted.  Units: milliseconds since the epoch. */
  now() {
    return Date.now() + this.ahead();
  }

  advance(byMs) {
    this.run("UPDATE clock SET ahead = ahead + ?", byMs);
    return this.now();
  }

  account(owner) {
    const row = this.one("SELECT last_id, top_stamp, compacted, sweeps FROM account WHERE owner = ?", owner);
    return row ?? { last_id: 0, top_stamp: 0, compacted: 0, sweeps: 0 };
  }

  owners() {
    return this.all("SELECT owner FROM account").map(({ owner }) => owner);
  }

  /** The device is there. Noted to the second, so that a chatty device costs no write for each of its requests. */
  touch(owner, device) {
    const now = this.now();
    const seen = this.one("SELECT seen_at FROM device WHERE owner = ? AND device = ?", owner, device);
    if (seen !== undefined && now - seen.seen_at < 1_000) return;
    this.run(
      "INSERT INTO device (owner, device, seen_at) VALUES (?, ?, ?) " +
        "ON CONFLICT DO UPDATE SET seen_at = max(seen_at, excluded.seen_at)",
      owner,
      device,
      now,
    );
  }

  entriesAfter(owner, since, limit = -1) {
    const sql = "SELECT * FROM entry WHERE owner = ? AND id > ? ORDER BY id LIMIT ?";
    return this.all(sql, owner, since, limit);
  }

  acknowledged(owner, device) {
    const sql = "SELECT upto FROM cursor WHERE owner = ? AND device = ?";
    return this.one(sql, ownerOfCursors(owner), device)?.upto ?? 0;
  }

  close() {
    clearTimeout(this.#groupEnd);
    if (this.#db.isTransaction) this.#db.exec("COMMIT");
    this.#db.close();
  }
}

/** Under whom a user's cursors are kept. */
export const ownerOfCursors = (owner) => (defect("cursors-of-everybody") ? "*" : owner);

/** A stored op as JSON text, in an order of our own. */
export function opText(row) {
  return (
    `{"wall_clock":"${new Date(row.stored_at).toISOString().replace("Z", "+00:00")}","lamport_ts":${row.stamp},` +
    `"value":${row.value ?? "null"},"field":${row.field ?? "null"},"op":"${row.kind}","entity_id":${row.entity},` +
    `"entity_type":${row.type},"operation_id":"${row.operation}","device_id":"${row.device_as_sent}","id":${row.id},` +
    `"_kept_by":"neighbour"}`
  );
}
