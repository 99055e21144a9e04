// What a soak's database says of itself: how large it is, and who is connected. Asked over one connection of its own,
// which does not count.
import pg from "pg";
import type { DatabaseSample } from "../../invariants/soak-result.ts";

const question = `SELECT pg_database_size(current_database())::float8 AS size,
  (SELECT count(*)::int FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend') AS connections`;
/** A database that has more to do than to answer is asked again later.  Units: milliseconds. */
const answerTimeoutMs = 2_000;

export class DatabaseWatch {
  readonly #url: string;
  #client: pg.Client | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** `undefined` where it does not answer. */
  async sample(): Promise<DatabaseSample | undefined> {
    try {
      const client = (this.#client ??= await this.#connect());
      const { rows } = await client.query<{ size: number; connections: number }>(question);
      return rows[0] && { sizeBytes: rows[0].size, connections: rows[0].connections };
    } catch {
      await this.stop();
      return undefined;
    }
  }

  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.#url, query_timeout: answerTimeoutMs });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }
}
