import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./embedded.ts";
import { openDatabases } from "./open.ts";

let server: EmbeddedPostgres;
let admin: pg.Client;
beforeAll(async () => {
  server = await startEmbeddedPostgres();
  admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query("CREATE ROLE weak LOGIN PASSWORD 'weak'");
});
afterAll(async () => {
  await admin.end();
  await server.stop();
});

function changed(change: (url: URL) => void): string {
  const url = new URL(server.url);
  change(url);
  return url.href;
}

const names = async (): Promise<readonly string[]> =>
  (
    await admin.query<{ readonly datname: string }>("SELECT datname FROM pg_database ORDER BY datname")
  ).rows.map(({ datname }) => datname);

test.each([
  ["a wrong password", (url: URL) => (url.password = "wrong"), /28P01.*Correct user and password/su],
  [
    "no such database",
    (url: URL) => (url.pathname = "/nowhere"),
    /"nowhere" does not exist.*Name a database that exists/su,
  ],
  [
    "a user that may not create databases",
    (url: URL) => ((url.username = "weak"), (url.password = "weak")),
    /user weak .*ALTER ROLE "weak" CREATEDB/su,
  ],
])("%s is an error with what to do", async (_which, change, message) => {
  await expect(openDatabases({ kind: "url", url: changed(change) })).rejects.toMatchObject({
    code: "database_unavailable",
    message: expect.stringMatching(message) as string,
  });
});

test("a server that is set otherwise than a run needs it is refused, with the statement that sets it", async () => {
  const opening = openDatabases({ kind: "url", url: server.url }, { settings: { deadlock_timeout: "7ms" } });
  await expect(opening).rejects.toThrow(/deadlock_timeout = 1s; expected 7ms.*ALTER SYSTEM/su);
});

test("a name that somebody else's database has is refused, and that database stays", async () => {
  await admin.query("CREATE DATABASE theirs");
  const databases = await openDatabases({ kind: "url", url: server.url });
  await expect(databases.createDatabase("theirs")).rejects.toThrow(/already exists/u);
  await databases.dropDatabase("theirs");
  await databases.stop();
  expect(await names()).toContain("theirs");
});

test("two runs on one server leave each other's databases alone", async () => {
  const first = await openDatabases({ kind: "url", url: server.url });
  await first.createDatabase("of_the_first");
  const second = await openDatabases({ kind: "url", url: server.url });
  await second.createDatabase("of_the_second");
  await second.stop();
  expect(await names()).toContain("of_the_first");
  expect(await names()).not.toContain("of_the_second");
  await first.stop();
  expect(await names()).not.toContain("of_the_first");
});
