// One transaction: whether it is open, when it committed, what it wrote, and the lock that others wait on for its end.
// There are no transaction ids in the rows: a row version points at its transaction, so commit and abort are one
// assignment, whatever the size of the transaction.
// Source: PostgreSQL manual, Chapter 74 "Transaction Processing", 74.1 "Transactions and Identifiers".
import type { RowVersion } from "./heap.ts";
import { Lock, type LockMode, type LockOwner } from "./lock-queue.ts";
import type { Isolation } from "./statements.ts";

/** A lock that ends with the transaction. */
export interface TransactionHold {
  readonly lock: Lock;
  readonly mode: LockMode;
  /** What to do when nobody holds it or waits for it any more. */
  forgetIfIdle(): void;
}

/** Source: PostgreSQL manual, 74.1 "Transactions and Identifiers". */
export class Transaction {
  readonly isolation: Isolation;
  /** 0 until it commits; then its place in the order of commits, from 1. */
  commitSequence = 0;
  isActive = true;
  /** The order in which transactions began to write or lock rows, from 1; 0 before. */
  writeOrder = 0;
  /** Counts the statements, so that a statement can tell what it wrote itself. */
  command = 0;
  /** REPEATABLE READ: the snapshot of its first statement. */
  snapshot: number | undefined;
  /** Versions that it put into tables, oldest first. */
  created: RowVersion[] = nothing;
  /** Versions that it deleted without a successor. */
  deleted: RowVersion[] = nothing;
  holds: TransactionHold[] = nothing;
  /** The place at the head of a row's queue; at most one at a time. */
  rowQueue: { readonly lock: Lock; readonly mode: LockMode } | undefined;
  #owner: LockOwner | undefined;
  #end: Lock | undefined;

  constructor(isolation: Isolation, owner: LockOwner) {
    this.isolation = isolation;
    this.#owner = owner;
  }

  /** The lock that is held as long as the transaction is open; to wait for its end is to ask for it shared. */
  endLock(): Lock {
    if (this.#end === undefined) {
      this.#end = new Lock();
      if (this.#owner !== undefined) this.#end.acquire(this.#owner, "exclusive");
    }
    return this.#end;
  }

  recordCreated(version: RowVersion): void {
    if (this.created === nothing) this.created = [version];
    else this.created.push(version);
  }

  recordDeleted(version: RowVersion): void {
    if (this.deleted === nothing) this.deleted = [version];
    else this.deleted.push(version);
  }

  recordHold(hold: TransactionHold): void {
    if (this.holds === nothing) this.holds = [hold];
    else this.holds.push(hold);
  }

  /** Gives back all locks, first the one that waiters for its end stand at. The transaction is over by then:
   *  rows keep pointing at it, so it lets go of everything else. */
  releaseLocks(): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    this.#owner = undefined;
    this.#end?.release(owner, "exclusive");
    this.#end = undefined;
    this.releaseRowQueue(owner);
    for (const { lock, mode, forgetIfIdle } of this.holds) {
      lock.release(owner, mode);
      forgetIfIdle();
    }
    this.holds = nothing;
    this.created = nothing;
    this.deleted = nothing;
  }

  releaseRowQueue(owner: LockOwner): void {
    const queue = this.rowQueue;
    if (queue === undefined) return;
    this.rowQueue = undefined;
    queue.lock.release(owner, queue.mode);
  }
}

// Shared by all transactions that wrote nothing; never written to.
const nothing: never[] = [];
