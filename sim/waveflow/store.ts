// The server core's Database and Fanout on the simulated engine, for one server process. The process may crash at any
// round trip: then its sessions are lost, and what they had not committed with them.
import {
  CommitUnknown,
  type Database,
  type Fanout,
  SessionLost,
  StatementFailed,
  type Transaction,
  type TransactionOptions,
} from "../../reference-server/waveflow/ports.ts";
import type { Engine, Session } from "../postgres/engine.ts";
import { begin, commit, rollback } from "../postgres/statements.ts";
import { readAnnouncement } from "./announcement.ts";
import { announcementChannel } from "./schema.ts";
import { SimTransaction } from "./transaction.ts";
import type { DatabaseWire } from "./wire.ts";

export interface SimStoreOptions {
  readonly engine: Engine;
  readonly wire: DatabaseWire;
  /** Has the process hear an announcement, or of a gap, when the world says so. Keeps their order.
   *  Default: at once. */
  readonly deliver?: (hear: () => void) => void;
  /** Has a lost listener connected anew when the world says so. What is announced meanwhile it never hears.
   *  Default: at once. */
  readonly reconnect?: (connect: () => void) => void;
}

type FanoutHandlers = Parameters<Fanout["listen"]>[0];

interface Listening {
  readonly handlers: FanoutHandlers;
  session: Session;
}

export class SimStore implements Database, Fanout {
  readonly #engine: Engine;
  readonly #wire: DatabaseWire;
  readonly #deliver: (hear: () => void) => void;
  readonly #reconnect: (connect: () => void) => void;
  readonly #busy = new Set<SimTransaction>();
  readonly #listening = new Set<Listening>();

  constructor(options: SimStoreOptions) {
    this.#engine = options.engine;
    this.#wire = options.wire;
    this.#deliver = options.deliver ?? atOnce;
    this.#reconnect = options.reconnect ?? atOnce;
  }

  /** See the port. */
  async transaction<T>(
    options: TransactionOptions,
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<T> {
    const session = this.#engine.connect();
    const transaction = new SimTransaction({ wire: this.#wire, session, options });
    this.#busy.add(transaction);
    let isCommitting = false;
    try {
      await transaction.run("begin", (session, done) => session.execute(begin(options), done));
      const value = await work(transaction);
      isCommitting = true;
      checkCommitted(await transaction.run("commit", (session, done) => session.execute(commit, done)));
      return value;
    } catch (error) {
      await this.#rollBack(transaction);
      throw isCommitting && error instanceof SessionLost ? new CommitUnknown(error.message) : error;
    } finally {
      this.#busy.delete(transaction);
      session.terminate();
    }
  }

  /** See the port. */
  listen(handlers: FanoutHandlers): Promise<{ close(): Promise<void> }> {
    const listening: Listening = { handlers, session: this.#engine.connect() };
    this.#subscribe(listening);
    this.#listening.add(listening);
    return Promise.resolve({
      close: () => {
        this.#listening.delete(listening);
        listening.session.terminate();
        return Promise.resolve();
      },
    });
  }

  /** The process is gone: all its sessions end, and nobody hears of it. */
  abandon(): void {
    for (const transaction of this.#busy) transaction.session.terminate();
    for (const { session } of this.#listening) session.terminate();
    this.#busy.clear();
    this.#listening.clear();
  }

  /** The connections broke, and the process lives on: statements under way are answered with the loss, and listeners
   *  are connected anew and told of a gap. */
  loseConnections(): void {
    for (const transaction of this.#busy) transaction.lose();
    for (const listening of this.#listening) {
      listening.session.terminate();
      this.#reconnect(() => {
        if (!this.#listening.has(listening)) return;
        listening.session.terminate();
        listening.session = this.#engine.connect();
        this.#subscribe(listening);
        listening.handlers.onGap();
      });
    }
  }

  #subscribe(listening: Listening): void {
    listening.session.listen(announcementChannel, (payload) => {
      const announcement = readAnnouncement(payload);
      this.#deliver(() => {
        if (this.#listening.has(listening)) listening.handlers.onAnnouncement(announcement);
      });
    });
  }

  async #rollBack(transaction: SimTransaction): Promise<void> {
    const { session } = transaction;
    if (!session.isOpen() || session.transactionStatus() === "idle") return;
    try {
      await transaction.run("rollback", (session, done) => session.execute(rollback, done));
    } catch {
      // The session is lost, which rolls back as well.
    }
  }
}

const atOnce = (run: () => void): void => run();

/** Work that went on after a failed statement: the COMMIT of such a transaction is a ROLLBACK. */
function checkCommitted(ended: "COMMIT" | "ROLLBACK"): void {
  if (ended === "ROLLBACK")
    throw new StatementFailed("25P02", "the transaction had failed before its commit");
}
