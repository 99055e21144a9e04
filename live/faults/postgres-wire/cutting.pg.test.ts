// A connection cut at every statement, in every form in which a server may speak: what the database then holds follows
// from the place of the cut alone.
import type { Socket } from "node:net";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Side } from "./fault-board.ts";
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

/** A way to say statements on one connection; fails with what the server would see of a cut. */
type Speak = (statements: readonly string[]) => Promise<void>;

const withClient =
  (
    config: pg.ClientConfig,
    speak: (client: pg.Client, statements: readonly string[]) => Promise<unknown>,
  ): Speak =>
  async (statements) => {
    const client = await connectClient(bed.url, config);
    try {
      await speak(client, statements);
    } finally {
      await client.end().catch(() => undefined);
    }
  };

const inTurn =
  (query: (text: string) => pg.QueryConfig) =>
  async (client: pg.Client, statements: readonly string[]): Promise<void> => {
    for (const text of statements) await client.query(query(text));
  };

/** Messages in one packet; how the session ended, if it did. */
const raw =
  (
    toBytes: (statements: readonly string[]) => Buffer,
    readies: (statements: readonly string[]) => number,
  ): Speak =>
  async (statements) => {
    const session = await RawSession.open(bed.url);
    session.send(toBytes(statements));
    for (let ready = 0; ready < readies(statements); ready++) {
      const heard = await session.until("Z");
      if (heard.endsWith(" end")) throw new Error("the connection ended");
    }
    await session.end();
  };

const forms: Readonly<Record<string, Speak>> = {
  simple: withClient(
    {},
    inTurn((text) => ({ text })),
  ),
  extended: withClient(
    {},
    inTurn((text) => ({ text, queryMode: "extended" }) as pg.QueryConfig),
  ),
  prepared: withClient(
    {},
    inTurn((text) => ({ name: text, text })),
  ),
  "pipelined by pg, in one packet": withClient(
    { pipeline: true } as pg.ClientConfig,
    async (client, statements) => {
      const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
      stream.cork();
      const answers = statements.map((text, place) =>
        client.query(place % 2 === 0 ? { text } : { name: text, text }),
      );
      process.nextTick(() => stream.uncork());
      const outcomes = await Promise.allSettled(answers);
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason as Error;
    },
  ),
  "pipelined with a Sync each": raw(
    (statements) => Buffer.concat(statements.map((text) => Buffer.concat([execute(text), sync]))),
    ({ length }) => length,
  ),
  "pipelined with one Sync": raw(
    (statements) => Buffer.concat([...statements.map(execute), sync]),
    () => 1,
  ),
  "several simple ones at once": raw(
    (statements) => Buffer.concat(statements.map((text) => message("Q", text))),
    ({ length }) => length,
  ),
};

const transaction = ["BEGIN", "INSERT INTO rows VALUES (1)", "INSERT INTO rows VALUES (2)", "COMMIT"];
const places = transaction.flatMap((text, place) =>
  (["before", "after"] as const).map((side): [Side, number, string] => [side, place + 1, text]),
);

describe.each(Object.keys(forms))("%s", (form) => {
  const speak = forms[form]!;

  test("without a cut, the window holds every statement and its answer", async () => {
    const window = bed.proxy.openWindow();
    await speak(transaction);
    expect(window.close().map(({ statement, answer }) => [statement.text, answer?.kind])).toEqual(
      transaction.map((text) => [text, "completed"]),
    );
    expect(await storedRows()).toEqual([1, 2]);
  });

  test.each(places)("cut %s statement %i, %s", async (side, ordinal) => {
    const window = bed.proxy.openWindow();
    const cut = bed.proxy.cut({ at: { window, ordinal }, side });
    await expect(speak(transaction)).rejects.toThrow(/ended|terminated|ECONNRESET|EPIPE|not queryable/u);
    const report = await cut.done;
    expect(report?.statement.text).toBe(transaction[ordinal - 1]);
    expect(report?.answer?.kind).toBe(side === "after" ? "completed" : undefined);
    await report?.backendGone;
    expect(await storedRows()).toEqual(side === "after" && ordinal === 4 ? [1, 2] : []);
    const counted = window.close();
    expect(counted.map(({ statement }) => statement.text)).toEqual(transaction.slice(0, ordinal));
    expect(counted.at(-1)).toMatchObject({ isCutBefore: side === "before" });
    expect(counted.slice(0, -1).every(({ answer }) => answer?.kind === "completed")).toBe(true);
  });

  // Statements of one pipeline without a Sync between them are one transaction.
  test.each([
    ["before", 1, []],
    ["after", 1, form === "pipelined with one Sync" ? [] : [1]],
    ["before", 2, form === "pipelined with one Sync" ? [] : [1]],
    ["after", 2, [1, 2]],
  ] as const)("outside of a transaction, cut %s statement %i", async (side, ordinal, rows) => {
    const window = bed.proxy.openWindow({ from: ({ commands }) => commands.includes("INSERT") });
    const cut = bed.proxy.cut({ at: { window, ordinal }, side });
    await expect(speak(transaction.slice(1, 3))).rejects.toThrow();
    await (
      await cut.done
    )?.backendGone;
    expect(await storedRows()).toEqual(rows);
    window.close();
  });

  test.each([
    ["before", []],
    ["after", [1, 2]],
  ] as const)("cut %s the COMMIT by its meaning, with an end of file", async (side, rows) => {
    const match = ({ earlier }: { readonly earlier: readonly string[] }) => earlier.includes(transaction[1]!);
    const cut = bed.proxy.cut({ at: { commit: "explicit", match }, side, method: "end" });
    const idle = await connectClient(bed.url);
    await idle.query("BEGIN; COMMIT");
    await expect(speak(transaction)).rejects.toThrow();
    await (
      await cut.done
    )?.backendGone;
    expect(await storedRows()).toEqual(rows);
    await idle.end();
  });

  test("a statement that fails is cut like one that succeeds", async () => {
    const cut = bed.proxy.cut({
      at: { statement: ({ text }) => text === "INSERT INTO nowhere VALUES (1)" },
      side: "after",
    });
    await expect(speak(["BEGIN", "INSERT INTO nowhere VALUES (1)", "COMMIT"])).rejects.toThrow();
    expect(await cut.done).toMatchObject({ answer: { kind: "failed", code: "42P01" } });
  });

  test("a statement that is passed over is cut like one that is not", async () => {
    const cut = bed.proxy.cut({ at: { statement: ({ text }) => text === "SELECT 2" }, side: "after" });
    await expect(speak(["BEGIN", "INSERT INTO nowhere VALUES (1)", "SELECT 2", "COMMIT"])).rejects.toThrow();
    cut.cancel();
    const report = await cut.done;
    if (report !== undefined) expect(report.answer?.kind).toMatch(/failed|skipped/u);
  });
});

test.each([
  ["before", []],
  ["after", [1, 2]],
] as const)("a transaction that nobody began is cut %s the Sync that commits it", async (side, rows) => {
  const cut = bed.proxy.cut({ at: { commit: "any" }, side });
  await expect(forms["pipelined with one Sync"]!(transaction.slice(1, 3))).rejects.toThrow();
  const report = await cut.done;
  expect(report?.statement.text).toBe("INSERT INTO rows VALUES (2)");
  await report?.backendGone;
  expect(await storedRows()).toEqual(rows);
});

test.each([
  ["simple", message("Q", "COPY rows FROM STDIN"), message("c")],
  ["extended", execute("COPY rows FROM STDIN"), Buffer.concat([message("c"), sync])],
  [
    "extended, as libpq does it",
    Buffer.concat([execute("COPY rows FROM STDIN"), sync]),
    Buffer.concat([message("c"), sync]),
  ],
])("a COPY in %s form takes its rows, and is cut after them", async (form, start, end) => {
  const session = await RawSession.open(bed.url);
  const cut = bed.proxy.cut({
    at: { statement: ({ commands }) => commands.includes("COPY") },
    side: "after",
  });
  session.send(start, ...(form === "extended" ? [message("H")] : []));
  expect(await session.until("G")).toMatch(/G$/u);
  session.send(message("d", Buffer.from("1\n2\n")), end);
  expect(await session.until("Z")).toBe(" end");
  const report = await cut.done;
  expect(report?.answer).toEqual({ kind: "completed", tags: ["COPY 2"] });
  await report?.backendGone;
  expect(await storedRows()).toEqual([1, 2]);
});

test("a cut waits for what still runs before it, and the database is done when it says so", async () => {
  const blocker = await connectClient(bed.directUrl);
  await blocker.query("BEGIN; LOCK TABLE rows");
  const session = await RawSession.open(bed.url);
  const cut = bed.proxy.cut({ at: { commit: "explicit" }, side: "after" });
  session.send(execute("BEGIN"), execute("INSERT INTO rows VALUES (1)"), execute("COMMIT"), sync);
  let isDone = false;
  void cut.done.then(() => (isDone = true));
  await expect.poll(() => bed.query("SELECT 1 FROM pg_locks WHERE NOT granted")).toHaveLength(1);
  expect(isDone).toBe(false);
  await blocker.query("ROLLBACK");
  await (
    await cut.done
  )?.backendGone;
  expect(await storedRows()).toEqual([1]);
  await blocker.end();
});

test("a cut that is cancelled does nothing, and one that no statement reaches stays armed", async () => {
  const cancelled = bed.proxy.cut({ at: { commit: "explicit" }, side: "before" });
  cancelled.cancel();
  const other = bed.proxy.cut({ at: { statement: () => false }, side: "before" });
  await forms["simple"]!(transaction);
  expect(await cancelled.done).toBeUndefined();
  other.cancel();
  expect(await other.done).toBeUndefined();
  expect(await storedRows()).toEqual([1, 2]);
});

test("all connections at once are ended, whatever they do", async () => {
  const clients = await Promise.all([1, 2, 3].map(() => connectClient(bed.url)));
  const sleeps = clients.map((client) =>
    client.query("SELECT pg_sleep(0.5)").catch((error: Error) => error.message),
  );
  await bed.proxy.terminateAll();
  expect(bed.proxy.connections).toBe(0);
  for (const sleep of await Promise.all(sleeps)) expect(sleep).toMatch(/ECONNRESET|terminated/u);
});
