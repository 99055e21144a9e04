// One transaction on one connection, and what is known about it when the connection ends.
//
// Statements are pipelined: `post` writes a statement and does not wait for its answer, `run` does. The server works
// through them in order and answers in order, so whoever waits for one has the outcome of all before it, and a
// transaction costs as many round trips as it asks questions.
// What is written in one turn of the event loop leaves in one packet: a system call each would cost more than the
// statements themselves.
// A posted statement that fails makes everything behind it fail, the commit at the latest, with its own error.
import type pg from "pg";
import { CommitUnknown, SessionLost, StatementFailed } from "../waveflow/ports.ts";
import { faultOf, isServerAnswer } from "./faults.ts";

/** A statement by name: prepared once per connection. `Row` is what it answers. */
export interface SqlStatement<Row> {
  readonly name: string;
  readonly text: string;
  /** Only a type. */
  readonly row?: Row;
}

export type Isolation = "read committed" | "repeatable read";

interface Failure {
  readonly fault: SessionLost | StatementFailed;
  /** The server answered: nothing behind the statement was done, a commit under way included. */
  readonly answered: boolean;
}

export class Session {
  readonly #client: pg.PoolClient;
  #failure: Failure | undefined;
  #isBroken = false;
  #isOver = false;
  #isHolding = false;

  constructor(client: pg.PoolClient) {
    this.#client = client;
    client.on("error", this.#onConnectionError);
  }

  /** `tags` say what the transaction is for, to whoever reads the database's log or stands on the line; to PostgreSQL
   *  they are a comment.  Source: sqlcommenter, "Specification". */
  begin(isolation: Isolation, tags: Readonly<Record<string, string>> = {}): void {
    this.#write({ text: `${beginTexts[isolation]}${commentOf(tags)}` }).catch(() => undefined);
  }

  /** The rows of a statement.
   *  Errors: `SessionLost`, `StatementFailed`, of this statement or of one posted before. */
  async run<Row>(statement: SqlStatement<Row>, values: readonly unknown[]): Promise<readonly Row[]> {
    this.#throwFailure();
    try {
      const { rows } = await this.#write({ ...written(statement), values: [...values] });
      return rows as Row[];
    } catch (error) {
      this.#throwFailure();
      throw error;
    }
  }

  /** Writes a statement whose rows nobody needs. Its failure is that of whatever is waited for next. */
  post(statement: SqlStatement<unknown>, values: readonly unknown[]): void {
    this.#throwFailure();
    this.#write({ ...written(statement), values: [...values] }).catch(() => undefined);
  }

  /** Errors: `StatementFailed`, `SessionLost` where nothing was committed; `CommitUnknown` where nobody can say. */
  async commit(): Promise<void> {
    this.#throwFailure();
    try {
      const { command } = await this.#write({ text: "COMMIT" });
      // The commit of a transaction in which something failed is a rollback, and no error.
      if (command !== "COMMIT") {
        this.#throwFailure();
        throw new StatementFailed("25P02", "the transaction was rolled back instead of committed");
      }
    } catch (error) {
      if (error instanceof StatementFailed) throw error;
      const { fault, answered } = this.#failure!;
      // A FATAL in answer to the COMMIT itself proves nothing: it may come after the commit was written down. One in
      // answer to a statement before it does; `#write` has kept the first.
      if (fault instanceof StatementFailed || (answered && error !== fault.cause)) throw fault;
      throw new CommitUnknown(fault.message, { cause: fault });
    }
  }

  /** Never throws: a connection that cannot roll back is not used again, and the server rolls back when it ends. */
  async rollback(): Promise<void> {
    if (this.#isBroken) return;
    await this.#write({ text: "ROLLBACK" }).catch(() => {
      this.#isBroken = true;
    });
  }

  /** Gives the connection back, or ends it where its state is unknown. */
  release(): void {
    this.#isOver = true;
    this.#client.off("error", this.#onConnectionError);
    this.#client.release(this.#isBroken);
  }

  async #write(query: pg.QueryConfig): Promise<pg.QueryResult> {
    if (this.#isOver) throw new Error("the transaction is over: a statement came after its end");
    this.#holdPacket();
    try {
      return await this.#client.query(query);
    } catch (error) {
      const fault = faultOf(error);
      this.#failure ??= { fault, answered: isServerAnswer(error) };
      if (!(fault instanceof StatementFailed)) this.#isBroken = true;
      throw error;
    }
  }

  // `nextTick` runs when every promise of this turn has been followed to its next wait.
  #holdPacket(): void {
    if (this.#isHolding) return;
    this.#isHolding = true;
    const { stream } = this.#client.connection;
    stream.cork();
    process.nextTick(() => {
      this.#isHolding = false;
      stream.uncork();
    });
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.fault;
  }

  // The connection ended, perhaps while no statement was under way; then nobody else would hear of it.
  #onConnectionError = (error: Error): void => {
    this.#isBroken = true;
    this.#failure ??= { fault: new SessionLost(error.message, { cause: error }), answered: false };
  };
}

const written = ({ name, text }: SqlStatement<unknown>): pg.QueryConfig => ({ name, text });

function commentOf(tags: Readonly<Record<string, string>>): string {
  let pairs = "";
  for (const key of Object.keys(tags).sort()) {
    pairs += `${pairs === "" ? "" : ","}${key}='${encodeURIComponent(tags[key]!).replaceAll("'", "%27")}'`;
  }
  return pairs === "" ? "" : ` /*${pairs}*/`;
}

const beginTexts: Readonly<Record<Isolation, string>> = {
  "read committed": "BEGIN ISOLATION LEVEL READ COMMITTED",
  "repeatable read": "BEGIN ISOLATION LEVEL REPEATABLE READ",
};
