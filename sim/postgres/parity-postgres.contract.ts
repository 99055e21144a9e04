// A real PostgreSQL as a world for parity scripts: one connection a session, one to look on, one to listen.
// Whether a statement waits is read from the server's own lock table and never guessed from time alone. A statement
// counts as waiting for good when its deadlock check must be over and no circle is left.
import { setImmediate as nextTurn } from "node:timers/promises";
import pg from "pg";
import {
  initialRows,
  operationToSql,
  type ParityOperation,
  type ParityRow,
  paritySchemaSql,
  paritySessionSql,
} from "./parity-operations.contract.ts";
import { type Answer, type ParityRecord, type ParityWorld, type SessionName } from "./parity.contract.ts";

/** What the servers of this suite are started with. Checks come early so that scripts are quick.
 *  Source: PostgreSQL manual, 19.12 "Lock Management". */
export const paritySettings: Readonly<Record<string, string>> = {
  deadlock_timeout: "10ms",
  fsync: "off",
  autovacuum: "off",
  max_connections: "60",
};

const checkedAfterMs = 30;
const settleRoundsMax = 20_000;

/** A database with the schema of the suite; it hosts one script after the other. */
export class PostgresHost {
  readonly #url: string;
  readonly #observer: pg.Client;
  readonly #listener: pg.Client;
  #heard: string[] = [];

  private constructor(url: string, observer: pg.Client, listener: pg.Client) {
    this.#url = url;
    this.#observer = observer;
    this.#listener = listener;
    listener.on("notification", (message) => this.#heard.push(message.payload ?? ""));
  }

  static async open(url: string): Promise<PostgresHost> {
    const observer = await connect(url);
    const listener = await connect(url);
    await observer.query(paritySchemaSql);
    await listener.query("LISTEN news");
    return new PostgresHost(url, observer, listener);
  }

  /** 18 of 18.4. */
  async majorVersion(): Promise<number> {
    const { rows } = await this.#observer.query<{ readonly number: number }>(
      "SELECT current_setting('server_version_num')::int / 10000 AS number",
    );
    return rows[0]!.number;
  }

  /** The tables as they are at the start of every script, and three fresh sessions. */
  async createWorld(): Promise<ParityWorld> {
    const inserts = Object.entries(initialRows).map(([table, rows]) => {
      const values = rows.map(({ id, code, val }) => `(${id}, ${code}, ${val})`);
      return `INSERT INTO ${table} (id, code, val) VALUES ${values.join(", ")};`;
    });
    await this.#observer.query(`TRUNCATE item, note; ALTER SEQUENCE ids RESTART; ${inserts.join(" ")}`);
    await this.#listener.query("SELECT 1");
    this.#heard = [];
    const clients = new Map<SessionName, pg.Client>();
    for (const name of ["a", "b", "c"] as const) {
      const client = await connect(this.#url);
      await client.query(paritySessionSql);
      clients.set(name, client);
    }
    return new PostgresWorld(this.#observer, clients, () => this.#readEnd());
  }

  async close(): Promise<void> {
    await this.#observer.end();
    await this.#listener.end();
  }

  async #readEnd(): Promise<Omit<ParityRecord, "steps">> {
    const rows = async (table: string) =>
      (await this.#observer.query<ParityRow>(`SELECT id, code, val FROM ${table} ORDER BY id`)).rows;
    const contents = { item: await rows("item"), note: await rows("note") };
    const last = await this.#observer.query<{ value: number }>(
      "SELECT CASE WHEN is_called THEN last_value ELSE 0 END::int AS value FROM ids",
    );
    // A listening server process that has answered a query has first passed on what was signalled before.
    await this.#listener.query("SELECT 1");
    return { notifications: this.#heard, contents, lastId: last.rows[0]?.value ?? 0 };
  }
}

interface Wait {
  readonly pid: number;
  /** How long it has stood in a lock queue; null while it runs. */
  readonly waited_ms: number | null;
  readonly blocked_by: readonly number[];
}

class PostgresWorld implements ParityWorld {
  readonly #observer: pg.Client;
  readonly #clients: ReadonlyMap<SessionName, pg.Client>;
  readonly #readEnd: () => Promise<Omit<ParityRecord, "steps">>;
  readonly #busy = new Set<number>();
  readonly #leaving = new Set<number>();
  #answers = 0;

  constructor(
    observer: pg.Client,
    clients: ReadonlyMap<SessionName, pg.Client>,
    readEnd: () => Promise<Omit<ParityRecord, "steps">>,
  ) {
    this.#observer = observer;
    this.#clients = clients;
    this.#readEnd = readEnd;
  }

  run(session: SessionName, operation: ParityOperation, onAnswer: (answer: Answer) => void): void {
    const client = this.#client(session);
    const pid = processIdOf(client);
    this.#busy.add(pid);
    // An error is told before the transaction is rolled back; only when the server is ready again is the statement over.
    const isReady = new Promise((resolve) => client.once("drain", resolve));
    const finish = async (answer: Answer) => {
      await isReady;
      this.#busy.delete(pid);
      this.#answers += 1;
      onAnswer(answer);
    };
    client.query(operationToSql(operation)).then(
      (result) => finish(resultToAnswer(operation, result)),
      (error: unknown) => finish(errorToAnswer(error)),
    );
  }

  disconnect(session: SessionName): void {
    const client = this.#client(session);
    this.#leaving.add(processIdOf(client));
    void client.end();
  }

  async settle(): Promise<void> {
    for (let round = 0; ; round += 1) {
      if (this.#leaving.size === 0 && this.#busy.size === 0) return;
      const answers = this.#answers;
      const waits = await this.#readWaits();
      for (const pid of this.#leaving) if (!waits.has(pid)) this.#leaving.delete(pid);
      // What was read before an answer came says nothing about what that answer let go.
      await nextTurn();
      if (answers !== this.#answers) continue;
      const isAtRest = [...this.#busy].every((pid) => {
        const waitedMs = waits.get(pid)?.waited_ms ?? null;
        return waitedMs !== null && waitedMs > checkedAfterMs;
      });
      if (this.#leaving.size === 0 && isAtRest && !hasCircle(waits)) return;
      if (round > settleRoundsMax)
        throw new Error(`the server does not come to rest: ${JSON.stringify([...waits])}`);
    }
  }

  async finish(): Promise<Omit<ParityRecord, "steps">> {
    return await this.#readEnd();
  }

  async #readWaits(): Promise<ReadonlyMap<number, Wait>> {
    const { rows } = await this.#observer.query<Wait>(
      `SELECT a.pid, pg_blocking_pids(a.pid) AS blocked_by,
          (SELECT (extract(epoch FROM clock_timestamp() - l.waitstart) * 1000)::float8
             FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted) AS waited_ms
         FROM pg_stat_activity a WHERE a.pid = ANY ($1::int[])`,
      [[...this.#busy, ...this.#leaving]],
    );
    return new Map(rows.map((row) => [row.pid, row]));
  }

  #client(session: SessionName): pg.Client {
    const client = this.#clients.get(session);
    if (client === undefined) throw new Error(`no session ${session}`);
    return client;
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  return client;
}

// The process id of the server's side, which pg keeps but does not type.
const processIdOf = (client: pg.Client): number => (client as unknown as { processID: number }).processID;

function resultToAnswer(operation: ParityOperation, result: pg.QueryResult<Record<string, unknown>>): Answer {
  switch (operation.do) {
    case "begin":
    case "commit":
    case "rollback":
      return { value: result.command };
    case "insert":
    case "select":
    case "update":
    case "delete":
      return { value: result.rows };
    case "lock":
    case "notify":
      return { value: "done" };
    default:
      return { value: result.rows[0]?.["value"] };
  }
}

function errorToAnswer(error: unknown): Answer {
  if (error instanceof pg.DatabaseError && error.code !== undefined) {
    return { sqlstate: error.code, constraint: error.code === "23505" ? error.constraint : undefined };
  }
  throw error;
}

function hasCircle(waits: ReadonlyMap<number, Wait>): boolean {
  const reaches = (from: number, goal: number, seen: Set<number>): boolean =>
    (waits.get(from)?.blocked_by ?? []).some((pid) => {
      if (pid === goal) return true;
      if (seen.has(pid)) return false;
      seen.add(pid);
      return reaches(pid, goal, seen);
    });
  return [...waits.keys()].some((pid) => reaches(pid, pid, new Set()));
}
