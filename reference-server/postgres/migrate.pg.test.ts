// Migrations from nothing, again, at the same time, half way, and against a database of another build.
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../live/databases/embedded.ts";
import { type Migration, migrate, MigrationRefused } from "./migrate.ts";
import { migrations } from "./migrations/index.ts";

let postgres: EmbeddedPostgres;
const clients: pg.Client[] = [];
let databases = 0;

beforeAll(async () => {
  postgres = await startEmbeddedPostgres();
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.end();
});

afterAll(async () => {
  await postgres?.stop();
});

const connect = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client(url);
  client.on("error", () => undefined);
  await client.connect();
  clients.push(client);
  return client;
};

const freshDatabase = () => postgres.createDatabase(`migrate_${(databases += 1)}`);

const tablesOf = async (client: pg.Client): Promise<readonly string[]> => {
  const { rows } = await client.query(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
  );
  return rows.map((row) => row.table_name as string);
};

test("versions run from 1 without gaps", () => {
  expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index + 1));
});

test("a database that only reads and has everything is found as it is", async () => {
  const url = await freshDatabase();
  await migrate(await connect(url), migrations);
  const reader = await connect(url);
  await reader.query("SET default_transaction_read_only = on");
  expect(await migrate(reader, migrations)).toEqual([]);
  const strangers = await connect(await freshDatabase());
  await strangers.query("SET default_transaction_read_only = on");
  await expect(migrate(strangers, migrations)).rejects.toMatchObject({ code: "25006" });
});

test("an empty database gets every table, once", async () => {
  const client = await connect(await freshDatabase());
  expect(await migrate(client, migrations)).toEqual([1, 2]);
  expect(await tablesOf(client)).toEqual([
    "device_sync_cursor",
    "schema_migrations",
    "server_clock",
    "sync_compaction_watermark",
    "sync_device",
    "sync_op",
    "sync_receipt",
  ]);
  expect(await migrate(client, migrations)).toEqual([]);
});

test("processes that start together migrate once", async () => {
  const url = await freshDatabase();
  const starters = await Promise.all([1, 2, 3, 4].map(() => connect(url)));
  const done = await Promise.all(starters.map((client) => migrate(client, migrations)));
  expect(done.flat().sort()).toEqual([1, 2]);
});

test("a migration that fails leaves nothing of itself and all of those before it", async () => {
  const client = await connect(await freshDatabase());
  const broken: Migration = { version: 3, name: "broken", sql: "CREATE TABLE half (a int); SELECT 1 / 0" };
  await expect(migrate(client, [...migrations, broken])).rejects.toThrow("division by zero");
  expect(await tablesOf(client)).not.toContain("half");
  expect(await migrate(client, [...migrations, { ...broken, sql: "CREATE TABLE half (a int)" }])).toEqual([
    3,
  ]);
});

test("a process that dies in the middle does not keep the others out", async () => {
  const url = await freshDatabase();
  const [dying, next] = [await connect(url), await connect(url)];
  const slow: Migration = { version: 1, name: "slow", sql: "SELECT pg_sleep(30)" };
  const doomed = expect(migrate(dying, [slow])).rejects.toThrow();
  await expect
    .poll(
      async () =>
        (
          await next.query(
            "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()",
          )
        ).rows.length,
    )
    .toBe(1);
  await next.query("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted");
  await doomed;
  expect(await migrate(next, migrations)).toEqual([1, 2]);
});

test("a database that is newer than the build is left alone", async () => {
  const client = await connect(await freshDatabase());
  await migrate(client, migrations);
  const older = migrations.slice(0, 1);
  await expect(migrate(client, older)).rejects.toThrow(MigrationRefused);
  await expect(migrate(client, older)).rejects.toMatchObject({ code: "database_newer" });
});

test("a migration that was run with other text is an error", async () => {
  const client = await connect(await freshDatabase());
  await migrate(client, migrations);
  const edited = migrations.map((migration) => ({ ...migration, sql: `${migration.sql} ` }));
  await expect(migrate(client, edited)).rejects.toMatchObject({ code: "migration_changed" });
});
