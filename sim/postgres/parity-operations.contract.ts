// The words of parity scripts: two small tables, what a session can do with them, and each of these things twice, in SQL
// and as a statement of the engine.
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

/** The same tables for the engine. */
export const parityTables: Readonly<Record<TableName, Table<ParityRow>>> = {
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

/** The statement for the engine. */
export function operationToStatement(operation: ParityOperation): statements.Statement<unknown> {
  switch (operation.do) {
    case "begin":
      return statements.begin({ isolation: operation.isolation });
    case "commit":
      return statements.commit;
    case "rollback":
      return statements.rollback;
    case "insert":
      return statements.insert(parityTables[operation.table], operation.rows, conflictToClause(operation));
    case "select": {
      const { table, where, order, limit, lock, skipLocked } = operation;
      const options = {
        ...(order === undefined ? {} : { order }),
        ...(limit === undefined ? {} : { limit }),
        ...(lock === undefined ? {} : { lock }),
        ...(skipLocked === undefined ? {} : { skipLocked }),
      };
      return statements.select(parityTables[table], conditionToWhere(table, where), options);
    }
    case "update": {
      const { table, where, set, value } = operation;
      const change = (row: ParityRow): ParityRow =>
        set === "add" ? { ...row, val: row.val + value } : { ...row, [set]: value };
      return statements.update(parityTables[table], conditionToWhere(table, where), change);
    }
    case "delete":
      return statements.remove(
        parityTables[operation.table],
        conditionToWhere(operation.table, operation.where),
      );
    case "max":
      return statements.max(
        parityTables[operation.table],
        conditionToWhere(operation.table, operation.where),
      );
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
