// The server core's Database on PostgreSQL.
import type { Database, Transaction, TransactionOptions } from "../waveflow/ports.ts";
import type { SessionPool } from "./pool.ts";
import { PostgresTransaction } from "./transaction.ts";

export class PostgresDatabase implements Database {
  readonly #pool: SessionPool;

  constructor(pool: SessionPool) {
    this.#pool = pool;
  }

  /** See the port. Errors: `SessionLost`, `CommitUnknown`, `StatementFailed`, and what `work` throws. */
  transaction<T>(options: TransactionOptions, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const { isolation, purpose, device } = options;
    const tags = device === undefined ? { purpose } : { device: device.toLowerCase(), purpose };
    return this.#pool.inTransaction(
      isolation,
      (session) => work(new PostgresTransaction(session, options)),
      tags,
    );
  }
}
