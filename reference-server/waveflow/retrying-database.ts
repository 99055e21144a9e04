// Tries again what the database itself asks to be tried again: a transaction that lost a deadlock or a serialization
// conflict has done nothing, and the same work may pass now. A lost connection is not tried again here: its caller, the
// device, has to live with that anyway, and only a reply that says so keeps both in step.
import { type Database, StatementFailed, type Transaction, type TransactionOptions } from "./ports.ts";

/** Runs `work` up to `triesMax` times, so `work` has no effect but its statements.
 *  Errors: those of the database; the last one when the tries are used up. */
export class RetryingDatabase implements Database {
  readonly #database: Database;
  readonly #triesMax: number;

  constructor(database: Database, triesMax: number) {
    this.#database = database;
    this.#triesMax = triesMax;
  }

  async transaction<T>(
    options: TransactionOptions,
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#database.transaction(options, work);
      } catch (error) {
        if (tries >= this.#triesMax || !isTryAgain(error)) throw error;
      }
    }
  }
}

/** serialization_failure and deadlock_detected.  Source: PostgreSQL manual, 13.5 "Serialization Failure Handling". */
const isTryAgain = (error: unknown): boolean =>
  error instanceof StatementFailed && (error.sqlstate === "40001" || error.sqlstate === "40P01");
