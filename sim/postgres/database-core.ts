// What the sessions of one engine share: tables, locks, snapshots, and the end of transactions. After each outside event
// everything that it set free runs on until nothing can; only then are callbacks called, so that a callback always meets
// a database at rest.
// Source: PostgreSQL manual, Chapter 13 "Concurrency Control".
import { AdvisoryLocks } from "./advisory-locks.ts";
import { Conditions } from "./conditions.ts";
import { NotificationHub, type Notification } from "./notify.ts";
import type { AnyRow, Schema, Table } from "./schema.ts";
import { Sequence } from "./sequences.ts";
import type { Outcome, Session } from "./session.ts";
import { SnapshotRegistry } from "./snapshots.ts";
import { TableStore, Vacuum } from "./table-store.ts";
import type { Transaction } from "./transactions.ts";

/** A timer that was set. */
export interface EngineTimer {
  cancel(): void;
}

/** Virtual time, given by the kernel. */
export interface EngineTimers {
  after(delayMs: number, run: () => void): EngineTimer;
}

/** Which of several sessions that can go on goes first; the order is that in which their locks were granted.
 *  Source: PostgreSQL manual, 13.3 "Explicit Locking". */
export type PickNext = (ready: readonly Session[]) => number;

export interface CoreOptions {
  readonly schema: Schema;
  readonly timers: EngineTimers;
  readonly deadlockTimeoutMs: number;
  readonly pickNext: PickNext | undefined;
}

type Done = (outcome: Outcome<unknown>) => void;

/** Source: PostgreSQL manual, Chapter 13 "Concurrency Control". */
export class DatabaseCore {
  readonly timers: EngineTimers;
  readonly deadlockTimeoutMs: number;
  readonly snapshots = new SnapshotRegistry();
  readonly advisoryLocks = new AdvisoryLocks();
  readonly conditions = new Conditions();
  readonly notifications = new NotificationHub();
  readonly sessions = new Set<Session>();
  /** Something happened besides the answer of the statement that is running. */
  hasNews = false;
  readonly #pickNext: PickNext | undefined;
  readonly #tables = new Map<Table<never>, TableStore>();
  readonly #sequences = new Map<string, Sequence>();
  readonly #vacuum = new Vacuum();
  readonly #ready: Session[] = [];
  readonly #answers: { readonly done: Done; readonly outcome: Outcome<unknown> }[] = [];

  constructor(options: CoreOptions) {
    this.timers = options.timers;
    this.deadlockTimeoutMs = options.deadlockTimeoutMs;
    this.#pickNext = options.pickNext;
    for (const table of options.schema.tables) this.clearTable(table);
    for (const name of options.schema.sequences) this.#sequences.set(name, new Sequence());
  }

  table(table: Table<AnyRow>): TableStore {
    const store = this.#tables.get(table);
    if (store === undefined) throw new Error(`the schema has no table ${table.name}`);
    return store;
  }

  tables(): IterableIterator<TableStore> {
    return this.#tables.values();
  }

  /** An empty table in the place of what was there. */
  clearTable(table: Table<never>): TableStore {
    const store = new TableStore(table as unknown as Table<AnyRow>);
    this.#tables.set(table, store);
    return store;
  }

  sequence(name: string): Sequence {
    const sequence = this.#sequences.get(name);
    if (sequence === undefined) throw new Error(`the schema has no sequence ${name}`);
    return sequence;
  }

  sequences(): IterableIterator<[string, Sequence]> {
    return this.#sequences.entries();
  }

  /** Makes everything that the transaction wrote visible, by one number, and lets the next in. */
  commit(transaction: Transaction, said: readonly Notification[] | undefined): void {
    const { snapshots } = this;
    const { created, deleted } = transaction;
    if (created.length > 0 || deleted.length > 0) {
      snapshots.current += 1;
      transaction.commitSequence = snapshots.current;
    }
    this.#finish(transaction);
    const horizon = snapshots.horizon();
    for (const version of created) {
      const { replaced, chain, previous } = version;
      version.replaced = undefined;
      if (replaced === undefined || chain === undefined) continue;
      if (replaced.chain !== chain) {
        if (replaced.chain !== undefined) this.#vacuum.add(replaced.chain, transaction.commitSequence);
      } else if (transaction.commitSequence <= horizon) {
        version.previous = undefined;
      } else if (previous !== undefined && previous.creator.commitSequence <= horizon) {
        previous.previous = undefined;
      }
    }
    for (const { chain } of deleted)
      if (chain !== undefined) this.#vacuum.add(chain, transaction.commitSequence);
    this.#vacuum.run(snapshots);
    if (said !== undefined) {
      this.notifications.publish(said);
      this.hasNews = true;
    }
  }

  /** Takes back everything that the transaction wrote, newest first, and lets the next in. */
  abort(transaction: Transaction): void {
    for (const version of transaction.deleted) version.deleter = undefined;
    const { created } = transaction;
    for (let place = created.length - 1; place >= 0; place -= 1) {
      const version = created[place];
      version?.chain?.store.undoCreate(version);
    }
    this.#finish(transaction);
    this.#vacuum.run(this.snapshots);
  }

  /** The session's lock was granted; it runs on with the next `settle`. */
  wake(session: Session): void {
    this.#ready.push(session);
    this.hasNews = true;
  }

  /** A session has left its transaction and may hear what was kept for it. */
  noteIdle(): void {
    if (this.notifications.hasKept()) this.hasNews = true;
  }

  deliverLater(done: Done, outcome: Outcome<unknown>): void {
    this.#answers.push({ done, outcome });
    this.hasNews = true;
  }

  /** Lets everybody who can run on do so, then calls back: notifications first, then the given answer, then the others in
   *  the order in which they came about. */
  settle(outcome: Outcome<unknown> | undefined, done: Done | undefined): void {
    while (this.#ready.length > 0) {
      const place = this.#ready.length > 1 ? (this.#pickNext?.(this.#ready) ?? 0) : 0;
      this.#ready.splice(place, 1)[0]?.resume();
    }
    this.hasNews = false;
    const answers = this.#answers.length === 0 ? undefined : this.#answers.splice(0);
    this.notifications.deliver();
    if (outcome !== undefined) done?.(outcome);
    if (answers !== undefined) for (const answer of answers) answer.done(answer.outcome);
  }

  forget(session: Session): void {
    this.sessions.delete(session);
  }

  /** Ends all sessions, and nobody runs on. */
  endSessions(): void {
    for (const session of this.sessions) session.lockWait?.lock.dropWaits();
    for (const session of [...this.sessions]) session.abandon();
    this.#ready.length = 0;
  }

  #finish(transaction: Transaction): void {
    transaction.isActive = false;
    if (transaction.snapshot !== undefined) this.snapshots.drop(transaction.snapshot);
    transaction.releaseLocks();
  }
}
