// What a database consists of. Tables are values: a statement names its table by the object that defined it,
// so rows are typed and nothing is looked up by text. Index keys are strings and numbers, never NULL.
// Source: PostgreSQL manual, Chapter 11 "Indexes".

/** A value in an index key. Text sorts by UTF-16 code unit (collation "C" for everything but astral characters). */
export type Key = string | number;

/** `hash`: equality on the whole key. `ordered`: equality on all columns but the last, order by the last; appending in
 *  increasing order costs the same however long the log is. Rows that share the whole key should be few.
 *  The name of a unique index is the constraint that a unique violation names.
 *  Source: PostgreSQL manual, 11.2 "Index Types", 11.6 "Unique Indexes". */
export interface IndexDefinition<Row extends object = AnyRow> {
  readonly name: string;
  readonly kind: "hash" | "ordered";
  readonly columns: readonly (keyof Row & string)[];
  readonly unique: boolean;
}

/** A table and its indexes, in the order in which PostgreSQL would check them (that of their creation).
 *  Rows are immutable by agreement: the engine hands out the very objects that it stores.
 *  Source: PostgreSQL manual, Chapter 5 "Data Definition". */
export interface Table<Row extends object> {
  readonly name: string;
  readonly indexes: readonly IndexDefinition<Row>[];
}

/** Everything an engine holds. Sequences start before 1.
 *  Source: PostgreSQL manual, Chapter 5 "Data Definition". */
export interface Schema {
  readonly tables: readonly Table<never>[];
  readonly sequences: readonly string[];
}

/** A row inside the engine, where its type no longer matters.  Source: PostgreSQL manual, Chapter 5 "Data Definition". */
export type AnyRow = Readonly<Record<string, unknown>>;

/** Defines a table; the row type is given, the rest inferred.
 *  Source: PostgreSQL manual, Chapter 5 "Data Definition". */
export const defineTable = <Row extends object>(table: Table<Row>): Table<Row> => table;
