// INSERT, UPDATE and DELETE. Each goes row by row, and waits where it must: for a row that somebody else is changing, and
// for a key that somebody else may be taking.
// Source: PostgreSQL manual, INSERT, "ON CONFLICT Clause"; UPDATE; DELETE; 13.2 "Transaction Isolation".
import { cardinalityViolation, serializationFailure } from "./errors.ts";
import type { RowVersion } from "./heap.ts";
import { collectAll, matches } from "./reading.ts";
import {
  type Actor,
  lockRow,
  lockVersion,
  type Steps,
  takeVersion,
  waitForEnd,
  whoHolds,
  writeRequest,
} from "./row-locks.ts";
import type { AnyRow } from "./schema.ts";
import { isVisible } from "./snapshots.ts";
import type { DeleteStatement, InsertStatement, OnConflict, UpdateStatement } from "./statements.ts";
import type { Index, TableStore } from "./table-store.ts";
import { enterAsFarAsFree, enterIndexes, findRival, undecidedWriter } from "./unique-index.ts";

/** INSERT.  Errors: 23505; with ON CONFLICT 21000, and 40001 under REPEATABLE READ for a row that the snapshot does not
 *  show.  Source: PostgreSQL manual, INSERT. */
export function* insertRows(actor: Actor, store: TableStore, statement: InsertStatement): Steps<AnyRow[]> {
  const affected: AnyRow[] = [];
  for (const row of statement.rows) {
    const { onConflict } = statement;
    const stored =
      onConflict === undefined
        ? yield* insertRow(actor, store, row)
        : yield* insertOrResolve(actor, store, row, onConflict);
    if (stored !== undefined) affected.push(stored);
  }
  return affected;
}

/** UPDATE. A row that had to be waited for is changed in its newest version, if that still matches.
 *  Errors: 40001 under REPEATABLE READ, 23505.  Source: PostgreSQL manual, UPDATE; 13.2.1, 13.2.2. */
export function* updateRows(actor: Actor, store: TableStore, statement: UpdateStatement): Steps<AnyRow[]> {
  const affected: AnyRow[] = [];
  for (const seen of collectAll(actor, store, statement.where)) {
    const version = yield* lockForWriting(actor, seen);
    if (version === undefined || (version !== seen && !matches(store, statement.where, version.data)))
      continue;
    affected.push(yield* writeVersion(actor, store, version, statement.set(version.data)));
  }
  return affected;
}

/** DELETE.  Errors: 40001 under REPEATABLE READ.  Source: PostgreSQL manual, DELETE; 13.2.1, 13.2.2. */
export function* deleteRows(actor: Actor, store: TableStore, statement: DeleteStatement): Steps<AnyRow[]> {
  const affected: AnyRow[] = [];
  for (const seen of collectAll(actor, store, statement.where)) {
    const version = yield* lockForWriting(actor, seen);
    if (version === undefined || (version !== seen && !matches(store, statement.where, version.data)))
      continue;
    store.delete(version, actor.transaction);
    affected.push(version.data);
  }
  return affected;
}

function* insertRow(actor: Actor, store: TableStore, row: AnyRow): Steps<AnyRow> {
  actor.snapshots.noteWriter(actor.transaction);
  const chain = store.createChain(row, actor.transaction);
  if (enterAsFarAsFree(actor.transaction, store, chain) !== undefined)
    yield* enterIndexes(actor, store, chain);
  return row;
}

// ON CONFLICT looks before it inserts, and waits for undecided keys without a place in the row's queue. It starts over
// when the row that it found was changed while it waited for its lock.
function* insertOrResolve(
  actor: Actor,
  store: TableStore,
  row: AnyRow,
  onConflict: OnConflict<AnyRow>,
): Steps<AnyRow | undefined> {
  const arbiters = arbitersOf(store, onConflict);
  for (;;) {
    const present = findRivalAmong(actor, arbiters, row);
    const isDecided = present === undefined || undecidedWriter(present, actor.transaction) === undefined;
    // Where nobody has to be waited for, plain calls: a generator for every part of an upsert costs more than the upsert.
    const rival = isDecided ? present : yield* findDecidedRival(actor, arbiters, row);
    if (rival === undefined) return yield* insertRow(actor, store, row);
    if (onConflict.do === "nothing") {
      refuseUnseen(actor, rival);
      return undefined;
    }
    const { transaction } = actor;
    if (rival.creator === transaction && rival.command === transaction.command) throw cardinalityViolation();
    const locked =
      whoHolds(rival, transaction, writeRequest.mode) === undefined
        ? takeVersion(actor, rival, writeRequest.mode)
        : yield* lockVersion(actor, rival, writeRequest);
    if (locked === "changed") {
      if (transaction.isolation === "read committed") continue;
      throw serializationFailure(rival.next === undefined ? "delete" : "update");
    }
    refuseUnseen(actor, rival);
    if (onConflict.where?.(rival.data, row) === false) return undefined;
    const written = onConflict.set(rival.data, row);
    const chain = store.replace(rival, written, transaction);
    if (chain !== undefined) yield* enterIndexes(actor, store, chain);
    return written;
  }
}

function findRivalAmong(actor: Actor, arbiters: readonly Index[], row: AnyRow): RowVersion | undefined {
  for (const index of arbiters) {
    const rival = findRival(index, row, actor.transaction);
    if (rival !== undefined) return rival;
  }
  return undefined;
}

function* findDecidedRival(
  actor: Actor,
  arbiters: readonly Index[],
  row: AnyRow,
): Steps<RowVersion | undefined> {
  for (const index of arbiters) {
    for (;;) {
      const rival = findRival(index, row, actor.transaction);
      if (rival === undefined) break;
      const writer = undecidedWriter(rival, actor.transaction);
      if (writer === undefined) return rival;
      yield* waitForEnd(actor, writer);
    }
  }
  return undefined;
}

// REPEATABLE READ may not act on a row that its snapshot does not show, not even by leaving it alone.
function refuseUnseen(actor: Actor, rival: RowVersion): void {
  const { transaction, snapshot } = actor;
  if (transaction.isolation === "read committed" || rival.creator === transaction) return;
  if (!isVisible(rival, transaction, snapshot)) throw serializationFailure("update");
}

function arbitersOf(store: TableStore, onConflict: OnConflict<AnyRow>): readonly Index[] {
  if (onConflict.index === undefined) return store.indexes.filter((index) => index.definition.unique);
  const index = store.index(onConflict.index);
  if (!index.definition.unique)
    throw new Error(`ON CONFLICT needs a unique index, ${onConflict.index} is none`);
  return [index];
}

function* lockForWriting(actor: Actor, seen: RowVersion): Steps<RowVersion | undefined> {
  actor.snapshots.noteWriter(actor.transaction);
  if (seen.deleter === undefined && seen.locks === undefined) return seen;
  const locked = yield* lockRow(actor, seen, writeRequest);
  return locked === "gone" || locked === "busy" ? undefined : locked;
}

function* writeVersion(actor: Actor, store: TableStore, version: RowVersion, row: AnyRow): Steps<AnyRow> {
  const chain = store.replace(version, row, actor.transaction);
  if (chain !== undefined) yield* enterIndexes(actor, store, chain);
  return row;
}
