// A device's disk in one SQLite file. A commit is one transaction that has reached the medium when it returns (WAL,
// synchronous = FULL), unless its owner has no use for that. The file belongs to one device at a time: the device keeps a mirror of it in memory, and a
// second process that wrote to it would be overwritten.
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { JsonValue } from "../../protocol/json.ts";
import {
  DiskFailed,
  type Disk,
  type DiskContents,
  type DiskTable,
  type DiskWrite,
} from "../waveflow/ports.ts";

export interface SqliteDiskOptions {
  /** One per profile. Made if it does not exist; its folder has to. */
  readonly file: string;
  /** How long to wait for another process to let go of the file. Units: milliseconds. */
  readonly lockTimeoutMs?: number;
  /** `process`: a commit outlives the end of this process, and not that of the machine. For tests, in which machines do
   *  not end: it spares the wait for the medium. Default: `machine`. */
  readonly outlives?: "machine" | "process";
}

export class SqliteDisk implements Disk {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #statements: Readonly<Record<DiskWrite["kind"] | "load", StatementSync>>;

  /** Opens the file, or makes it.
   *  Errors: `DiskFailed` where it is locked, damaged, no device file, or cannot be opened. */
  constructor(options: SqliteDiskOptions) {
    const { file, lockTimeoutMs = 1_000, outlives = "machine" } = options;
    this.#file = file;
    this.#database = this.#guard(() => new DatabaseSync(file, { timeout: lockTimeoutMs }));
    try {
      this.#statements = this.#guard(() => {
        prepareFile(this.#database, outlives);
        return {
          put: this.#database.prepare(
            "INSERT INTO rows (name, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
          ),
          remove: this.#database.prepare("DELETE FROM rows WHERE name = ? AND key = ?"),
          clear: this.#database.prepare("DELETE FROM rows WHERE name = ?"),
          load: this.#database.prepare("SELECT name, key, value FROM rows"),
        };
      });
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  async load(): Promise<DiskContents> {
    return this.#guard(() => {
      const tables = new Map<DiskTable, [string, JsonValue][]>();
      for (const row of this.#statements.load.iterate()) {
        const { name, key, value } = row as { name: DiskTable; key: string; value: string };
        const rows = tables.get(name) ?? [];
        tables.set(name, rows);
        rows.push([JSON.parse(key) as string, JSON.parse(value) as JsonValue]);
      }
      const sorted = [...tables].map(([name, rows]) => [name, new Map(rows.sort(byKey))] as const);
      return new Map(sorted);
    });
  }

  async commit(writes: readonly DiskWrite[]): Promise<void> {
    this.#guard(() => {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        for (const write of writes) this.#write(write);
        this.#database.exec("COMMIT");
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
        throw error;
      }
    });
  }

  close(): void {
    this.#database.close();
  }

  /** Keys as JSON text: SQLite's own text loses lone surrogates, and an entity may be named by one. */
  #write(write: DiskWrite): void {
    const { put, remove, clear } = this.#statements;
    switch (write.kind) {
      case "put":
        put.run(write.table, JSON.stringify(write.key), JSON.stringify(write.value));
        return;
      case "remove":
        remove.run(write.table, JSON.stringify(write.key));
        return;
      case "clear":
        clear.run(write.table);
        return;
    }
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof DiskFailed) throw error;
      throw new DiskFailed(`${this.#file}: ${describeFailure(error)}`, { cause: error });
    }
  }
}

/** "WFLW", in the place where SQLite keeps whose file it is. */
const applicationId = 0x57464c57;
const schemaVersion = 1;

function prepareFile(database: DatabaseSync, outlives: "machine" | "process"): void {
  const synchronous = outlives === "machine" ? "FULL" : "OFF";
  // Exclusive before the first access, so that the lock is taken now and kept: a second device finds out at once.
  database.exec(
    `PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`,
  );
  const application = readPragma(database, "application_id");
  const version = readPragma(database, "user_version");
  if (application === applicationId && version === schemaVersion) {
    database.exec("BEGIN IMMEDIATE; COMMIT");
    return;
  }
  const hasTables = database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() !== undefined;
  if (hasTables) {
    throw new DiskFailed(
      `expected a device file of version ${schemaVersion}, got application ${application}, version ${version}`,
    );
  }
  database.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE rows (name TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (name, key)) STRICT, WITHOUT ROWID;
    PRAGMA application_id = ${applicationId};
    PRAGMA user_version = ${schemaVersion};
    COMMIT`);
}

function readPragma(database: DatabaseSync, name: "application_id" | "user_version"): unknown {
  return database.prepare(`PRAGMA ${name}`).get()?.[name];
}

/** What a person can do about it, for the result codes that they can do something about.
 *  Source: SQLite manual, "Result and Error Codes". */
function describeFailure(error: unknown): string {
  const { errcode, message } = error as { errcode?: number; message?: string };
  switch ((errcode ?? 0) & 0xff) {
    case 5:
    case 6:
      return "locked: another process uses this device file";
    case 11:
      return `damaged: ${message}`;
    case 13:
      return "the disk is full";
    case 14:
      return "cannot be opened: does the folder exist, and may it be written to?";
    case 26:
      return "no device file: not an SQLite database";
    default:
      return message ?? String(error);
  }
}

const byKey = ([left]: [string, JsonValue], [right]: [string, JsonValue]): number =>
  left < right ? -1 : left > right ? 1 : 0;
