// One connection: its transaction, and the statement that it is running. A statement runs until it is done or has to wait
// for a lock; then it is resumed when the lock is its own, or fails when its deadlock check finds a circle.
// Source: PostgreSQL manual, 13.2 "Transaction Isolation", 13.3.4 "Deadlocks"; 55.2 "Message Flow" (transaction status).
import { blockersOf, checkDeadlock } from "./deadlock.ts";
import type { Limit } from "./conditions.ts";
import type { DatabaseCore, EngineTimer } from "./database-core.ts";
import { connectionGone, DatabaseError, deadlockDetected, transactionFailed } from "./errors.ts";
import type { Lock, LockOwner, LockWait } from "./lock-queue.ts";
import { addNotification, type Notification } from "./notify.ts";
import { selectDistinct, selectExtreme, selectLocked, selectRows } from "./reading.ts";
import type { Actor, Steps } from "./row-locks.ts";
import type { AdvisoryLockStatement, AnyStatement, Isolation, Statement } from "./statements.ts";
import { Transaction } from "./transactions.ts";
import { deleteRows, insertRows, updateRows } from "./writing.ts";

/** What a statement came to.  Source: PostgreSQL manual, 55.2.2 "Simple Query" (CommandComplete, ErrorResponse). */
export type Outcome<R> =
  | { readonly ok: true; readonly value: R }
  | { readonly ok: false; readonly error: DatabaseError };

interface Running {
  readonly steps: Steps<unknown>;
  actor: Actor;
  readonly done: (outcome: Outcome<unknown>) => void;
  deadlockTimer: EngineTimer | undefined;
  /** Of the present wait. */
  lockTimer: EngineTimer | undefined;
  statementTimer: EngineTimer | undefined;
}

/** A connection to the engine, made by `Engine.connect`. It runs one statement at a time.
 *  Source: PostgreSQL manual, 55.2 "Message Flow". */
export class Session implements LockOwner {
  lockWait: LockWait | undefined;
  readonly #core: DatabaseCore;
  readonly #stopListening: (() => void)[] = [];
  #transaction: Transaction | undefined;
  #isInBlock = false;
  #isFailed = false;
  #said: Notification[] | undefined;
  #running: Running | undefined;
  #isEnded = false;

  constructor(core: DatabaseCore) {
    this.#core = core;
  }

  /** Runs one statement. Calls `done` exactly once: before it returns if nothing blocks, later if it waits for a lock,
   *  never if the session ends while it waits. Whatever the statement sets free runs on before `done` is called. */
  execute<R>(statement: Statement<R>, done: (outcome: Outcome<R>) => void): void {
    if (this.#running !== undefined)
      throw new Error("a session runs one statement at a time; this one still waits");
    const outcome = this.#isEnded
      ? failure(connectionGone())
      : this.#start(statement as AnyStatement, done as (outcome: Outcome<unknown>) => void);
    if (this.#core.hasNews) this.#core.settle(outcome, done as (outcome: Outcome<unknown>) => void);
    else if (outcome !== undefined) done(outcome as Outcome<R>);
  }

  isWaiting(): boolean {
    return this.#running !== undefined;
  }

  isOpen(): boolean {
    return !this.#isEnded;
  }

  /** `failed` after an error, until COMMIT or ROLLBACK.  Source: PostgreSQL manual, 55.2 "Message Flow". */
  transactionStatus(): "idle" | "open" | "failed" {
    if (this.#isFailed) return "failed";
    return this.#isInBlock ? "open" : "idle";
  }

  /** The sessions that it waits for: holders, and those before it in the queue. */
  waitsFor(): readonly Session[] {
    return blockersOf(this) as Session[];
  }

  /** Calls back for each notification, between transactions of this session, until it ends.
   *  Source: PostgreSQL manual, LISTEN. */
  listen(channel: string, onNotify: (payload: string) => void): () => void {
    const stop = this.#core.notifications.listen(channel, () => !this.#isInBlock, onNotify);
    this.#stopListening.push(stop);
    return stop;
  }

  /** The connection is lost: an open transaction rolls back, a waiting statement never answers. */
  terminate(): void {
    if (this.#isEnded) return;
    this.lockWait?.lock.withdraw(this);
    this.abandon();
    if (this.#core.hasNews) this.#core.settle(undefined, undefined);
  }

  /** Ends without letting anybody run on; the core decides when. */
  abandon(): void {
    this.#isEnded = true;
    this.#running?.deadlockTimer?.cancel();
    if (this.#running !== undefined) this.#dropRunning(this.#running);
    this.#endTransaction(false);
    this.#isInBlock = false;
    this.#isFailed = false;
    this.#core.advisoryLocks.releaseSession(this);
    for (const stop of this.#stopListening) stop();
    this.#core.forget(this);
  }

  onGranted(): void {
    this.#core.wake(this);
  }

  /** The lock is its own: runs on until it is done or waits again. */
  resume(): void {
    const running = this.#running;
    if (running === undefined) return;
    running.deadlockTimer?.cancel();
    running.lockTimer?.cancel();
    running.lockTimer = undefined;
    this.#advance(running);
  }

  /** Its present wait counts against limits that were set since it began. */
  heedLimits(): void {
    if (this.#running !== undefined) this.#armLimits(this.#running);
  }

  // Answers `undefined` when the statement waits.
  #start(statement: AnyStatement, done: (outcome: Outcome<unknown>) => void): Outcome<unknown> | undefined {
    if (statement.kind === "commit" || statement.kind === "rollback") return this.#end(statement.kind);
    if (this.#isFailed) return failure(transactionFailed());
    if (statement.kind === "begin") return this.#begin(statement.isolation);
    const transaction = (this.#transaction ??= new Transaction("read committed", this));
    transaction.command += 1;
    const actor = this.#actorFor(transaction);
    try {
      const steps = this.#core.conditions.areNormal
        ? this.#stepsOf(statement, actor)
        : this.#stepsUnderConditions(statement, actor);
      if (steps === undefined) return this.#succeed(this.#runAtOnce(statement, actor));
      const first = steps.next();
      if (first.done === true) return this.#succeed(first.value);
      this.#running = {
        steps,
        actor,
        done,
        deadlockTimer: undefined,
        lockTimer: undefined,
        statementTimer: undefined,
      };
      this.#wait(this.#running);
      return undefined;
    } catch (error) {
      return this.#fail(error);
    }
  }

  // NOTIFY and the like would not take a snapshot as utility commands; stores call them as functions in a SELECT, and
  // those do, before they wait: under REPEATABLE READ a lock taken first protects nothing that is read later.
  #actorFor(transaction: Transaction): Actor {
    const { snapshots } = this.#core;
    let snapshot = snapshots.current;
    if (transaction.isolation === "repeatable read") {
      if (transaction.snapshot === undefined) {
        transaction.snapshot = snapshot;
        snapshots.hold(snapshot);
      }
      snapshot = transaction.snapshot;
    }
    return { owner: this, transaction, snapshot, snapshots };
  }

  // Who has written already has its lock on the tables, and whoever wants them all waits for its end.
  #stepsUnderConditions(statement: AnyStatement, actor: Actor): Steps<unknown> | undefined {
    const { conditions } = this.#core;
    const refusal = conditions.refusalOf(statement);
    if (refusal !== undefined) throw refusal;
    const tables = actor.transaction.writeOrder > 0 ? undefined : conditions.tableLockFor(statement);
    return tables === undefined
      ? this.#stepsOf(statement, actor)
      : this.#stepsBehind(tables, statement, actor);
  }

  // A statement locks its tables before it takes the snapshot with which it runs.
  *#stepsBehind(tables: Lock, statement: AnyStatement, actor: Actor): Steps<unknown> {
    const isFree = tables.acquire(this, "shared");
    if (!isFree) yield;
    tables.release(this, "shared");
    if (isFree) return yield* this.#stepsOf(statement, actor)!;
    const running = this.#running!;
    const { snapshots } = this.#core;
    snapshots.drop(running.actor.snapshot);
    running.actor = this.#actorFor(actor.transaction);
    snapshots.hold(running.actor.snapshot);
    return yield* this.#stepsOf(statement, running.actor)!;
  }

  #stepsOf(statement: AnyStatement, actor: Actor): Steps<unknown> | undefined {
    switch (statement.kind) {
      case "insert":
        return insertRows(actor, this.#core.table(statement.table), statement);
      case "update":
        return updateRows(actor, this.#core.table(statement.table), statement);
      case "delete":
        return deleteRows(actor, this.#core.table(statement.table), statement);
      case "select":
        if (statement.options.lock === undefined) return undefined;
        return selectLocked(actor, this.#core.table(statement.table), statement);
      case "advisory lock":
        return this.#lockAdvisory(actor, statement);
      default:
        return undefined;
    }
  }

  #runAtOnce(statement: AnyStatement, actor: Actor): unknown {
    const core = this.#core;
    switch (statement.kind) {
      case "select":
        return selectRows(actor, core.table(statement.table), statement);
      case "extreme":
        return selectExtreme(actor, core.table(statement.table), statement);
      case "distinct":
        return selectDistinct(actor, core.table(statement.table), statement);
      case "nextval":
        return core.sequence(statement.sequence).take(statement.count);
      case "setval":
        core.sequence(statement.sequence).set(statement.value);
        return statement.value;
      case "advisory try lock": {
        const { key, mode, level } = statement;
        const isTaken = core.advisoryLocks.lockFor(key).tryAcquire(this, mode);
        if (isTaken) this.#noteAdvisory(actor, { key, mode, level });
        return isTaken;
      }
      case "advisory unlock":
        return core.advisoryLocks.unlock(this, statement.key, statement.mode);
      case "notify":
        addNotification((this.#said ??= []), statement.channel, statement.payload);
        return undefined;
      default:
        throw new Error(`${statement.kind} is no statement that runs at once`);
    }
  }

  *#lockAdvisory(actor: Actor, statement: AdvisoryLockStatement): Steps<void> {
    if (!this.#core.advisoryLocks.lockFor(statement.key).acquire(this, statement.mode)) yield;
    this.#noteAdvisory(actor, statement);
  }

  #noteAdvisory(
    actor: Actor,
    { key, mode, level }: Pick<AdvisoryLockStatement, "key" | "mode" | "level">,
  ): void {
    const { advisoryLocks } = this.#core;
    if (level === "session") advisoryLocks.noteForSession(this, key, mode);
    else advisoryLocks.noteForTransaction(actor.transaction, key, mode);
  }

  #begin(isolation: Isolation): Outcome<unknown> {
    if (this.#isInBlock)
      throw new Error("begin inside a transaction: the caller has lost track of its session");
    this.#isInBlock = true;
    this.#transaction = new Transaction(isolation, this);
    return success("BEGIN");
  }

  #end(kind: "commit" | "rollback"): Outcome<unknown> {
    const isCommitted = kind === "commit" && !this.#isFailed;
    this.#isInBlock = false;
    this.#isFailed = false;
    this.#endTransaction(isCommitted);
    this.#core.noteIdle();
    return success(isCommitted ? "COMMIT" : "ROLLBACK");
  }

  #advance(running: Running): void {
    let outcome: Outcome<unknown>;
    try {
      const step = running.steps.next();
      if (step.done !== true) {
        this.#wait(running);
        return;
      }
      this.#dropRunning(running);
      outcome = this.#succeed(step.value);
    } catch (error) {
      this.#dropRunning(running);
      outcome = this.#fail(error);
    }
    this.#core.deliverLater(running.done, outcome);
  }

  // While it waits, its snapshot keeps what it has yet to look at from being vacuumed.
  #wait(running: Running): void {
    if (running.deadlockTimer === undefined) this.#core.snapshots.hold(running.actor.snapshot);
    running.deadlockTimer = this.#core.timers.after(this.#core.deadlockTimeoutMs, () =>
      this.#checkDeadlock(running),
    );
    if (!this.#core.conditions.areNormal) this.#armLimits(running);
  }

  #armLimits(running: Running): void {
    const { lockLimit, statementLimit } = this.#core.conditions;
    const arm = ({ afterMs, error }: Limit): EngineTimer =>
      this.#core.timers.after(afterMs, () => this.#giveUp(running, error));
    if (lockLimit !== undefined) running.lockTimer ??= arm(lockLimit);
    if (statementLimit !== undefined) running.statementTimer ??= arm(statementLimit);
  }

  #giveUp(running: Running, error: Limit["error"]): void {
    if (this.#running !== running || this.lockWait === undefined) return;
    this.lockWait.lock.withdraw(this);
    running.deadlockTimer?.cancel();
    this.#dropRunning(running);
    this.#core.deliverLater(running.done, this.#fail(error()));
    this.#core.settle(undefined, undefined);
  }

  #dropRunning(running: Running): void {
    running.lockTimer?.cancel();
    running.statementTimer?.cancel();
    this.#core.snapshots.drop(running.actor.snapshot);
    this.#running = undefined;
  }

  #checkDeadlock(running: Running): void {
    const wait = this.lockWait;
    if (this.#running !== running || wait === undefined) return;
    const verdict = checkDeadlock(this);
    if (verdict.kind === "none") return;
    if (verdict.kind === "reorder") {
      for (const [lock, order] of verdict.queues) lock.reorder(order);
    } else {
      wait.lock.withdraw(this);
      this.#dropRunning(running);
      this.#core.deliverLater(running.done, this.#fail(deadlockDetected()));
    }
    this.#core.settle(undefined, undefined);
  }

  #succeed(value: unknown): Outcome<unknown> {
    if (!this.#isInBlock) this.#endTransaction(true);
    return success(value);
  }

  // An error ends the transaction at once, locks and all; the session merely has to say so with its ROLLBACK.
  #fail(error: unknown): Outcome<unknown> {
    if (!(error instanceof DatabaseError)) throw error;
    this.#endTransaction(false);
    this.#isFailed = this.#isInBlock;
    return failure(error);
  }

  #endTransaction(isCommit: boolean): void {
    const transaction = this.#transaction;
    const said = this.#said;
    this.#transaction = undefined;
    this.#said = undefined;
    if (transaction === undefined) return;
    if (isCommit) this.#core.commit(transaction, said);
    else this.#core.abort(transaction);
  }
}

const success = (value: unknown): Outcome<unknown> => ({ ok: true, value });
const failure = (error: DatabaseError): Outcome<never> => ({ ok: false, error });
