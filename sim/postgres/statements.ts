// The statements that the engine runs, as plain data made by one function each. `Statement<R>` carries the type of the
// answer. There is no SQL here: a store owns the mapping from what it does to these, as it owns its SQL elsewhere.
// Source: PostgreSQL manual, Part VI "Reference", I. "SQL Commands".
import type { AnyRow, Key, Table } from "./schema.ts";

declare const answer: unique symbol;

/** A statement whose answer is an `R`.  Source: PostgreSQL manual, Part VI "Reference", I. "SQL Commands". */
export interface Statement<R> {
  readonly kind: AnyStatement["kind"];
  readonly [answer]?: R;
}

/** Source: PostgreSQL manual, 13.2 "Transaction Isolation". */
export type Isolation = "read committed" | "repeatable read";

/** Bounds on the last column of an ordered index. Absent bounds are open. */
export interface Range {
  readonly above?: Key;
  readonly atLeast?: Key;
  readonly below?: Key;
  readonly atMost?: Key;
}

/** Which rows. `equals` gives the whole key, or for an ordered index all columns but the last; left out altogether it
 *  means every row. `filter` is the rest of the WHERE clause; like the range it is checked again on the newest version
 *  of a row that had to be waited for.  Source: PostgreSQL manual, 13.2.1 "Read Committed Isolation Level". */
export interface Where<Row extends object> {
  readonly index: string;
  readonly equals?: readonly Key[];
  readonly range?: Range;
  readonly filter?: (row: Row) => boolean;
}

/** `limit` counts rows returned, after filter and locking, as in SQL.
 *  Source: PostgreSQL manual, SELECT, "The Locking Clause". */
export interface SelectOptions {
  readonly order?: "ascending" | "descending";
  readonly limit?: number;
  readonly lock?: RowLockStrength;
  /** `skip locked`: rows that would have to be waited for are left out. */
  readonly skipLocked?: boolean;
}

/** Source: PostgreSQL manual, 13.3.2 "Row-Level Locks". */
export type RowLockStrength = "for update" | "for share";

/** ON CONFLICT. `index` is the conflict target; only DO NOTHING may leave it out and then means every unique index.
 *  `set` gets the row in the table and the row proposed (EXCLUDED).
 *  Source: PostgreSQL manual, INSERT, "ON CONFLICT Clause". */
export type OnConflict<Row extends object> =
  | { readonly do: "nothing"; readonly index?: string }
  | {
      readonly do: "update";
      readonly index: string;
      readonly set: (existing: Row, proposed: Row) => Row;
      readonly where?: (existing: Row, proposed: Row) => boolean;
    };

/** Transaction locks end with the transaction; session locks stay until unlocked or the session ends.
 *  Source: PostgreSQL manual, 13.3.5 "Advisory Locks". */
export interface AdvisoryLockOptions {
  readonly mode?: "exclusive" | "shared";
  readonly level?: "transaction" | "session";
}

/** All statements as the engine sees them.  Source: PostgreSQL manual, Part VI "Reference", I. "SQL Commands". */
export type AnyStatement =
  | { readonly kind: "begin"; readonly isolation: Isolation }
  | { readonly kind: "commit" }
  | { readonly kind: "rollback" }
  | InsertStatement
  | SelectStatement
  | UpdateStatement
  | DeleteStatement
  | ExtremeStatement
  | DistinctStatement
  | { readonly kind: "nextval"; readonly sequence: string; readonly count: number }
  | { readonly kind: "setval"; readonly sequence: string; readonly value: number }
  | AdvisoryLockStatement
  | AdvisoryTryLockStatement
  | {
      readonly kind: "advisory unlock";
      readonly key: Key;
      readonly mode: "exclusive" | "shared";
    }
  | { readonly kind: "notify"; readonly channel: string; readonly payload: string };

export interface InsertStatement {
  readonly kind: "insert";
  readonly table: Table<AnyRow>;
  readonly rows: readonly AnyRow[];
  readonly onConflict: OnConflict<AnyRow> | undefined;
}

export interface SelectStatement {
  readonly kind: "select";
  readonly table: Table<AnyRow>;
  readonly where: Where<AnyRow>;
  readonly options: SelectOptions;
}

export interface UpdateStatement {
  readonly kind: "update";
  readonly table: Table<AnyRow>;
  readonly where: Where<AnyRow>;
  readonly set: (row: AnyRow) => AnyRow;
}

export interface DeleteStatement {
  readonly kind: "delete";
  readonly table: Table<AnyRow>;
  readonly where: Where<AnyRow>;
}

export interface ExtremeStatement {
  readonly kind: "extreme";
  readonly end: "min" | "max";
  readonly table: Table<AnyRow>;
  readonly where: Where<AnyRow>;
}

export interface DistinctStatement {
  readonly kind: "distinct";
  readonly table: Table<AnyRow>;
  readonly index: string;
  readonly above: Key | undefined;
  readonly limit: number;
}

export interface AdvisoryLockStatement {
  readonly kind: "advisory lock";
  readonly key: Key;
  readonly mode: "exclusive" | "shared";
  readonly level: "transaction" | "session";
}

export interface AdvisoryTryLockStatement {
  readonly kind: "advisory try lock";
  readonly key: Key;
  readonly mode: "exclusive" | "shared";
  readonly level: "transaction" | "session";
}

/** Opens a transaction. The snapshot of REPEATABLE READ is taken by the first statement after it, not here.
 *  Inside a transaction it is taken as the caller's bug; PostgreSQL merely warns.
 *  Source: PostgreSQL manual, BEGIN; 13.2.2 "Repeatable Read Isolation Level". */
export const begin = (options: { readonly isolation: Isolation }): Statement<"BEGIN"> =>
  erase({ kind: "begin", isolation: options.isolation });

/** Answers what really happened: the COMMIT of a failed transaction is a ROLLBACK.
 *  Source: PostgreSQL manual, COMMIT. */
export const commit: Statement<"COMMIT" | "ROLLBACK"> = { kind: "commit" };

/** Source: PostgreSQL manual, ROLLBACK. */
export const rollback: Statement<"ROLLBACK"> = { kind: "rollback" };

/** Inserts in array order and answers the rows that were inserted or, by DO UPDATE, updated (RETURNING *).
 *  Source: PostgreSQL manual, INSERT. */
export const insert = <Row extends object>(
  table: Table<Row>,
  rows: Row | readonly Row[],
  onConflict?: OnConflict<Row>,
): Statement<readonly Row[]> =>
  erase<readonly Row[]>({
    kind: "insert",
    table,
    rows: Array.isArray(rows) ? rows : [rows],
    onConflict,
  });

/** The matching rows in the order of the index.  Source: PostgreSQL manual, SELECT. */
export const select = <Row extends object>(
  table: Table<Row>,
  where: Where<Row>,
  options: SelectOptions = noOptions,
): Statement<readonly Row[]> => erase<readonly Row[]>({ kind: "select", table, where, options });

/** Answers the new rows. `set` gets the newest version of the row and returns a whole row.
 *  Source: PostgreSQL manual, UPDATE. */
export const update = <Row extends object>(
  table: Table<Row>,
  where: Where<Row>,
  set: (row: Row) => Row,
): Statement<readonly Row[]> => erase<readonly Row[]>({ kind: "update", table, where, set });

/** Answers the rows as they were.  Source: PostgreSQL manual, DELETE. */
export const remove = <Row extends object>(table: Table<Row>, where: Where<Row>): Statement<readonly Row[]> =>
  erase<readonly Row[]>({ kind: "delete", table, where });

/** The matching row at the low end of an ordered index: `SELECT ... ORDER BY last column LIMIT 1`, whence min().
 *  Source: PostgreSQL manual, 9.21 "Aggregate Functions". */
export const min = <Row extends object>(table: Table<Row>, where: Where<Row>): Statement<Row | undefined> =>
  erase<Row | undefined>({ kind: "extreme", end: "min", table, where });

/** The matching row at the high end, whence max().  Source: PostgreSQL manual, 9.21 "Aggregate Functions". */
export const max = <Row extends object>(table: Table<Row>, where: Where<Row>): Statement<Row | undefined> =>
  erase<Row | undefined>({ kind: "extreme", end: "max", table, where });

/** The values of the first column that some visible row has, ascending; the index is ordered and has two columns or more.
 *  Source: PostgreSQL manual, SELECT, "DISTINCT Clause". */
export const distinct = <Row extends object>(
  table: Table<Row>,
  options: { readonly index: string; readonly above?: Key; readonly limit: number },
): Statement<readonly Key[]> =>
  erase<readonly Key[]>({
    kind: "distinct",
    table,
    index: options.index,
    above: options.above,
    limit: options.limit,
  });

/** Takes `count` numbers and answers the first; they are consecutive. Never given back.
 *  Source: PostgreSQL manual, 9.17 "Sequence Manipulation Functions". */
export const nextval = (sequence: string, count = 1): Statement<number> =>
  erase({ kind: "nextval", sequence, count });

/** The next number will be `value + 1`. Not undone by a rollback.
 *  Source: PostgreSQL manual, 9.17 "Sequence Manipulation Functions". */
export const setval = (sequence: string, value: number): Statement<number> =>
  erase({ kind: "setval", sequence, value });

/** Waits for the lock.  Source: PostgreSQL manual, 13.3.5 "Advisory Locks". */
export const advisoryLock = (key: Key, options: AdvisoryLockOptions = noOptions): Statement<void> =>
  erase({ kind: "advisory lock", key, ...advisoryDefaults(options) });

/** Answers whether it got the lock, at once.  Source: PostgreSQL manual, 9.28.10 "Advisory Lock Functions". */
export const advisoryTryLock = (key: Key, options: AdvisoryLockOptions = noOptions): Statement<boolean> =>
  erase({ kind: "advisory try lock", key, ...advisoryDefaults(options) });

/** Gives back one hold of a session lock; answers false where there was none.
 *  Source: PostgreSQL manual, 9.28.10 "Advisory Lock Functions". */
export const advisoryUnlock = (key: Key, mode: "exclusive" | "shared" = "exclusive"): Statement<boolean> =>
  erase({ kind: "advisory unlock", key, mode });

/** Delivered at the commit, once however often it is said in one transaction.  Source: PostgreSQL manual, NOTIFY. */
export const notify = (channel: string, payload: string): Statement<void> =>
  erase({ kind: "notify", channel, payload });

const noOptions = {};

const advisoryDefaults = (options: AdvisoryLockOptions) => ({
  mode: options.mode ?? "exclusive",
  level: options.level ?? "transaction",
});

// Row types end here: inside the engine a row is a record, and the functions of a statement only ever meet rows of the
// table they were written for, because the table is part of the same statement.
const erase = <R>(statement: {
  readonly kind: AnyStatement["kind"];
  readonly [part: string]: unknown;
}): Statement<R> => statement as Statement<R>;
