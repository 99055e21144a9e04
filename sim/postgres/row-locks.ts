// Locks on rows. Two queues stand before a row, as in PostgreSQL: whoever has to wait first takes the head of the row's
// own queue, and only from there waits for the end of the transaction that holds the row. So the head goes first, and the
// others come one by one behind it. A sharer does not queue where only sharers hold the row: it may pass a waiting writer.
// Source: PostgreSQL manual, 13.3.2 "Row-Level Locks", 13.2.1 "Read Committed Isolation Level";
// src/backend/access/heap/README.tuplock.
import { serializationFailure } from "./errors.ts";
import type { RowVersion } from "./heap.ts";
import { Lock, type LockMode, type LockOwner } from "./lock-queue.ts";
import type { SnapshotRegistry } from "./snapshots.ts";
import type { Transaction } from "./transactions.ts";

/** A step of a statement: it yields when its session has to wait for the lock that it has just asked for.
 *  Source: PostgreSQL manual, 13.3 "Explicit Locking". */
export type Steps<R> = Generator<undefined, R, undefined>;

/** Who runs the statement, and what the statement sees.  Source: PostgreSQL manual, 13.2 "Transaction Isolation". */
export interface Actor {
  readonly owner: LockOwner;
  readonly transaction: Transaction;
  readonly snapshot: number;
  readonly snapshots: SnapshotRegistry;
}

/** Who holds FOR UPDATE or FOR SHARE on a version. Those whose transaction is over count no more.
 *  Source: PostgreSQL manual, 13.3.2 "Row-Level Locks". */
export class RowLocks {
  #exclusive: Transaction | undefined;
  #shared: Transaction[] = [];

  add(holder: Transaction, mode: LockMode): void {
    if (mode === "exclusive") this.#exclusive = holder;
    else this.#shared = [...this.#shared.filter((other) => other.isActive && other !== holder), holder];
  }

  isHeldBy(transaction: Transaction, mode: LockMode): boolean {
    return this.#exclusive === transaction || (mode === "shared" && this.#shared.includes(transaction));
  }

  hasSharer(transaction: Transaction): boolean {
    return this.#shared.includes(transaction);
  }

  /** The first, by the order in which they began to write, of those who stand in the way. */
  holderAgainst(transaction: Transaction, mode: LockMode): Transaction | undefined {
    if (this.#exclusive?.isActive === true && this.#exclusive !== transaction) return this.#exclusive;
    if (mode === "shared") return undefined;
    let first: Transaction | undefined;
    for (const holder of this.#shared) {
      if (!holder.isActive || holder === transaction) continue;
      if (first === undefined || holder.writeOrder < first.writeOrder) first = holder;
    }
    return first;
  }
}

/** Waits until the transaction is over.  Source: PostgreSQL manual, 13.3.2 "Row-Level Locks". */
export function* waitForEnd(actor: Actor, other: Transaction): Steps<void> {
  const lock = other.endLock();
  if (!lock.acquire(actor.owner, "shared")) yield;
  lock.release(actor.owner, "shared");
}

/** What came of asking for a row: the version that is now locked, or that there is none, or that it would have to wait.
 *  Source: PostgreSQL manual, 13.2.1 "Read Committed Isolation Level". */
export type LockedRow = RowVersion | "gone" | "busy";

/** How a row is asked for. A SELECT with a locking clause is a `lockingRead`; UPDATE, DELETE and ON CONFLICT are not.
 *  Source: PostgreSQL manual, SELECT, "The Locking Clause". */
export interface RowLockRequest {
  readonly mode: LockMode;
  readonly skipLocked: boolean;
  readonly lockingRead: boolean;
}

/** What an UPDATE, a DELETE or an ON CONFLICT DO UPDATE asks for.  Source: PostgreSQL manual, 13.3.2 "Row-Level Locks". */
export const writeRequest: RowLockRequest = { mode: "exclusive", skipLocked: false, lockingRead: false };

/** Locks a row that the snapshot shows. READ COMMITTED goes on to the newest version of a row that was changed; the
 *  caller checks its condition again on a version that is not the one it asked for. The lock stays either way.
 *  Errors: 40001 under REPEATABLE READ when the row was changed by somebody who committed.
 *  Source: PostgreSQL manual, 13.2.1 "Read Committed Isolation Level", 13.2.2 "Repeatable Read Isolation Level". */
export function* lockRow(actor: Actor, seen: RowVersion, request: RowLockRequest): Steps<LockedRow> {
  let version = seen;
  for (;;) {
    const outcome = yield* lockVersion(actor, version, request);
    if (outcome !== "changed") return outcome;
    if (actor.transaction.isolation === "repeatable read") {
      throw serializationFailure(version.next === undefined ? "delete" : "update");
    }
    // From here on the chain is followed, and whoever follows it waits for the writer directly, without queueing.
    for (;;) {
      const next: RowVersion | undefined = version.next;
      if (next === undefined) return "gone";
      version = next;
      let writer = version.deleter;
      while (writer !== undefined && writer !== actor.transaction && writer.isActive) {
        if (request.skipLocked) return "busy";
        yield* waitForEnd(actor, writer);
        writer = version.deleter;
      }
      if (writer === undefined) break;
    }
  }
}

/** Locks this very version or tells that it is no longer the newest one.
 *  Source: PostgreSQL manual, 13.3.2 "Row-Level Locks". */
export function* lockVersion(
  actor: Actor,
  version: RowVersion,
  request: RowLockRequest,
): Steps<RowVersion | "changed" | "busy"> {
  const { owner, transaction } = actor;
  const { mode } = request;
  for (;;) {
    const holder = whoHolds(version, transaction, mode);
    if (holder === undefined) break;
    if (request.skipLocked) {
      transaction.releaseRowQueue(owner);
      return "busy";
    }
    const successor = version.deleter === holder ? version.next : undefined;
    // A sharer that wants more does not queue: the head of the queue may be waiting for this very sharer.
    const isSharer = version.deleter === undefined && version.locks?.hasSharer(transaction) === true;
    if (transaction.rowQueue === undefined && !isSharer) {
      version.queue ??= new Lock();
      const queue = version.queue;
      if (!queue.acquire(owner, mode)) yield;
      transaction.rowQueue = { lock: queue, mode };
    }
    if (holder.isActive) yield* waitForEnd(actor, holder);
    if (request.lockingRead && successor !== undefined) yield* lockSuccessors(actor, successor, mode);
  }
  return takeVersion(actor, version, mode);
}

/** The end of `lockVersion`, for a version that nobody holds: there is nothing to wait for.
 *  Source: PostgreSQL manual, 13.3.2 "Row-Level Locks". */
export function takeVersion(actor: Actor, version: RowVersion, mode: LockMode): RowVersion | "changed" {
  const isChanged = version.deleter !== undefined;
  if (!isChanged) addLock(actor, version, mode);
  actor.transaction.releaseRowQueue(actor.owner);
  return isChanged ? "changed" : version;
}

/** The transaction that has to end before this version can be had, if any.
 *  Source: PostgreSQL manual, 13.3.2 "Row-Level Locks". */
export function whoHolds(
  version: RowVersion,
  transaction: Transaction,
  mode: LockMode,
): Transaction | undefined {
  const writer = version.deleter;
  if (writer !== undefined) return writer.isActive && writer !== transaction ? writer : undefined;
  const locks = version.locks;
  if (locks === undefined || locks.isHeldBy(transaction, mode)) return undefined;
  return locks.holderAgainst(transaction, mode);
}

// A locking read that has waited for an update locks what the update made, and what others made of that, before it looks
// again at what it asked for. So even one that is bound to fail with 40001 first waits for the next writer of the row:
//   1. A updates a row. 2. B waits to update it. 3. C, under REPEATABLE READ, waits to lock it.
//   4. A commits; B updates the new version. 5. C, bound to fail since 4, waits for B all the same.
// Source: src/backend/access/heap/heapam.c, heap_lock_updated_tuple; README.tuplock, "locking updated versions".
function* lockSuccessors(actor: Actor, first: RowVersion, mode: LockMode): Steps<void> {
  for (let version: RowVersion | undefined = first; version !== undefined; version = version.next) {
    const { creator } = version;
    if (!creator.isActive && creator.commitSequence === 0) return;
    for (;;) {
      const holder = whoHolds(version, actor.transaction, mode);
      if (holder === undefined) break;
      yield* waitForEnd(actor, holder);
    }
    if (version.deleter === undefined) addLock(actor, version, mode);
    else if (version.deleter !== actor.transaction) return;
  }
}

function addLock(actor: Actor, version: RowVersion, mode: LockMode): void {
  const { transaction, snapshots } = actor;
  snapshots.noteWriter(transaction);
  version.locks ??= new RowLocks();
  if (!version.locks.isHeldBy(transaction, mode)) version.locks.add(transaction, mode);
}
