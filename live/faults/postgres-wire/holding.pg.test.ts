// A connection that is held while others pass, statements that take long, and a database that takes nobody.
import { connect } from "node:net";
import { once } from "node:events";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startPostgresWireProxy } from "./proxy.ts";
import { connectClient, execute, message, openTestBed, RawSession, sync, type TestBed } from "./test-bed.ts";

let bed: TestBed;
beforeAll(async () => {
  bed = await openTestBed();
  await bed.query("CREATE TABLE rows (n int)");
});
beforeEach(() => bed.query("TRUNCATE rows"));
afterEach(() => bed.expectNothingLeft());
afterAll(() => bed.stop());

const storedRows = async (): Promise<readonly number[]> =>
  (await bed.query<{ n: number }>("SELECT n FROM rows ORDER BY n")).map(({ n }) => n);

const insert = (n: number): string => `INSERT INTO rows VALUES (${n})`;

async function transact(client: pg.Client, n: number): Promise<void> {
  await client.query("BEGIN");
  await client.query(insert(n));
  await client.query("COMMIT");
}

describe("a COMMIT", () => {
  test("is held before the database sees it, while another connection commits", async () => {
    const [held, other] = await Promise.all([connectClient(bed.url), connectClient(bed.url)]);
    const hold = bed.proxy.hold({ at: { commit: "explicit" }, side: "before" });
    const committed = transact(held, 1);
    expect(await hold.reached).toMatchObject({
      statement: { text: "COMMIT", earlier: ["BEGIN", insert(1)] },
    });
    await transact(other, 2);
    expect(await storedRows()).toEqual([2]);
    hold.release();
    await committed;
    expect(await storedRows()).toEqual([1, 2]);
    await Promise.all([held.end(), other.end()]);
  });

  test("is held after the database did it, and its answer comes when it is let go", async () => {
    const client = await connectClient(bed.url);
    const hold = bed.proxy.hold({ at: { commit: "explicit" }, side: "after" });
    let isAnswered = false;
    const committed = transact(client, 1).then(() => (isAnswered = true));
    expect(await hold.reached).toMatchObject({ answer: { kind: "completed", tags: ["COMMIT"] } });
    expect(await storedRows()).toEqual([1]);
    expect(isAnswered).toBe(false);
    hold.release();
    await committed;
    await client.end();
  });

  test("that nobody wrote is held too: the row has been inserted and is not there", async () => {
    const client = await connectClient(bed.url);
    const hold = bed.proxy.hold({ at: { commit: "any" }, side: "before" });
    const inserted = client.query("INSERT INTO rows VALUES ($1)", [1]);
    expect(await hold.reached).toMatchObject({ statement: { text: "INSERT INTO rows VALUES ($1)" } });
    expect(await storedRows()).toEqual([]);
    hold.release();
    await inserted;
    expect(await storedRows()).toEqual([1]);
    await client.end();
  });

  test.each([
    ["before", []],
    ["after", [1]],
  ] as const)("held %s is cut where it stands", async (side, rows) => {
    const client = await connectClient(bed.url);
    const hold = bed.proxy.hold({ at: { commit: "explicit" }, side });
    const committed = transact(client, 1).catch((error: Error) => error.message);
    await hold.reached;
    await hold.cut();
    expect(await committed).toMatch(/ECONNRESET|terminated/u);
    expect(await storedRows()).toEqual(rows);
  });
});

test("a statement is held before and after, once, with everything behind it in the same packet", async () => {
  const session = await RawSession.open(bed.url);
  const at = { statement: ({ text }: { readonly text: string }) => text === insert(2) };
  const [before, after] = [bed.proxy.hold({ at, side: "before" }), bed.proxy.hold({ at, side: "after" })];
  session.send(execute(insert(1)), execute(insert(2)), execute(insert(3)), sync);
  await before.reached;
  await expect.poll(() => session.unread).toBeGreaterThan(0);
  before.release();
  expect(await after.reached).toMatchObject({ answer: { kind: "completed", tags: ["INSERT 0 1"] } });
  after.release();
  expect(await session.until("Z")).toBe("12C12C12CZ");
  session.send(execute(insert(2)), sync);
  expect(await session.until("Z")).toBe("12CZ");
  await session.end();
  expect(await storedRows()).toEqual([1, 2, 2, 3]);
});

test("an answer that is held comes whole, of whatever size", async () => {
  const client = await connectClient(bed.url);
  for (const size of [10, 1_000_000, 20_000_000]) {
    const hold = bed.proxy.hold({ at: { statement: ({ text }) => text.includes("repeat") }, side: "after" });
    const answer = client.query<{ text: string }>("SELECT repeat('x', $1) AS text", [size]);
    await hold.reached;
    hold.release();
    expect((await answer).rows[0]!.text).toHaveLength(size);
  }
  await client.end();
});

test("a server that dies while it is held leaves the connection to whoever holds it", async () => {
  for (const [isReleased, rows] of [
    [true, [1]],
    [false, [1]],
  ] as const) {
    const session = await RawSession.open(bed.url);
    const hold = bed.proxy.hold({ at: { commit: "explicit" }, side: "before" });
    session.send(message("Q", "BEGIN"), message("Q", insert(1)), message("Q", "COMMIT"));
    await hold.reached;
    session.socket.resetAndDestroy();
    await once(session.socket, "close");
    if (isReleased) hold.release();
    else await hold.cut();
    await bed.proxy.untilBackendsGone();
    expect(await storedRows()).toEqual(rows);
  }
});

test("a database that ends the session of a held connection is seen when it is let go", async () => {
  for (const side of ["before", "after"] as const) {
    const client = await connectClient(bed.url);
    const hold = bed.proxy.hold({ at: { commit: "explicit" }, side });
    const outcome = transact(client, 1).then(
      () => "committed",
      (error: Error) => error.message,
    );
    await hold.reached;
    await bed.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'COMMIT' OR query LIKE 'INSERT%'",
    );
    hold.release();
    expect(await outcome).toMatch(side === "before" ? /terminat/u : /committed/u);
    await client.end().catch(() => undefined);
  }
});

test("a hold that is released before anybody reaches it holds nobody, and a connection that ends on its way is told", async () => {
  const released = bed.proxy.hold({ at: { commit: "explicit" }, side: "before" });
  released.release();
  const client = await connectClient(bed.url);
  await transact(client, 1);
  expect(await released.reached).toBeUndefined();
  const lost = bed.proxy.hold({ at: { statement: ({ text }) => text.includes("pg_sleep") }, side: "after" });
  const sleep = client.query("SELECT pg_sleep(60)").catch((error: Error) => error.message);
  await expect
    .poll(() =>
      bed.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'"),
    )
    .toHaveLength(1);
  // The error of the database is an answer to the statement.
  expect(await lost.reached).toMatchObject({ answer: { kind: "failed", code: "57P01" } });
  lost.release();
  expect(await sleep).toMatch(/terminating connection/u);
});

test("a window counts what matches, over all connections, from its first statement on", async () => {
  const [one, two] = await Promise.all([
    connectClient(bed.url, { application_name: "one" }),
    connectClient(bed.url, { application_name: "two" }),
  ]);
  const ofOne = bed.proxy.openWindow({ match: ({ connection }) => connection.applicationName === "one" });
  const late = bed.proxy.openWindow({ from: ({ text }) => text === "SELECT 2" });
  for (const n of [1, 2, 3]) for (const client of [one, two]) await client.query(`SELECT ${n}`);
  ofOne.close();
  await one.query("SELECT 4");
  const texts = (window: typeof late) =>
    window.close().map(({ ordinal, statement }) => `${ordinal} ${statement.text}`);
  expect(texts(ofOne)).toEqual(["1 SELECT 1", "2 SELECT 2", "3 SELECT 3"]);
  expect(texts(late)).toEqual(["1 SELECT 2", "2 SELECT 2", "3 SELECT 3", "4 SELECT 3", "5 SELECT 4"]);
  await Promise.all([one.end(), two.end()]);
});

test("statements are slow as long as they are to be, each of a pipeline for itself", async () => {
  const session = await RawSession.open(bed.url);
  const slowness = bed.proxy.slow({ byMs: 400, match: ({ text }) => text.startsWith("INSERT") });
  const timed = async (): Promise<number> => {
    const begin = performance.now();
    session.send(execute(insert(1)), execute("SELECT 1"), execute(insert(2)), sync);
    expect(await session.until("Z")).toMatch(/Z$/u);
    return performance.now() - begin;
  };
  expect(await timed()).toBeGreaterThanOrEqual(795);
  slowness.stop();
  expect(await timed()).toBeLessThan(400);
  await session.end();
});

describe("a statement that is to fail", () => {
  const error = { code: "40001", message: "could not serialize access" };
  const at = { statement: ({ text }: { readonly text: string }) => text === insert(1) };

  test.each([
    ["simple", message("Q", insert(1)), "EZ"],
    ["extended", Buffer.concat([execute(insert(1)), sync]), "12EZ"],
    [
      "one of a pipeline",
      Buffer.concat([execute("SELECT 1"), execute(insert(1)), execute(insert(2)), sync]),
      "12DC12EZ",
    ],
    ["one that is passed over", Buffer.concat([execute("SELECT nothing"), execute(insert(1)), sync]), "EZ"],
  ])("%s: fails with the error that it is given, and nothing of it is done", async (_form, bytes, heard) => {
    const session = await RawSession.open(bed.url);
    const failing = bed.proxy.fail({ at, ...error });
    session.send(bytes);
    const messages = await session.messagesUntil("Z");
    expect(messages.map(({ type }) => type).join("")).toBe(heard);
    failing.cancel();
    const isFailed = !bytes.includes("nothing");
    expect(messages.find(({ type }) => type === "E")?.body.includes("40001")).toBe(isFailed);
    // The next error is the database's own.
    session.send(message("Q", "SELECT nothing"));
    expect((await session.messagesUntil("Z"))[0]!.body.toString()).toContain("42703");
    await session.end();
    expect(await storedRows()).toEqual([]);
  });

  test("a COMMIT that fails rolls back", async () => {
    const client = await connectClient(bed.url);
    bed.proxy.fail({ at: { commit: "explicit" }, ...error });
    await expect(transact(client, 1)).rejects.toMatchObject(error);
    await client.query("ROLLBACK");
    expect(await storedRows()).toEqual([]);
    await client.end();
  });
});

describe("a database that takes nobody", () => {
  test.each([
    ["too many connections", { code: "53300" }],
    ["starting up", { code: "57P03" }],
    ["reset", { code: "ECONNRESET" }],
  ] as const)("%s: new connections fail, those there are go on, and it passes", async (how, error) => {
    const old = await connectClient(bed.url);
    const refusal = bed.proxy.refuse(how);
    await expect(new pg.Client(bed.url).connect()).rejects.toMatchObject(error);
    expect((await old.query("SELECT 1 AS n")).rows).toEqual([{ n: 1 }]);
    refusal.stop();
    const late = await connectClient(bed.url);
    await Promise.all([old.end(), late.end()]);
  });

  test("that is not there at all resets", async () => {
    const proxy = await startPostgresWireProxy({ upstream: "postgresql://u:p@127.0.0.1:1/x" });
    await expect(new pg.Client(proxy.url).connect()).rejects.toThrow(/ECONNRESET|terminated/u);
    await expect.poll(() => proxy.connections).toBe(0);
    await proxy.close();
  });
});

test("closing ends everything: connections in every state, holds, and the port", async () => {
  const proxy = await startPostgresWireProxy({ upstream: bed.directUrl });
  const hold = proxy.hold({ at: { statement: ({ text }) => text === "SELECT 'held'" }, side: "before" });
  const never = proxy.hold({ at: { commit: "any" }, side: "after" });
  const [held, idle, busy] = await Promise.all([1, 2, 3].map(() => connectClient(proxy.url)));
  const silent = connect({ host: proxy.host, port: proxy.port });
  silent.on("error", () => undefined);
  await once(silent, "connect");
  const outcomes = [held!.query("SELECT 'held'"), busy!.query("SELECT pg_sleep(1)")].map((answer) =>
    answer.catch((error: Error) => error.message),
  );
  await hold.reached;
  await Promise.all([proxy.close(), proxy.close()]);
  expect(proxy.connections).toBe(0);
  expect(await never.reached).toBeUndefined();
  for (const outcome of await Promise.all(outcomes)) expect(outcome).toMatch(/ECONNRESET|terminated/u);
  await expect(new pg.Client(proxy.url).connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  void idle;
});
