// Reads: what a snapshot shows of the rows that an index finds, in the order of the index.
// Source: PostgreSQL manual, 13.2 "Transaction Isolation"; SELECT, "The Locking Clause".
import type { Chain, RowVersion } from "./heap.ts";
import { OrderedIndex } from "./ordered-index.ts";
import { type Actor, lockRow, type RowLockRequest, type Steps } from "./row-locks.ts";
import type { AnyRow, Key } from "./schema.ts";
import { isVisible } from "./snapshots.ts";
import type {
  DistinctStatement,
  ExtremeStatement,
  Range,
  SelectOptions,
  SelectStatement,
  Where,
} from "./statements.ts";
import type { TableStore } from "./table-store.ts";

/** SELECT without a locking clause; never waits.  Source: PostgreSQL manual, SELECT. */
export function selectRows(actor: Actor, store: TableStore, statement: SelectStatement): AnyRow[] {
  const { where, options } = statement;
  const rows: AnyRow[] = [];
  const limit = options.limit ?? Infinity;
  if (limit <= 0) return rows;
  store.some(where, options.order === "descending", (chain) => {
    const data = visibleVersion(chain, actor)?.data;
    if (data === undefined || (where.filter !== undefined && !where.filter(data))) return false;
    return rows.push(data) >= limit;
  });
  return rows;
}

/** min() and max(): the row at one end.  Source: PostgreSQL manual, 9.21 "Aggregate Functions". */
export function selectExtreme(
  actor: Actor,
  store: TableStore,
  statement: ExtremeStatement,
): AnyRow | undefined {
  const { where, end } = statement;
  let found: AnyRow | undefined;
  store.some(where, end === "max", (chain) => {
    const data = visibleVersion(chain, actor)?.data;
    if (data === undefined || (where.filter !== undefined && !where.filter(data))) return false;
    found = data;
    return true;
  });
  return found;
}

/** SELECT DISTINCT over the first column of an ordered index.  Source: PostgreSQL manual, SELECT, "DISTINCT Clause". */
export function selectDistinct(actor: Actor, store: TableStore, statement: DistinctStatement): Key[] {
  const index = store.index(statement.index);
  if (!(index instanceof OrderedIndex) || index.definition.columns.length < 2) {
    throw new Error(`distinct needs an ordered index of two columns or more; ${statement.index} is none`);
  }
  const found: Key[] = [];
  const { values, from } = index.firstValues(statement.above);
  for (let place = from; place < values.length && found.length < statement.limit; place += 1) {
    const value = values[place] as Key;
    if (index.someWithFirst(value, (chain) => visibleVersion(chain, actor) !== undefined)) found.push(value);
  }
  return found;
}

/** SELECT ... FOR UPDATE or FOR SHARE: waits row by row, answers the newest versions, and leaves out rows that no longer
 *  match. The order is that of the snapshot, even where a newer version belongs elsewhere.
 *  Source: PostgreSQL manual, SELECT, "The Locking Clause"; 13.2.1 "Read Committed Isolation Level". */
export function* selectLocked(actor: Actor, store: TableStore, statement: SelectStatement): Steps<AnyRow[]> {
  const { where, options } = statement;
  const request: RowLockRequest = {
    mode: options.lock === "for share" ? "shared" : "exclusive",
    skipLocked: options.skipLocked === true,
    lockingRead: true,
  };
  const limit = options.limit ?? Infinity;
  const rows: AnyRow[] = [];
  let rest: Where<AnyRow> | undefined = where;
  while (rest !== undefined && rows.length < limit) {
    const page = collectPage(actor, store, rest, { ...options, limit: limit - rows.length });
    for (const seen of page.versions) {
      if (rows.length >= limit) break;
      const locked = yield* lockRow(actor, seen, request);
      if (locked === "gone" || locked === "busy") continue;
      if (locked === seen || matches(store, where, locked.data)) rows.push(locked.data);
    }
    rest = page.rest;
  }
  return rows;
}

/** Every version that the statement sees and that matches, before any of them is touched: what an UPDATE changes must not
 *  come round again.  Source: PostgreSQL manual, UPDATE. */
export function collectAll(actor: Actor, store: TableStore, where: Where<AnyRow>): RowVersion[] {
  const versions: RowVersion[] = [];
  store.some(where, false, (chain) => {
    const version = visibleVersion(chain, actor);
    if (version !== undefined && (where.filter === undefined || where.filter(version.data)))
      versions.push(version);
    return false;
  });
  return versions;
}

/** Whether a newer version of a row still satisfies the condition.
 *  Source: PostgreSQL manual, 13.2.1 "Read Committed Isolation Level". */
export function matches(store: TableStore, where: Where<AnyRow>, row: AnyRow): boolean {
  const { columns } = store.index(where.index).definition;
  const isEqual = where.equals?.every((value, place) => row[columns[place] as string] === value) ?? true;
  if (
    !isEqual ||
    (where.range !== undefined && !isWithin(where.range, row[columns.at(-1) as string] as Key))
  ) {
    return false;
  }
  return where.filter === undefined || where.filter(row);
}

/** What the statement sees of a row, if anything.  Source: PostgreSQL manual, 13.2 "Transaction Isolation". */
export function visibleVersion(chain: Chain, actor: Actor): RowVersion | undefined {
  let version: RowVersion | undefined = chain.newest;
  while (version !== undefined && !isVisible(version, actor.transaction, actor.snapshot))
    version = version.previous;
  return version;
}

function isWithin(range: Range, key: Key): boolean {
  return (
    (range.above === undefined || key > range.above) &&
    (range.atLeast === undefined || key >= range.atLeast) &&
    (range.below === undefined || key < range.below) &&
    (range.atMost === undefined || key <= range.atMost)
  );
}

// As many candidates as may be needed, and where to go on if some of them fall away while they are waited for. The index
// may be swept in between, so the place is a key; rows that share it come all in one page.
function collectPage(
  actor: Actor,
  store: TableStore,
  where: Where<AnyRow>,
  options: SelectOptions,
): { readonly versions: readonly RowVersion[]; readonly rest: Where<AnyRow> | undefined } {
  const index = store.index(where.index);
  const column = index.definition.columns.at(-1) as string;
  const isPaged =
    index instanceof OrderedIndex && where.equals?.length === index.definition.columns.length - 1;
  const limit = isPaged ? (options.limit ?? Infinity) : Infinity;
  const versions: RowVersion[] = [];
  let lastKey: Key | undefined;
  let isCut = false;
  store.some(where, options.order === "descending", (chain) => {
    const version = visibleVersion(chain, actor);
    if (version === undefined || (where.filter !== undefined && !where.filter(version.data))) return false;
    const key = version.data[column] as Key;
    isCut = versions.length >= limit && key !== lastKey;
    if (isCut) return true;
    lastKey = key;
    versions.push(version);
    return false;
  });
  if (!isCut || lastKey === undefined) return { versions, rest: undefined };
  return {
    versions,
    rest: { ...where, range: rangeBehind(where.range, lastKey, options.order === "descending") },
  };
}

function rangeBehind(range: Range | undefined, key: Key, descending: boolean): Range {
  const { atMost, atLeast, ...rest } = range ?? {};
  if (descending) return { ...rest, ...(atLeast === undefined ? {} : { atLeast }), below: key };
  return { ...rest, ...(atMost === undefined ? {} : { atMost }), above: key };
}
