// What a database refuses, or lets wait, because of the state that it is in and not because of what it is asked: writes
// while it is read-only or has no room, everybody who waits for too long, and writers while somebody holds all tables.
// Leaves out: which write needs room (here all that put a row down), and locks in modes that readers feel.
// Source: PostgreSQL manual, 19.11.1 "Statement Behavior" (default_transaction_read_only, lock_timeout,
// statement_timeout); 13.3.1 "Table-Level Locks" (EXCLUSIVE); Appendix A "PostgreSQL Error Codes".
import { diskFull, lockTimeoutPassed, readOnlyTransaction, statementTimeoutPassed } from "./errors.ts";
import type { DatabaseError } from "./errors.ts";
import { Lock, type LockOwner } from "./lock-queue.ts";
import type { AnyStatement } from "./statements.ts";

/** One state, by the word that scenarios have for it. */
export type ConditionKind = "read-only" | "full" | "lock-tables" | "lock-timeout" | "statement-timeout";

/** How long a session may wait, and what it is told then.  Units: virtual milliseconds. */
export interface Limit {
  readonly afterMs: number;
  readonly error: () => DatabaseError;
}

/** Source: PostgreSQL manual, 19.11.1 "Statement Behavior". */
export class Conditions {
  /** Nothing below is so; asked for every statement. */
  areNormal = true;
  readonly #present = new Set<ConditionKind>();
  readonly #unstruck = new Set<ConditionKind>();
  #limits: { readonly lock?: Limit; readonly statement?: Limit } = {};
  #tables: { readonly lock: Lock; readonly holder: LockOwner } | undefined;

  set(kind: "read-only" | "full" | "lock-tables"): void {
    this.#note(kind);
    if (kind !== "lock-tables" || this.#tables !== undefined) return;
    const holder: LockOwner = { lockWait: undefined, onGranted: () => undefined };
    const lock = new Lock();
    lock.acquire(holder, "exclusive");
    this.#tables = { lock, holder };
  }

  setLimit(kind: "lock-timeout" | "statement-timeout", afterMs: number): void {
    this.#note(kind);
    const error = (): DatabaseError => {
      this.#unstruck.delete(kind);
      return kind === "lock-timeout" ? lockTimeoutPassed() : statementTimeoutPassed();
    };
    const of = kind === "lock-timeout" ? "lock" : "statement";
    this.#limits = { ...this.#limits, [of]: { afterMs, error } };
  }

  /** Everything is as it was. Whoever waited for the tables may go on, which the caller has the core see to. */
  clear(): void {
    this.areNormal = true;
    this.#present.clear();
    this.#unstruck.clear();
    this.#limits = {};
    this.#tables?.lock.release(this.#tables.holder, "exclusive");
    this.#tables = undefined;
  }

  has(kind: ConditionKind): boolean {
    return this.#present.has(kind);
  }

  /** What was set and has hindered nobody so far. */
  unstruck(): readonly ConditionKind[] {
    return [...this.#unstruck];
  }

  /** Why the statement cannot be had at present.  Source: PostgreSQL manual, SET TRANSACTION, "READ ONLY". */
  refusalOf(statement: AnyStatement): DatabaseError | undefined {
    const command = commandOf(statement);
    if (command === undefined) return undefined;
    if (this.#present.has("read-only")) {
      this.#unstruck.delete("read-only");
      return readOnlyTransaction(command);
    }
    if (!this.#present.has("full") || (command !== "INSERT" && command !== "UPDATE")) return undefined;
    this.#unstruck.delete("full");
    return diskFull();
  }

  /** The lock that a writer has to wait for.  Source: PostgreSQL manual, 13.3.1 "Table-Level Locks". */
  tableLockFor(statement: AnyStatement): Lock | undefined {
    if (this.#tables === undefined) return undefined;
    const command = commandOf(statement);
    if (command === undefined || command === "nextval()" || command === "setval()") return undefined;
    this.#unstruck.delete("lock-tables");
    return this.#tables.lock;
  }

  get lockLimit(): Limit | undefined {
    return this.#limits.lock;
  }

  get statementLimit(): Limit | undefined {
    return this.#limits.statement;
  }

  #note(kind: ConditionKind): void {
    this.areNormal = false;
    this.#present.add(kind);
    this.#unstruck.add(kind);
  }
}

/** What a statement that writes is called in an error message; `undefined` for the others. */
function commandOf(statement: AnyStatement): string | undefined {
  switch (statement.kind) {
    case "insert":
    case "update":
    case "delete":
      return statement.kind.toUpperCase();
    case "select":
      return statement.options.lock === undefined ? undefined : "SELECT FOR UPDATE";
    case "nextval":
    case "setval":
      return `${statement.kind}()`;
    default:
      return undefined;
  }
}
