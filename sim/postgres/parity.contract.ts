// The contract between the engine and PostgreSQL: a script of interleaved steps, run by both, must leave the same record.
// A record holds every answer, whether a statement had to wait, after which step it was let go, the notifications in their
// order, and what is in the tables at the end. Times are no part of it.
// PostgreSQL leaves open which of several sessions freed at once goes first. The engine is run with every such choice, and
// PostgreSQL's record has to be one of those.
import { Engine, type EngineTimers, type Outcome, type Session } from "./engine.ts";
import { defineTable, type Table } from "./schema.ts";
import * as statements from "./statements.ts";

export interface ParityRow {
  readonly id: number;
  readonly code: number;
  readonly val: number;
}

export type TableName = "item" | "note";

/** `val` is compared by its parity only where `parity` is given. */
export type Condition =
  | { readonly by: "id"; readonly from: number; readonly to: number; readonly parity?: 0 | 1 }
  | { readonly by: "code"; readonly code: number; readonly parity?: 0 | 1 };

/** What a session does in one step. */
export type ParityOperation =
  | { readonly do: "begin"; readonly isolation: statements.Isolation }
  | { readonly do: "commit" | "rollback" }
  | {
      readonly do: "insert";
      readonly table: TableName;
      readonly rows: readonly ParityRow[];
      readonly conflict?: "any nothing" | "id nothing" | "id add" | "id add if small";
    }
  | {
      readonly do: "select";
      readonly table: TableName;
      readonly where: Condition;
      readonly order?: "ascending" | "descending";
      readonly limit?: number;
      readonly lock?: statements.RowLockStrength;
      readonly skipLocked?: boolean;
    }
  | {
      readonly do: "update";
      readonly table: TableName;
      readonly where: Condition;
      readonly set: "add" | "val" | "code" | "id";
      readonly value: number;
    }
  | { readonly do: "delete"; readonly table: TableName; readonly where: Condition }
  | { readonly do: "max"; readonly table: TableName; readonly where: Condition }
  | { readonly do: "nextval"; readonly count: number }
  | { readonly do: "setval"; readonly value: number }
  | {
      readonly do: "lock" | "try lock";
      readonly key: number;
      readonly mode: "exclusive" | "shared";
      readonly level: "transaction" | "session";
    }
  | { readonly do: "unlock"; readonly key: number; readonly mode: "exclusive" | "shared" }
  | { readonly do: "notify"; readonly payload: string };

export type SessionName = "a" | "b" | "c";

export interface ParityStep {
  readonly session: SessionName;
  readonly operation: ParityOperation;
}

/** Interleaved steps over `initialRows`. A step of a session that still waits is left out, in both runs alike. */
export interface ParityScript {
  readonly steps: readonly ParityStep[];
}

/** What a statement answered: a value, or the SQLSTATE and constraint of its error. */
export type Answer =
  | { readonly value: unknown }
  | { readonly sqlstate: string; readonly constraint: string | undefined };

/** One statement as it went. `doneAfter` is the step that let it go; its own number where it did not wait. Steps beyond
 *  the script are the sessions' ends: commit and disconnect, in order, as soon as each is free. */
export interface StepRecord {
  readonly step: number;
  readonly session: SessionName;
  readonly sql: string;
  waited: boolean;
  doneAfter: number | undefined;
  answer: Answer | undefined;
}

export interface ParityRecord {
  readonly steps: readonly StepRecord[];
  readonly notifications: readonly string[];
  readonly contents: Readonly<Record<TableName, readonly ParityRow[]>>;
  readonly lastId: number;
}

/** The world that a script runs in. `run` hands a statement over; `settle` returns when every statement that was handed
 *  over is answered or waits, and no circle of waiting is left that the database would still break. */
export interface ParityWorld {
  run(session: SessionName, operation: ParityOperation, onAnswer: (answer: Answer) => void): void;
  disconnect(session: SessionName): void;
  settle(): Promise<void> | void;
  finish(): Promise<Omit<ParityRecord, "steps">> | Omit<ParityRecord, "steps">;
}

export const initialRows: Readonly<Record<TableName, readonly ParityRow[]>> = {
  item: [1, 2, 3].map((id) => ({ id, code: id * 10, val: id * 100 })),
  note: [1, 2, 3].map((id) => ({ id, code: 10, val: id * 100 })),
};

export const paritySchemaSql = `
  CREATE TABLE item (id int NOT NULL, code int NOT NULL, val int NOT NULL);
  ALTER TABLE item ADD CONSTRAINT item_pkey PRIMARY KEY (id);
  ALTER TABLE item ADD CONSTRAINT item_code_key UNIQUE (code);
  CREATE TABLE note (id int NOT NULL, code int NOT NULL, val int NOT NULL);
  ALTER TABLE note ADD CONSTRAINT note_pkey PRIMARY KEY (id);
  CREATE INDEX note_code ON note (code, id);
  CREATE SEQUENCE ids;`;

/** Rows of one statement are locked in the order in which they are found, so both have to find them by the same index. */
export const paritySessionSql =
  "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off;";

/** Runs a script against a world and answers its record. */
export async function runScript(script: ParityScript, world: ParityWorld): Promise<ParityRecord> {
  const runner = new ScriptRunner(world);
  for (const { session, operation } of script.steps) await runner.step(session, operation);
  await runner.end();
  return { steps: runner.records, ...(await world.finish()) };
}

/** Every record that the engine can leave, over the choices that PostgreSQL leaves open; the first is the engine's own. */
export async function engineRecords(script: ParityScript): Promise<readonly ParityRecord[]> {
  const records = new Map<string, ParityRecord>();
  let choices: number[] | undefined = [];
  for (let run = 0; choices !== undefined && run < choiceRunsMax; run += 1) {
    const world = new EngineWorld(choices);
    const record = await runScript(script, world);
    records.set(JSON.stringify(record), record);
    choices = nextChoices(world.widths, world.taken);
  }
  return [...records.values()];
}

const choiceRunsMax = 400;

/** The statement in SQL. */
export function operationToSql(operation: ParityOperation): string {
  switch (operation.do) {
    case "begin":
      return `BEGIN ISOLATION LEVEL ${operation.isolation.toUpperCase()}`;
    case "commit":
    case "rollback":
      return operation.do.toUpperCase();
    case "insert": {
      const values = operation.rows.map(({ id, code, val }) => `(${id}, ${code}, ${val})`).join(", ");
      const conflict =
        operation.conflict === undefined ? "" : conflictToSql(operation.table, operation.conflict);
      return `INSERT INTO ${operation.table} (id, code, val) VALUES ${values}${conflict} RETURNING id, code, val`;
    }
    case "select": {
      const { table, where, order, limit, lock, skipLocked } = operation;
      const parts = [`SELECT id, code, val FROM ${table} WHERE ${conditionToSql(where)} ORDER BY id`];
      if (order === "descending") parts.push("DESC");
      if (limit !== undefined) parts.push(`LIMIT ${limit}`);
      if (lock !== undefined) parts.push(lock.toUpperCase(), ...(skipLocked === true ? ["SKIP LOCKED"] : []));
      return parts.join(" ");
    }
    case "update": {
      const { table, where, set, value } = operation;
      const change = set === "add" ? `val = val + ${value}` : `${set} = ${value}`;
      return `UPDATE ${table} SET ${change} WHERE ${conditionToSql(where)} RETURNING id, code, val`;
    }
    case "delete":
      return `DELETE FROM ${operation.table} WHERE ${conditionToSql(operation.where)} RETURNING id, code, val`;
    case "max":
      return `SELECT max(id) AS value FROM ${operation.table} WHERE ${conditionToSql(operation.where)}`;
    case "nextval":
      return `SELECT min(n)::int AS value FROM (SELECT nextval('ids') AS n FROM generate_series(1, ${operation.count})) s`;
    case "setval":
      return `SELECT setval('ids', ${operation.value})::int AS value`;
    case "lock":
      return `SELECT ${advisoryFunction("pg_advisory", operation)}(${operation.key})`;
    case "try lock":
      return `SELECT ${advisoryFunction("pg_try_advisory", operation)}(${operation.key}) AS value`;
    case "unlock":
      return `SELECT pg_advisory_unlock${operation.mode === "shared" ? "_shared" : ""}(${operation.key}) AS value`;
    case "notify":
      return `SELECT pg_notify('news', '${operation.payload}')`;
  }
}

/** A script as SQL, one line a step, for a person to paste into as many psql windows as there are sessions. */
export const scriptToText = (script: ParityScript): string =>
  script.steps
    .map(({ session, operation }, step) => `${step} ${session}: ${operationToSql(operation)};`)
    .join("\n");

class ScriptRunner {
  readonly records: StepRecord[] = [];
  readonly #world: ParityWorld;
  readonly #waiting = new Map<SessionName, StepRecord>();
  readonly #blocks = new Map<SessionName, "open" | "failed">();
  #step = 0;

  constructor(world: ParityWorld) {
    this.#world = world;
  }

  async step(session: SessionName, operation: ParityOperation): Promise<void> {
    const step = this.#step;
    this.#step += 1;
    // A BEGIN inside a transaction is a mere warning in PostgreSQL; scripts do without it.
    const isNestedBegin = operation.do === "begin" && this.#blocks.get(session) === "open";
    if (this.#waiting.has(session) || isNestedBegin) return;
    const record: StepRecord = {
      step,
      session,
      sql: operationToSql(operation),
      waited: false,
      doneAfter: undefined,
      answer: undefined,
    };
    this.records.push(record);
    this.#waiting.set(session, record);
    this.#world.run(session, operation, (answer) => {
      this.#waiting.delete(session);
      record.answer = answer;
      record.doneAfter = this.#step - 1;
      this.#noteBlock(session, operation, answer);
    });
    await this.#world.settle();
    if (record.answer === undefined) record.waited = true;
  }

  async end(): Promise<void> {
    const left = new Set<SessionName>(["a", "b", "c"]);
    for (let round = 0; left.size > 0; round += 1) {
      if (round > endRoundsMax)
        throw new Error(`sessions ${[...left].join(", ")} still wait at the end of the script`);
      for (const session of [...left]) {
        if (this.#waiting.has(session)) continue;
        await this.step(session, { do: "commit" });
        this.#step += 1;
        this.#world.disconnect(session);
        await this.#world.settle();
        left.delete(session);
      }
    }
  }

  #noteBlock(session: SessionName, operation: ParityOperation, answer: Answer): void {
    if ("sqlstate" in answer) {
      if (this.#blocks.has(session)) this.#blocks.set(session, "failed");
    } else if (operation.do === "begin") {
      this.#blocks.set(session, "open");
    } else if (operation.do === "commit" || operation.do === "rollback") {
      this.#blocks.delete(session);
    }
  }
}

const endRoundsMax = 10;

const tables: Readonly<Record<TableName, Table<ParityRow>>> = {
  item: defineTable<ParityRow>({
    name: "item",
    indexes: [
      { name: "item_pkey", kind: "ordered", columns: ["id"], unique: true },
      { name: "item_code_key", kind: "hash", columns: ["code"], unique: true },
    ],
  }),
  note: defineTable<ParityRow>({
    name: "note",
    indexes: [
      { name: "note_pkey", kind: "ordered", columns: ["id"], unique: true },
      { name: "note_code", kind: "ordered", columns: ["code", "id"], unique: false },
    ],
  }),
};

// Which of several goes first: the given choices, then always the first. What could have been chosen is kept.
class EngineWorld implements ParityWorld {
  readonly widths: number[] = [];
  readonly taken: number[] = [];
  readonly #choices: readonly number[];
  readonly #engine: Engine;
  readonly #sessions = new Map<SessionName, Session>();
  readonly #notifications: string[] = [];
  readonly #timers: (() => void)[] = [];

  constructor(choices: readonly number[]) {
    this.#choices = choices;
    const timers: EngineTimers = {
      after: (_delayMs, run) => {
        this.#timers.push(run);
        return { cancel: () => void this.#timers.splice(this.#timers.indexOf(run), 1) };
      },
    };
    const schema = { tables: [tables.item, tables.note], sequences: ["ids"] };
    this.#engine = new Engine({ schema, timers, pickNext: (ready) => this.#choose(ready.length) });
    const loader = this.#engine.connect();
    for (const name of ["item", "note"] as const) {
      loader.execute(statements.insert(tables[name], initialRows[name]), () => {});
    }
    loader.terminate();
    this.#engine.listen("news", (payload) => this.#notifications.push(payload));
    for (const name of ["a", "b", "c"] as const) this.#sessions.set(name, this.#engine.connect());
  }

  run(session: SessionName, operation: ParityOperation, onAnswer: (answer: Answer) => void): void {
    this.#session(session).execute<unknown>(operationToStatement(operation), (outcome) =>
      onAnswer(outcomeToAnswer(operation, outcome)),
    );
  }

  disconnect(session: SessionName): void {
    this.#session(session).terminate();
  }

  // Every step takes longer than deadlock_timeout.
  settle(): void {
    for (let fired = 0; this.#timers.length > 0; fired += 1) {
      if (fired > timersMax) throw new Error("deadlock checks do not come to an end");
      const place = this.#timers.length > 1 ? this.#choose(this.#timers.length) : 0;
      this.#timers.splice(place, 1)[0]?.();
    }
  }

  finish(): Omit<ParityRecord, "steps"> {
    const backup = this.#engine.backup();
    const rows = (table: Table<ParityRow>) =>
      [...(backup.tables.get(table as unknown as Table<never>) as unknown as readonly ParityRow[])].sort(
        (one, other) => one.id - other.id,
      );
    return {
      notifications: this.#notifications,
      contents: { item: rows(tables.item), note: rows(tables.note) },
      lastId: backup.sequences.get("ids") ?? 0,
    };
  }

  #choose(width: number): number {
    const choice = this.#choices[this.taken.length] ?? 0;
    this.widths.push(width);
    this.taken.push(choice);
    return choice;
  }

  #session(name: SessionName): Session {
    const session = this.#sessions.get(name);
    if (session === undefined) throw new Error(`no session ${name}`);
    return session;
  }
}

const timersMax = 100;

// Counts up the last choice that can be counted up; `undefined` when all are done.
function nextChoices(widths: readonly number[], taken: readonly number[]): number[] | undefined {
  const place = widths.findLastIndex((width, index) => (taken[index] ?? 0) + 1 < width);
  return place < 0 ? undefined : [...taken.slice(0, place), (taken[place] ?? 0) + 1];
}

function outcomeToAnswer(operation: ParityOperation, outcome: Outcome<unknown>): Answer {
  if (!outcome.ok) return { sqlstate: outcome.error.sqlstate, constraint: outcome.error.constraint };
  const { value } = outcome;
  if (operation.do === "max") return { value: (value as ParityRow | undefined)?.id ?? null };
  if (operation.do === "lock" || operation.do === "notify") return { value: "done" };
  return { value };
}

function operationToStatement(operation: ParityOperation): statements.Statement<unknown> {
  switch (operation.do) {
    case "begin":
      return statements.begin({ isolation: operation.isolation });
    case "commit":
      return statements.commit;
    case "rollback":
      return statements.rollback;
    case "insert":
      return statements.insert(tables[operation.table], operation.rows, conflictToClause(operation));
    case "select": {
      const { table, where, order, limit, lock, skipLocked } = operation;
      const options = {
        ...(order === undefined ? {} : { order }),
        ...(limit === undefined ? {} : { limit }),
        ...(lock === undefined ? {} : { lock }),
        ...(skipLocked === undefined ? {} : { skipLocked }),
      };
      return statements.select(tables[table], conditionToWhere(table, where), options);
    }
    case "update": {
      const { table, where, set, value } = operation;
      const change = (row: ParityRow): ParityRow =>
        set === "add" ? { ...row, val: row.val + value } : { ...row, [set]: value };
      return statements.update(tables[table], conditionToWhere(table, where), change);
    }
    case "delete":
      return statements.remove(tables[operation.table], conditionToWhere(operation.table, operation.where));
    case "max":
      return statements.max(tables[operation.table], conditionToWhere(operation.table, operation.where));
    case "nextval":
      return statements.nextval("ids", operation.count);
    case "setval":
      return statements.setval("ids", operation.value);
    case "lock":
      return statements.advisoryLock(operation.key, operation);
    case "try lock":
      return statements.advisoryTryLock(operation.key, operation);
    case "unlock":
      return statements.advisoryUnlock(operation.key, operation.mode);
    case "notify":
      return statements.notify("news", operation.payload);
  }
}

function conditionToWhere(table: TableName, condition: Condition): statements.Where<ParityRow> {
  const { parity } = condition;
  const filter = parity === undefined ? {} : { filter: (row: ParityRow) => row.val % 2 === parity };
  if (condition.by === "id") {
    return {
      index: `${table}_pkey`,
      equals: [],
      range: { atLeast: condition.from, atMost: condition.to },
      ...filter,
    };
  }
  return { index: table === "item" ? "item_code_key" : "note_code", equals: [condition.code], ...filter };
}

function conditionToSql(condition: Condition): string {
  const parity = condition.parity === undefined ? "" : ` AND val % 2 = ${condition.parity}`;
  if (condition.by === "id") return `id >= ${condition.from} AND id <= ${condition.to}${parity}`;
  return `code = ${condition.code}${parity}`;
}

type Insert = Extract<ParityOperation, { do: "insert" }>;

function conflictToClause({ table, conflict }: Insert): statements.OnConflict<ParityRow> | undefined {
  const index = `${table}_pkey`;
  const set = (existing: ParityRow, proposed: ParityRow) => ({
    ...existing,
    val: existing.val + proposed.val,
  });
  if (conflict === undefined) return undefined;
  switch (conflict) {
    case "any nothing":
      return { do: "nothing" };
    case "id nothing":
      return { do: "nothing", index };
    case "id add":
      return { do: "update", index, set };
    case "id add if small":
      return { do: "update", index, set, where: (existing) => existing.val < smallBelow };
  }
}

function conflictToSql(table: TableName, conflict: NonNullable<Insert["conflict"]>): string {
  const set = `DO UPDATE SET val = ${table}.val + EXCLUDED.val`;
  switch (conflict) {
    case "any nothing":
      return " ON CONFLICT DO NOTHING";
    case "id nothing":
      return " ON CONFLICT (id) DO NOTHING";
    case "id add":
      return ` ON CONFLICT (id) ${set}`;
    case "id add if small":
      return ` ON CONFLICT (id) ${set} WHERE ${table}.val < ${smallBelow}`;
  }
}

const smallBelow = 250;

const advisoryFunction = (
  name: string,
  { mode, level }: { readonly mode: "exclusive" | "shared"; readonly level: "transaction" | "session" },
): string => `${name}${level === "transaction" ? "_xact" : ""}_lock${mode === "shared" ? "_shared" : ""}`;
