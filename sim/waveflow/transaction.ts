// One transaction of the simulated store: each statement is a round trip on the wire, and an answer that does not come
// ends the session.
import {
  type Announcement,
  type Receipt,
  SessionLost,
  StatementFailed,
  type StoredOp,
  type Transaction,
  type TransactionOptions,
  type Watermark,
} from "../../reference-server/waveflow/ports.ts";
import { DatabaseError, type Outcome, type Session } from "../postgres/engine.ts";
import { advisoryLock, nextval, notify } from "../postgres/statements.ts";
import { announcementText } from "./announcement.ts";
import { announcementChannel, opSequence } from "./schema.ts";
import * as statements from "./statements.ts";
import type { Hearing } from "../world/database-line.ts";
import type { DatabaseWire, StatementName } from "./wire.ts";

export interface SimTransactionSetup {
  readonly wire: DatabaseWire;
  readonly session: Session;
  readonly options: TransactionOptions;
}

export class SimTransaction implements Transaction, Hearing<Outcome<unknown>, unknown> {
  readonly session: Session;
  readonly #wire: DatabaseWire;
  readonly #options: TransactionOptions;
  /** Hears the answer of the statement under way. */
  #answer: ((outcome: Outcome<unknown>) => void) | undefined;
  #isRefused = false;

  constructor({ wire, session, options }: SimTransactionSetup) {
    this.session = session;
    this.#wire = wire;
    this.#options = options;
  }

  get isolation(): TransactionOptions["isolation"] {
    return this.#options.isolation;
  }

  /** One round trip.
   *  Errors: `SessionLost` when no answer came, and then the session is over; `StatementFailed`. */
  run<R>(statement: StatementName, start: statements.Run<R>): Promise<R> {
    if (this.#isRefused && statement !== "rollback")
      return Promise.reject(new StatementFailed("25P02", "the transaction has failed"));
    const { purpose, device } = this.#options;
    // No async function and no `then`: every statement of every run comes through here.
    return this.#wire.roundTrip<Outcome<R>, R>(
      { purpose, statement, device, transaction: this },
      (done) => this.#start(start, done as (outcome: Outcome<unknown>) => void),
      this,
    );
  }

  /** See `Hearing`. */
  answered<R>(outcome: Outcome<R>): R {
    if (outcome.ok) return outcome.value;
    const { sqlstate, message } = outcome.error;
    throw sqlstate === connectionGone ? new SessionLost(message) : new StatementFailed(sqlstate, message);
  }

  /** See `Hearing`. */
  lost(error: Error): Error {
    if (error instanceof StatementFailed) {
      this.#isRefused = true;
      return error;
    }
    this.session.terminate();
    return new SessionLost(error.message);
  }

  /** The connection is gone: a statement that waits is answered with the loss. */
  lose(): void {
    this.session.terminate();
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.({ ok: false, error: new DatabaseError(connectionGone, "the connection was lost") });
  }

  lockUser(user: string): Promise<void> {
    return this.run("lockUser", (session, done) => session.execute(advisoryLock(user), done));
  }

  findReceipts(user: string, operationIds: readonly string[]): Promise<ReadonlyMap<string, Receipt>> {
    return this.run("findReceipts", statements.findReceipts(user, operationIds));
  }

  highestLamport(user: string, device: string): Promise<{ ofDevice: number; ofUser: number }> {
    return this.run("highestLamport", statements.highestLamport(user, device));
  }

  highestId(user: string): Promise<number> {
    return this.run("highestId", statements.highestId(user));
  }

  async takeIds(count: number): Promise<readonly number[]> {
    const first = await this.run<number>("takeIds", (session, done) =>
      session.execute(nextval(opSequence, count), done),
    );
    const ids: number[] = [];
    for (let id = first; id < first + count; id++) ids.push(id);
    return ids;
  }

  insertOps(user: string, ops: readonly StoredOp[]): Promise<void> {
    return this.run("insertOps", statements.insertOps(user, ops));
  }

  insertReceipts(user: string, receipts: readonly Receipt[]): Promise<void> {
    return this.run("insertReceipts", statements.insertReceipts(user, receipts));
  }

  raiseDevice(row: Parameters<Transaction["raiseDevice"]>[0]): Promise<void> {
    return this.run("raiseDevice", statements.raiseDevice(row));
  }

  opsAfter(page: Parameters<Transaction["opsAfter"]>[0]): Promise<readonly StoredOp[]> {
    return this.run("opsAfter", statements.opsAfter(page));
  }

  readWatermark(user: string): Promise<Watermark> {
    return this.run("readWatermark", statements.readWatermark(user));
  }

  findCursor(user: string, device: string): Promise<number | undefined> {
    return this.run("findCursor", statements.findCursor(user, device));
  }

  raiseCursor(row: Parameters<Transaction["raiseCursor"]>[0]): Promise<void> {
    return this.run("raiseCursor", statements.raiseCursor(row));
  }

  minimumCursor(range: Parameters<Transaction["minimumCursor"]>[0]): Promise<number | undefined> {
    return this.run("minimumCursor", statements.minimumCursor(range));
  }

  collapse(
    range: Parameters<Transaction["collapse"]>[0],
  ): Promise<{ deleted: number; highestDeletedId: number }> {
    return this.run("collapse", statements.collapse(range));
  }

  raiseWatermark(row: Parameters<Transaction["raiseWatermark"]>[0]): Promise<Watermark> {
    return this.run("raiseWatermark", statements.raiseWatermark(row));
  }

  usersWithOps(page: Parameters<Transaction["usersWithOps"]>[0]): Promise<readonly string[]> {
    return this.run("usersWithOps", statements.usersWithOps(page));
  }

  announce(announcement: Announcement): Promise<void> {
    return this.run("announce", (session, done) =>
      session.execute(notify(announcementChannel, announcementText(announcement)), done),
    );
  }

  #start<R>(start: statements.Run<R>, answer: (outcome: Outcome<unknown>) => void): void {
    this.#answer = answer;
    start(this.session, (outcome) => {
      if (this.#answer !== answer) return;
      this.#answer = undefined;
      answer(outcome);
    });
  }
}

/** 08003, connection_does_not_exist: what the engine answers on a session that has ended. */
const connectionGone = "08003";
