// Locks on keys that mean something to the application alone. Both levels are one lock: a session never stands in its own
// way, and what it took for the transaction ends with that, what it took for itself only with `unlock` or with it.
// Source: PostgreSQL manual, 13.3.5 "Advisory Locks", 9.28.10 "Advisory Lock Functions".
import { Lock, type LockMode, type LockOwner } from "./lock-queue.ts";
import type { Key } from "./schema.ts";
import type { Transaction } from "./transactions.ts";

interface SessionHold {
  readonly key: Key;
  readonly mode: LockMode;
  count: number;
}

/** Source: PostgreSQL manual, 13.3.5 "Advisory Locks". */
export class AdvisoryLocks {
  readonly #locks = new Map<Key, Lock>();
  readonly #sessionHolds = new Map<LockOwner, SessionHold[]>();

  lockFor(key: Key): Lock {
    let lock = this.#locks.get(key);
    if (lock === undefined) {
      lock = new Lock();
      this.#locks.set(key, lock);
    }
    return lock;
  }

  /** The lock was granted: remember when it ends. */
  noteForTransaction(transaction: Transaction, key: Key, mode: LockMode): void {
    const lock = this.lockFor(key);
    transaction.recordHold({ lock, mode, forgetIfIdle: () => this.forgetIfIdle(key) });
  }

  /** The lock was granted to the session itself. */
  noteForSession(owner: LockOwner, key: Key, mode: LockMode): void {
    let holds = this.#sessionHolds.get(owner);
    if (holds === undefined) {
      holds = [];
      this.#sessionHolds.set(owner, holds);
    }
    const hold = holds.find((hold) => hold.key === key && hold.mode === mode);
    if (hold === undefined) holds.push({ key, mode, count: 1 });
    else hold.count += 1;
  }

  /** False where the session holds no such lock at session level. */
  unlock(owner: LockOwner, key: Key, mode: LockMode): boolean {
    const holds = this.#sessionHolds.get(owner);
    const hold = holds?.find((hold) => hold.key === key && hold.mode === mode && hold.count > 0);
    if (hold === undefined) return false;
    hold.count -= 1;
    this.lockFor(key).release(owner, mode);
    this.forgetIfIdle(key);
    return true;
  }

  /** The session has ended. */
  releaseSession(owner: LockOwner): void {
    for (const { key, mode, count } of this.#sessionHolds.get(owner) ?? []) {
      for (let hold = 0; hold < count; hold += 1) this.unlock(owner, key, mode);
    }
    this.#sessionHolds.delete(owner);
  }

  forgetIfIdle(key: Key): void {
    if (this.#locks.get(key)?.isIdle() === true) this.#locks.delete(key);
  }
}
