// Unique constraints. A key that an open transaction has put in or is taking out is undecided: whoever wants it waits for
// that transaction, and looks again. Snapshots play no part: what is committed counts, seen or not.
// Source: PostgreSQL manual, 62.5 "Index Uniqueness Checks", 11.6 "Unique Indexes".
import { uniqueViolation } from "./errors.ts";
import type { Chain, RowVersion } from "./heap.ts";
import { type Actor, type Steps, waitForEnd } from "./row-locks.ts";
import type { AnyRow } from "./schema.ts";
import type { Index, TableStore } from "./table-store.ts";
import type { Transaction } from "./transactions.ts";

/** Enters a new chain into the indexes in their order, and waits before each unique one until its key is decided.
 *  What it entered before it waits is there for others to run into.
 *  Errors: 23505.  Source: PostgreSQL manual, 62.5 "Index Uniqueness Checks". */
export function* enterIndexes(actor: Actor, store: TableStore, chain: Chain): Steps<void> {
  for (let rival = enterAsFarAsFree(actor.transaction, store, chain); rival !== undefined; ) {
    const writer = undecidedWriter(rival, actor.transaction);
    if (writer === undefined) throw uniqueViolation(store.indexes[chain.indexed]?.definition.name ?? "");
    yield* waitForEnd(actor, writer);
    rival = enterAsFarAsFree(actor.transaction, store, chain);
  }
}

/** Enters the chain into indexes until a key is taken; answers who has it, or `undefined` when all are done.
 *  Source: PostgreSQL manual, 62.5 "Index Uniqueness Checks". */
export function enterAsFarAsFree(
  transaction: Transaction,
  store: TableStore,
  chain: Chain,
): RowVersion | undefined {
  const { indexes } = store;
  const replaced = chain.newest.replaced?.data;
  while (chain.indexed < indexes.length) {
    const index = indexes[chain.indexed] as Index;
    const row = chain.newest.data;
    // A key that the row had before cannot have been taken by somebody else meanwhile.
    if (index.definition.unique && (replaced === undefined || !hasSameKey(index, replaced, row))) {
      const rival = findRival(index, row, transaction);
      if (rival !== undefined) return rival;
    }
    store.enter(chain);
  }
  return undefined;
}

/** The version that has this row's key in the index, decided or not; `undefined` when the key is free.
 *  Source: PostgreSQL manual, 62.5 "Index Uniqueness Checks". */
export function findRival(index: Index, row: AnyRow, transaction: Transaction): RowVersion | undefined {
  let rival: RowVersion | undefined;
  index.someEqual(row, ({ newest }) => {
    if (!occupiesKey(newest, transaction)) return false;
    rival = newest;
    return true;
  });
  return rival;
}

/** The other transaction on whose outcome it depends whether the version keeps its key.
 *  Source: PostgreSQL manual, 62.5 "Index Uniqueness Checks". */
export function undecidedWriter(version: RowVersion, transaction: Transaction): Transaction | undefined {
  const { creator, deleter } = version;
  if (creator.isActive && creator !== transaction) return creator;
  return deleter?.isActive === true && deleter !== transaction ? deleter : undefined;
}

function occupiesKey(newest: RowVersion, transaction: Transaction): boolean {
  const { deleter } = newest;
  return deleter === undefined || (deleter.isActive && deleter !== transaction);
}

function hasSameKey(index: Index, one: AnyRow, other: AnyRow): boolean {
  return index.definition.columns.every((column) => one[column] === other[column]);
}
