// Row versions. An update does not overwrite: it adds a version and points the old one at it. Versions whose index keys
// are the same form a chain that the indexes know by one entry; an update that changes a key starts a new chain.
// Source: PostgreSQL manual, 13.1 "Introduction" (multiversion model), 66.7 "Heap-Only Tuples (HOT)".
import type { Lock } from "./lock-queue.ts";
import type { RowLocks } from "./row-locks.ts";
import type { AnyRow } from "./schema.ts";
import type { TableStore } from "./table-store.ts";
import type { Transaction } from "./transactions.ts";

/** Versions of one row with the same keys, newest first by `previous`.
 *  Source: PostgreSQL manual, 66.7 "Heap-Only Tuples (HOT)". */
export class Chain {
  readonly store: TableStore;
  newest: RowVersion;
  /** In how many of the table's indexes it stands, in the order of their definition. */
  indexed = 0;
  /** Removed from the table; an ordered index may still have to sweep it up. */
  isGone = false;

  constructor(store: TableStore, newest: RowVersion) {
    this.store = store;
    this.newest = newest;
  }
}

/** Source: PostgreSQL manual, 66.6.1 "Table Row Layout" (t_xmin, t_xmax, t_ctid). */
export class RowVersion {
  readonly data: AnyRow;
  readonly creator: Transaction;
  readonly command: number;
  /** The transaction that updated or deleted it. An abort takes it away again. */
  deleter: Transaction | undefined;
  /** What an update made of it. */
  next: RowVersion | undefined;
  /** The version that this one replaced, until the outcome is beyond doubt. */
  replaced: RowVersion | undefined;
  /** The next older version in the chain, as long as a snapshot may want it. */
  previous: RowVersion | undefined;
  chain: Chain | undefined;
  /** FOR UPDATE and FOR SHARE. */
  locks: RowLocks | undefined;
  /** The queue of those who want to change or lock it. */
  queue: Lock | undefined;

  constructor(data: AnyRow, creator: Transaction, replaced: RowVersion | undefined) {
    this.data = data;
    this.creator = creator;
    this.command = creator.command;
    this.replaced = replaced;
  }
}
