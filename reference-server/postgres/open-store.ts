// A database brought up to this build, with everything that a server process needs of it.
import pg from "pg";
import { PostgresDatabase } from "./database.ts";
import { PostgresFanout } from "./fanout.ts";
import { faultOf } from "./faults.ts";
import { ChannelListener } from "./listener.ts";
import { migrate } from "./migrate.ts";
import { migrations } from "./migrations/index.ts";
import { connectionSettings, type PoolOptions, SessionPool } from "./pool.ts";
import type { SqlStatement } from "./session.ts";

export interface Store {
  readonly pool: SessionPool;
  readonly database: PostgresDatabase;
  readonly fanout: PostgresFanout;
  readonly listener: ChannelListener;
  /** Errors: `SessionLost` and others when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Errors: `SessionLost` when the database cannot be reached, `MigrationRefused` when it is not for this build. */
export async function openStore(options: PoolOptions): Promise<Store> {
  await migrateUrl(options.url);
  const listener = await ChannelListener.open({ url: options.url });
  const pool = new SessionPool(options);
  return {
    pool,
    database: new PostgresDatabase(pool),
    fanout: new PostgresFanout(listener),
    listener,
    ping: async () => void (await pool.inTransaction("read committed", (session) => session.run(one, []))),
    close: async () => void (await Promise.all([listener.close(), pool.close()])),
  };
}

const one: SqlStatement<unknown> = { name: "one", text: "SELECT 1" };

/** A migration may take its time, and so may the wait for the process that runs it. */
const migrationTimeoutMs = 600_000;

async function migrateUrl(url: string): Promise<void> {
  const client = new pg.Client(connectionSettings({ url, statementTimeoutMs: migrationTimeoutMs }));
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw faultOf(error);
  }
  try {
    await migrate(client, migrations);
  } finally {
    await client.end();
  }
}
