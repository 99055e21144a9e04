// One lock: who holds it, who waits, and who may go next. First come, first served: nobody overtakes a waiter whose
// request conflicts with theirs, except a holder, for whom that waiter is waiting anyway.
// Row queues, transaction ends and advisory locks are all this one thing, as in PostgreSQL's lock manager.
// Source: PostgreSQL manual, 13.3 "Explicit Locking"; src/backend/storage/lmgr/README, "Lock Acquisition".
import { deadlockDetected } from "./errors.ts";

export type LockMode = "shared" | "exclusive";

/** A session, as locks see it.  Source: src/backend/storage/lmgr/README, "Lock Acquisition". */
export interface LockOwner {
  /** What it waits for at present. Set and cleared by the lock. */
  lockWait: LockWait | undefined;
  /** Called when the lock it waited for is its own. It must not act before the caller of the lock is done. */
  onGranted(): void;
}

export interface LockWait {
  readonly lock: Lock;
  readonly owner: LockOwner;
  readonly mode: LockMode;
}

interface Hold {
  readonly owner: LockOwner;
  shared: number;
  exclusive: number;
}

/** One thing that can be locked.  Source: PostgreSQL manual, 13.3 "Explicit Locking". */
export class Lock {
  readonly #holds: Hold[] = [];
  #waits: LockWait[] = [];

  /** Takes the lock or joins the queue; answers whether it was taken at once.
   *  Errors: 40P01 when waiting could never end because a holder already waits for this owner. */
  acquire(owner: LockOwner, mode: LockMode): boolean {
    const position = this.#grantOrFindPlace(owner, mode);
    if (position === granted) return true;
    if (position === hopeless) throw deadlockDetected();
    const wait: LockWait = { lock: this, owner, mode };
    this.#waits.splice(position, 0, wait);
    owner.lockWait = wait;
    return false;
  }

  /** Takes the lock if that needs no waiting. */
  tryAcquire(owner: LockOwner, mode: LockMode): boolean {
    return this.#grantOrFindPlace(owner, mode) === granted;
  }

  /** Gives back one hold and lets the next in. */
  release(owner: LockOwner, mode: LockMode): void {
    const hold = this.#holdOf(owner);
    if (hold === undefined) return;
    hold[mode] -= 1;
    if (hold.shared === 0 && hold.exclusive === 0) this.#holds.splice(this.#holds.indexOf(hold), 1);
    this.#grantWaiters();
  }

  /** The owner stops waiting: it was chosen as a victim, or its connection is gone. */
  withdraw(owner: LockOwner): void {
    const wait = owner.lockWait;
    if (wait === undefined || wait.lock !== this) return;
    owner.lockWait = undefined;
    this.#waits.splice(this.#waits.indexOf(wait), 1);
    this.#grantWaiters();
  }

  /** Everybody stops waiting, and nobody is let in: the server is going down. */
  dropWaits(): void {
    for (const wait of this.#waits) wait.owner.lockWait = undefined;
    this.#waits = [];
  }

  /** Puts the queue into an order found by the deadlock check, which may let somebody in. */
  reorder(waits: readonly LockWait[]): void {
    this.#waits = [...waits];
    this.#grantWaiters();
  }

  isIdle(): boolean {
    return this.#holds.length === 0 && this.#waits.length === 0;
  }

  isHeldBy(owner: LockOwner, mode: LockMode): boolean {
    const hold = this.#holdOf(owner);
    return hold !== undefined && hold[mode] > 0;
  }

  waits(): readonly LockWait[] {
    return this.#waits;
  }

  /** Who holds it in a mode that keeps `wait` waiting. */
  holdersAgainst(wait: LockWait): LockOwner[] {
    return this.#holds
      .filter((hold) => hold.owner !== wait.owner && holdConflicts(hold, wait.mode))
      .map((hold) => hold.owner);
  }

  // `granted`, `hopeless`, or the place in the queue. The order of these rules is PostgreSQL's, in LockAcquireExtended and
  // JoinWaitQueue: a mode already held is counted up without a look at the queue; a waiting request that conflicts goes
  // first, unless it waits for what this very owner holds: then the owner goes in front of it.
  #grantOrFindPlace(owner: LockOwner, mode: LockMode): number {
    const own = this.#holdOf(owner);
    if (own !== undefined && own[mode] > 0) {
      own[mode] += 1;
      return granted;
    }
    if (!conflictsWithAny(this.#waits, mode) && !this.#isHeldAgainst(owner, mode)) {
      this.#grant(owner, mode);
      return granted;
    }
    if (own === undefined) return this.#waits.length;
    const place = this.#waits.findIndex((wait) => holdConflicts(own, wait.mode));
    const waiter = this.#waits[place];
    if (waiter === undefined) return this.#waits.length;
    const waiterHold = this.#holdOf(waiter.owner);
    if (waiterHold !== undefined && holdConflicts(waiterHold, mode)) return hopeless;
    if (!conflictsWithAny(this.#waits.slice(0, place), mode) && !this.#isHeldAgainst(owner, mode)) {
      this.#grant(owner, mode);
      return granted;
    }
    return place;
  }

  #grantWaiters(): void {
    if (this.#waits.length === 0) return;
    const still: LockWait[] = [];
    for (const wait of this.#waits) {
      if (conflictsWithAny(still, wait.mode) || this.#isHeldAgainst(wait.owner, wait.mode)) {
        still.push(wait);
        continue;
      }
      this.#grant(wait.owner, wait.mode);
      wait.owner.lockWait = undefined;
      wait.owner.onGranted();
    }
    this.#waits = still;
  }

  #grant(owner: LockOwner, mode: LockMode): void {
    let hold = this.#holdOf(owner);
    if (hold === undefined) {
      hold = { owner, shared: 0, exclusive: 0 };
      this.#holds.push(hold);
    }
    hold[mode] += 1;
  }

  #holdOf(owner: LockOwner): Hold | undefined {
    for (const hold of this.#holds) if (hold.owner === owner) return hold;
    return undefined;
  }

  #isHeldAgainst(owner: LockOwner, mode: LockMode): boolean {
    for (const hold of this.#holds) if (hold.owner !== owner && holdConflicts(hold, mode)) return true;
    return false;
  }
}

/** Shared goes with shared; nothing else goes together.  Source: PostgreSQL manual, 13.3.5 "Advisory Locks". */
export const modesConflict = (one: LockMode, other: LockMode): boolean =>
  one === "exclusive" || other === "exclusive";

const granted = -1;
const hopeless = -2;

const holdConflicts = (hold: Hold, mode: LockMode): boolean =>
  hold.exclusive > 0 || (mode === "exclusive" && hold.shared > 0);

function conflictsWithAny(waits: readonly LockWait[], mode: LockMode): boolean {
  for (const wait of waits) if (modesConflict(wait.mode, mode)) return true;
  return false;
}
