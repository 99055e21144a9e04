// An in-memory database with PostgreSQL's visibility, waiting and failing, for one thread and virtual time.
// It does nothing by itself: every change follows from a call of a session, or from a timer that the kernel fires.
// Left out: SQL, types, constraints other than unique ones, savepoints, SERIALIZABLE, disk. See docs/postgres-model.md.
// Source: PostgreSQL manual, Chapter 13 "Concurrency Control".
import type { ConditionKind } from "./conditions.ts";
import { DatabaseCore, type EngineTimers, type PickNext } from "./database-core.ts";
import type { AnyRow, Schema, Table } from "./schema.ts";
import { Session } from "./session.ts";
import { Transaction } from "./transactions.ts";

export type { ConditionKind } from "./conditions.ts";
export type { EngineTimer, EngineTimers, PickNext } from "./database-core.ts";
export { DatabaseError } from "./errors.ts";
export type { Outcome, Session } from "./session.ts";

/** Committed state at one moment. Rows are immutable, so it shares them with the engine.
 *  Source: PostgreSQL manual, Chapter 25 "Backup and Restore". */
export interface EngineBackup {
  readonly tables: ReadonlyMap<Table<never>, readonly AnyRow[]>;
  readonly sequences: ReadonlyMap<string, number>;
}

export interface EngineOptions {
  readonly schema: Schema;
  readonly timers: EngineTimers;
  /** How long a session waits before it looks for a deadlock, once.
   *  Default: 1000, as PostgreSQL's.  Source: PostgreSQL manual, 19.12 "Lock Management". */
  readonly deadlockTimeoutMs?: number;
  /** PostgreSQL leaves open which of several sessions that were freed by one event goes first. This decides it; without
   *  it they go in the order in which their locks were granted. */
  readonly pickNext?: PickNext;
}

/** A database server.  Source: PostgreSQL manual, Chapter 13 "Concurrency Control". */
export class Engine {
  readonly #core: DatabaseCore;

  constructor(options: EngineOptions) {
    const { schema, timers, deadlockTimeoutMs = 1000, pickNext } = options;
    this.#core = new DatabaseCore({ schema, timers, deadlockTimeoutMs, pickNext });
  }

  connect(): Session {
    const session = new Session(this.#core);
    this.#core.sessions.add(session);
    return session;
  }

  /** Calls `onNotify` in commit order, at once after each commit, across crashes and restores.
   *  A connection that can be lost listens with `Session.listen`.  Source: PostgreSQL manual, NOTIFY. */
  listen(channel: string, onNotify: (payload: string) => void): () => void {
    return this.#core.notifications.listen(channel, () => true, onNotify);
  }

  /** What a new transaction would see now, and the sequences, which know no transactions.
   *  Source: PostgreSQL manual, 25.1 "SQL Dump" (a dump is a snapshot). */
  backup(): EngineBackup {
    const tables = new Map<Table<never>, readonly AnyRow[]>();
    for (const store of this.#core.tables()) {
      tables.set(store.table as unknown as Table<never>, store.visibleRows(this.#core.snapshots.current));
    }
    const sequences = new Map<string, number>();
    for (const [name, sequence] of this.#core.sequences()) sequences.set(name, sequence.last);
    return { tables, sequences };
  }

  /** Puts committed state in the place of everything, and ends all sessions: their statements never answer.
   *  Source: PostgreSQL manual, 25.1.1 "Restoring the Dump". */
  restore(backup: EngineBackup): void {
    this.#core.endSessions();
    const loader = new Transaction("read committed", this.connect());
    for (const [table, rows] of backup.tables) {
      const store = this.#core.clearTable(table);
      for (const row of rows) {
        const chain = store.createChain(row, loader);
        for (const _ of store.indexes) store.enter(chain);
      }
    }
    this.#core.commit(loader, undefined);
    this.#core.endSessions();
    for (const [name, last] of backup.sequences) this.#core.sequence(name).set(last);
  }

  /** Has it refuse writes or keep them waiting from now on.  Source: see conditions.ts. */
  setCondition(kind: "read-only" | "full" | "lock-tables"): void {
    this.#core.conditions.set(kind);
  }

  /** Ends waits that last longer, also those that have begun.  Source: see conditions.ts.
   *  Units: virtual milliseconds. */
  setLimit(kind: "lock-timeout" | "statement-timeout", afterMs: number): void {
    this.#core.conditions.setLimit(kind, afterMs);
    for (const session of this.#core.sessions) session.heedLimits();
  }

  /** Everything is as it was before. */
  clearConditions(): void {
    this.#core.conditions.clear();
    this.#core.settle(undefined, undefined);
  }

  /** Conditions that were set and have hindered nobody so far. */
  unstruckConditions(): readonly ConditionKind[] {
    return this.#core.conditions.unstruck();
  }

  /** The database server crashes and is back at once: all sessions are lost, committed state stays, and sequences may
   *  have skipped numbers. A waiting statement never answers.
   *  Source: PostgreSQL manual, 28.3 "Write-Ahead Logging (WAL)". */
  crash(): void {
    this.#core.endSessions();
    for (const [, sequence] of this.#core.sequences()) sequence.crash();
  }
}
