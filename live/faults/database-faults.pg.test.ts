// Faults of a whole database, through the eyes of a server: what it is told, that others are left alone, and that all is
// well again afterwards.
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openDatabases } from "../databases/open.ts";
import type { DatabaseProvider } from "../databases/provider.ts";
import type { DatabaseAction } from "../../scenarios/format/types.ts";
import { DatabaseFaults } from "./database-faults.ts";
import { type PostgresWireProxy, startPostgresWireProxy } from "./postgres-wire/proxy.ts";

let databases: DatabaseProvider;
let url: string;
let otherUrl: string;
let line: PostgresWireProxy;
let faults: DatabaseFaults;
const clients: pg.Client[] = [];

beforeAll(async () => {
  databases = await openDatabases({ kind: "embedded" });
  url = await databases.createDatabase("faulty");
  otherUrl = await databases.createDatabase("other");
  line = await startPostgresWireProxy({ upstream: url });
  faults = new DatabaseFaults({ url, lines: [line] });
  const client = await connect();
  await client.query("CREATE TABLE note (text text)");
});
afterEach(async () => {
  await faults.recover();
  faults.forget();
  for (const client of clients.splice(0)) await client.end();
});
afterAll(async () => {
  await line.close();
  await databases.stop();
});

async function connect(to = line.url): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: to });
  client.on("error", () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

const apply = (action: DatabaseAction): Promise<void> => faults.apply(action, () => undefined);
const codeOf = (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: { readonly code?: string }) => error.code ?? "the connection is gone",
  );
/** What the line tells comes after what it passes on. */
const expectStruck = async (): Promise<void> => {
  await expect.poll(() => faults.unstruck(), { timeout: 5_000 }).toEqual([]);
};
const write = "INSERT INTO note VALUES ('x')";

test("a database that only reads ends its sessions, refuses what is written, and leaves others alone", async () => {
  const before = await connect();
  await apply({ verb: "read-only" });
  expect(faults.unstruck()).toEqual(["database: read-only"]);
  expect(await codeOf(before.query("SELECT 1"))).toBe("the connection is gone");
  const server = await connect();
  expect(await codeOf(server.query("SELECT * FROM note"))).toBeUndefined();
  expect(await codeOf(server.query(write))).toBe("25006");
  await expectStruck();
  expect(await codeOf((await connect(otherUrl)).query("CREATE TABLE note (text text)"))).toBeUndefined();
  await faults.recover();
  expect(await codeOf((await connect()).query(write))).toBeUndefined();
});

test.each([
  ["UPDATE note SET text = 'y' WHERE false", "25006"],
  ["DELETE FROM note WHERE false", "25006"],
  ["SELECT * FROM note FOR UPDATE", "25006"],
  ["SELECT nextval('ids')", "25006"],
  ["SELECT setval('ids', 5)", "25006"],
  ["SELECT pg_advisory_xact_lock(1)", undefined],
  ["SELECT pg_notify('channel', 'payload')", undefined],
  ["LISTEN channel", undefined],
])(
  "what the simulation refuses of a database that only reads is what PostgreSQL refuses: %s",
  async (asked, code) => {
    await (await connect()).query("CREATE SEQUENCE IF NOT EXISTS ids");
    await apply({ verb: "read-only" });
    expect(await codeOf((await connect()).query(asked))).toBe(code);
  },
);

test("connections are refused as PostgreSQL refuses them, and those that there are go on", async () => {
  const before = await connect();
  await apply({ verb: "refuse-connections" });
  expect(faults.takesConnections).toBe(false);
  expect(await codeOf(before.query(write))).toBeUndefined();
  expect(faults.unstruck()).toEqual(["database: refuse connections"]);
  expect(await codeOf(connect())).toBe("53300");
  await expectStruck();
  await faults.recover();
  expect(await codeOf(connect())).toBeUndefined();
});

describe("tables that are held", () => {
  test("keep writers waiting and not readers", async () => {
    const server = await connect();
    await apply({ verb: "lock-tables" });
    expect(await codeOf(server.query("SELECT * FROM note"))).toBeUndefined();
    const waiting = codeOf(server.query(write));
    await expectStruck();
    await faults.recover();
    expect(await waiting).toBeUndefined();
  });

  test.each([
    ["lock-timeout", "55P03"],
    ["statement-timeout", "57014"],
  ] as const)("are waited for no longer than the limit: %s", async (verb, code) => {
    await apply({ verb, afterMs: 150 });
    const server = await connect();
    expect(await codeOf(server.query("SELECT pg_sleep(0.05)"))).toBeUndefined();
    await apply({ verb: "lock-tables" });
    const startedAt = performance.now();
    expect(await codeOf(server.query(write))).toBe(code);
    expect(performance.now() - startedAt).toBeGreaterThan(140);
    await expectStruck();
  });
});

test("all that is left is lifted, and says so", async () => {
  await apply({ verb: "read-only" });
  await apply({ verb: "lock-timeout", afterMs: 100 });
  await apply({ verb: "lock-tables" });
  await apply({ verb: "statement-timeout", afterMs: 100 });
  await apply({ verb: "refuse-connections" });
  expect(faults.isCalm).toBe(false);
  await faults.recover();
  expect(faults.isCalm).toBe(true);
  expect(faults.unstruck()).toEqual([
    "database: read-only",
    "database: lock-timeout 100ms",
    "database: lock tables",
    "database: statement-timeout 100ms",
    "database: refuse connections",
  ]);
  const { rows } = await (
    await connect()
  ).query(
    "SELECT current_setting('default_transaction_read_only') AS a, current_setting('lock_timeout') AS b",
  );
  expect(Object.values(rows[0] as object)).toEqual(["off", "0"]);
});

test("a server that others use as well is not ended, and the message says why", async () => {
  await expect(apply({ verb: "crash" })).rejects.toThrow("others use the same PostgreSQL");
  expect(faults.isCalm).toBe(true);
});
