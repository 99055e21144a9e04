import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { backupDatabase, restoreDatabase } from "./backup.ts";
import { openDatabases } from "./open.ts";
import type { DatabaseProvider } from "./provider.ts";

let databases: DatabaseProvider;
beforeAll(async () => {
  databases = await openDatabases({ kind: "embedded" });
});
afterAll(() => databases.stop());

test("a backup is taken under a running session, and brings back rows, sequences and nothing newer", async () => {
  const url = await databases.createDatabase("backed_up");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`
    CREATE TABLE parent (id bigserial PRIMARY KEY, "odd name" jsonb, twice bigint GENERATED ALWAYS AS (id * 2) STORED);
    CREATE TABLE child (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent bigint REFERENCES parent);
    INSERT INTO parent ("odd name") VALUES ('{"a":1}'), ('null');
    INSERT INTO child (parent) VALUES (2)`);
  await backupDatabase(url);
  await client.query("INSERT INTO parent DEFAULT VALUES; DELETE FROM child; DELETE FROM parent WHERE id = 2");
  await restoreDatabase(url);
  const { rows } = await client.query<object>("SELECT * FROM parent ORDER BY id");
  expect(rows).toEqual([
    { id: "1", "odd name": { a: 1 }, twice: "2" },
    { id: "2", "odd name": null, twice: "4" },
  ]);
  const { rows: next } = await client.query("INSERT INTO child (parent) VALUES (1) RETURNING id");
  expect(next).toEqual([{ id: "2" }]);
  await client.end();
});

test("a later backup takes the place of an earlier one", async () => {
  const url = await databases.createDatabase("backed_up_twice");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("CREATE TABLE numbers (n int); INSERT INTO numbers VALUES (1)");
  await backupDatabase(url);
  await client.query("INSERT INTO numbers VALUES (2)");
  await backupDatabase(url);
  await client.query("DELETE FROM numbers");
  await restoreDatabase(url);
  const { rows } = await client.query("SELECT n FROM numbers ORDER BY n");
  expect(rows).toEqual([{ n: 1 }, { n: 2 }]);
  await client.end();
});

test("a dropped database takes its sessions along, and stopping drops the rest", async () => {
  const name = "dropped";
  const url = await databases.createDatabase(name);
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  await databases.dropDatabase(name);
  await expect(client.query("SELECT 1")).rejects.toThrow(/terminat|connection/iu);
  await expect(databases.createDatabase(name)).resolves.toContain(name);
});
