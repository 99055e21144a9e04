// A database server of one group alone: it ends and comes back with what it had answered, and runs out of room.
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOwnServer } from "./own-server.ts";
import type { OwnDatabaseServer } from "./provider.ts";
import { canHaveSmallDisk, NoSmallDisk, mountSmallDisk } from "./small-disk.ts";

const hasSmallDisk = canHaveSmallDisk();
let server: OwnDatabaseServer;
let url: string;

beforeAll(async () => {
  server = await startOwnServer({ hasSmallDisk });
  url = await server.createDatabase("mine");
  await ask("CREATE TABLE note (text text)");
}, 30_000);
afterAll(() => server.stop());

/** What the statement answers, or its SQLSTATE, or why there is no connection. */
async function ask(statement: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query({ text: statement, rowMode: "array" });
    return rows.flat();
  } catch (error) {
    return (error as { readonly code?: string }).code;
  } finally {
    await client.end();
  }
}

test.each(["fast", "immediate"] as const)("what was committed is there after its end: %s", async (how) => {
  await ask("DELETE FROM note");
  for (const text of ["a", "b", "c"]) await ask(`INSERT INTO note VALUES ('${text}')`);
  await server.end(how);
  expect(await ask("SELECT 1")).toBe("ECONNREFUSED");
  await server.begin();
  expect(await ask("SELECT text FROM note ORDER BY 1")).toEqual(["a", "b", "c"]);
});

test("one that runs is not started twice", async () => {
  await server.begin();
  expect(await ask("SELECT 1")).toEqual([1]);
});

describe.runIf(hasSmallDisk)("a small disk", () => {
  test("is full until it is emptied, for whoever needs room, also across a restart", async () => {
    const much = "INSERT INTO note SELECT repeat('x', 1000) FROM generate_series(1, 1000)";
    await server.fill();
    expect(await ask(much)).toBe("53100");
    expect(await ask("SELECT 1")).toEqual([1]);
    await server.end("immediate");
    await server.begin();
    expect(await ask(much)).toBe("53100");
    await server.empty();
    expect(await ask(much)).toEqual([]);
  });
});

test("a disk that cannot be mounted is an error with what the system said", async () => {
  const mounting = mountSmallDisk({ path: "/proc/here", bytes: 1, runAs: undefined });
  await expect(mounting).rejects.toThrow();
  expect(new NoSmallDisk("x").code).toBe("no_small_disk");
});
