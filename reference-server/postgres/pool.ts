// Connections to PostgreSQL, set so that nothing waits for ever: connecting, waiting for a free connection, a statement,
// and a transaction that its process forgot all end by themselves.
import pg from "pg";
import { faultOf } from "./faults.ts";
import { type Isolation, Session } from "./session.ts";

export interface PoolOptions {
  readonly url: string;
  /** Connections at a time. Default: 10. */
  readonly connectionsMax?: number;
  /** For a new connection, and for a free one of a busy pool. Default: 5000. */
  readonly connectTimeoutMs?: number;
  /** For one statement, waiting for locks included. Default: 30000. */
  readonly statementTimeoutMs?: number;
}

const defaults = { connectionsMax: 10, connectTimeoutMs: 5_000, statementTimeoutMs: 30_000 };

/** How much later than the server the driver gives up on a statement: only a server that cannot answer is late. */
const graceMs = 5_000;

export class SessionPool {
  readonly #pool: pg.Pool;

  constructor(options: PoolOptions) {
    const { url, connectionsMax, connectTimeoutMs, statementTimeoutMs } = { ...defaults, ...options };
    this.#pool = new pg.Pool({
      ...connectionSettings({ url, connectTimeoutMs, statementTimeoutMs }),
      max: connectionsMax,
      // Statements are written without waiting for the answers to those before them; see session.ts.
      pipeline: true,
    });
    // A connection that ends while nobody waits for it is no news: the pool lets go of it, and its next user fails with
    // its statement. Without a listener the process would end instead.
    this.#pool.on("error", ignore);
    this.#pool.on("connect", (client) => client.on("error", ignore));
  }

  /** Commits when `work` returns and rolls back when it throws. For `tags` see `Session.begin`.
   *  Errors: `SessionLost`, `CommitUnknown`, `StatementFailed`, and what `work` throws. */
  async inTransaction<T>(
    isolation: Isolation,
    work: (session: Session) => Promise<T>,
    tags?: Readonly<Record<string, string>>,
  ): Promise<T> {
    const session = await this.#session();
    try {
      session.begin(isolation, tags);
      const value = await work(session);
      await session.commit();
      return value;
    } catch (error) {
      await session.rollback();
      throw error;
    } finally {
      session.release();
    }
  }

  /** Waits for running transactions. */
  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #session(): Promise<Session> {
    try {
      return new Session(await this.#pool.connect());
    } catch (error) {
      throw faultOf(error);
    }
  }
}

/** Settings of one connection, pooled or not. */
export const connectionSettings = (options: {
  readonly url: string;
  readonly connectTimeoutMs?: number;
  readonly statementTimeoutMs?: number;
}): pg.ClientConfig => {
  const { url, connectTimeoutMs, statementTimeoutMs } = { ...defaults, ...options };
  return {
    connectionString: url,
    application_name: "seatrial",
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + graceMs,
    idle_in_transaction_session_timeout: statementTimeoutMs + graceMs,
    keepAlive: true,
    types: { getTypeParser: exactTypeParser as typeof pg.types.getTypeParser },
  };
};

const int8 = 20;

/** BIGINT as a number, never rounded. */
function exactTypeParser(oid: number, format?: "text" | "binary"): (text: string) => unknown {
  if (oid === int8 && format !== "binary") return safeInteger;
  return pg.types.getTypeParser(oid, format ?? "text") as (text: string) => unknown;
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is beyond 2^53-1 and cannot be told apart`);
  return value;
}

const ignore = (): void => undefined;
