// With no fault armed the proxy cannot be told from the database.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { connectClient, execute, message, openTestBed, RawSession, sync, type TestBed } from "./test-bed.ts";

let bed: TestBed;
beforeAll(async () => {
  bed = await openTestBed();
});
afterEach(() => bed.expectNothingLeft());
afterAll(() => bed.stop());

describe("a login", () => {
  test.each(["trust", "password", "md5", "scram-sha-256"] as const)("by %s passes", async (login) => {
    const client = await connectClient(bed.urlAs(login));
    expect((await client.query("SELECT current_user AS name")).rows).toEqual([{ name: login }]);
    await client.end();
    if (login === "trust") return;
    const wrong = new pg.Client(bed.urlAs(login).replace(":secret@", ":wrong@"));
    await expect(wrong.connect()).rejects.toMatchObject({ code: "28P01" });
  });

  test("of a client that demands encryption is refused as PostgreSQL without it does", async () => {
    const client = new pg.Client({ connectionString: bed.url, ssl: true });
    await expect(client.connect()).rejects.toThrow("The server does not support SSL connections");
  });

  test("with the newest protocol is negotiated by the database", async () => {
    const session = await RawSession.connect(bed.url);
    session.send(message("", (3 << 16) + 9_999, "user", "trust", "database", "wire", "_pq_.what", "x", ""));
    expect(await session.until("Z")).toMatch(/^v?R.*S+.*K.*Z$/u);
    session.send(message("Q", "SELECT 1"));
    expect(await session.until("Z")).toBe("TDCZ");
    await session.end();
  });

  test("to a database that does not exist fails with the database's own error", async () => {
    const client = new pg.Client(bed.url.replace(/\/wire$/u, "/nowhere"));
    await expect(client.connect()).rejects.toMatchObject({ code: "3D000" });
  });
});

test("what is said is seen: who connects, what is asked, what becomes of it", async () => {
  const events = bed.events();
  const client = await connectClient(bed.url, { application_name: "the server" });
  await client.query("BEGIN");
  await client.query({ name: "add", text: "SELECT  $1::int\n + $2::int", values: [1, 2] });
  await client.query({ name: "add", text: "SELECT  $1::int\n + $2::int", values: [3, 4] });
  await expect(client.query("SELECT 1 / $1::int", [0])).rejects.toThrow("division by zero");
  await client.query("COMMIT");
  await client.query("DEALLOCATE add");
  await client.end();
  await bed.expectNothingLeft();
  const told = events.map((event) => {
    switch (event.kind) {
      case "statement":
        return `${event.statement.form}: ${event.statement.text} (${event.statement.parameterCount})`;
      case "answered":
        return event.answer.kind === "completed" ? event.answer.tags.join() : JSON.stringify(event.answer);
      case "transaction":
        return event.change;
      case "closed":
        return `closed by ${event.by}`;
      default:
        return event.kind;
    }
  });
  expect(told).toEqual([
    "opened",
    "ready",
    "simple: BEGIN (0)",
    "began",
    "BEGIN",
    "extended: SELECT $1::int + $2::int (2)",
    "SELECT 1",
    "extended: SELECT $1::int + $2::int (2)",
    "SELECT 1",
    "extended: SELECT 1 / $1::int (1)",
    '{"kind":"failed","code":"22012","message":"division by zero"}',
    "simple: COMMIT (0)",
    "rolled back",
    "ROLLBACK",
    "simple: DEALLOCATE add (0)",
    "DEALLOCATE",
    "closed by server",
  ]);
  const ready = events.find(({ kind }) => kind === "ready");
  expect(ready).toMatchObject({
    connection: { user: "postgres", database: "wire", applicationName: "the server" },
  });
});

test("statements of a pipeline behind one that failed are seen to be passed over", async () => {
  const events = bed.events();
  const session = await RawSession.open(bed.url);
  session.send(
    execute("SELECT 1"),
    execute("SELECT nothing"),
    execute("SELECT 3"),
    sync,
    execute("SELECT 4"),
    sync,
  );
  expect(await session.until("Z")).toMatch(/EZ$/u);
  expect(await session.until("Z")).toMatch(/CZ$/u);
  await session.end();
  const answers = events.flatMap((event) => (event.kind === "answered" ? [event.answer.kind] : []));
  expect(answers).toEqual(["completed", "failed", "skipped", "completed"]);
});

test("a query is cancelled on a connection of its own", async () => {
  const client = await connectClient(bed.url);
  const sleep = client.query("SELECT pg_sleep(60)");
  const failed = expect(sleep).rejects.toMatchObject({ code: "57014" });
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  await expect
    .poll(() =>
      bed.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND state = 'active'"),
    )
    .toHaveLength(1);
  const cancel = await RawSession.connect(bed.url);
  cancel.send(message("", 80_877_102, processID, secretKey));
  // The database closes it when it is done.
  await once(cancel.socket, "close");
  await failed;
  await client.end();
});

test("rows are copied in and out, some megabytes of them", async () => {
  await bed.query("CREATE TABLE copied (n int, t text)");
  const session = await RawSession.open(bed.url);
  const rows = Array.from({ length: 2_000 }, (_, n) => `${n}\t${"x".repeat(2_000)}\n`);
  session.send(message("Q", "COPY copied FROM STDIN"));
  expect(await session.until("G")).toBe("G");
  for (const row of rows) session.send(message("d", Buffer.from(row)));
  session.send(message("c"));
  const answer = await session.messagesUntil("Z");
  expect(answer[0]!.body.toString()).toBe("COPY 2000\0");
  session.send(message("Q", "COPY copied TO STDOUT"));
  const out = (await session.messagesUntil("Z")).filter(({ type }) => type === "d").map(({ body }) => body);
  expect(Buffer.concat(out).toString()).toBe(rows.join(""));
  // In the extended form, with the Sync that libpq sends ahead of the rows, and which the database ignores.
  session.send(execute("COPY copied FROM STDIN"), sync);
  await session.until("G");
  session.send(message("d", Buffer.from(rows[0]!)), message("c"), sync);
  expect(await session.until("Z")).toBe("CZ");
  session.send(message("Q", "COPY copied FROM STDIN"));
  await session.until("G");
  session.send(message("f", "enough"));
  expect(await session.until("Z")).toBe("EZ");
  await session.end();
});

test("a notification comes at once", async () => {
  const listener = await connectClient(bed.url);
  const heard = once(listener, "notification");
  await listener.query("LISTEN here");
  const speaker = await connectClient(bed.url);
  await speaker.query("SELECT pg_notify('here', 'hello')");
  expect((await heard)[0]).toMatchObject({ channel: "here", payload: "hello" });
  await Promise.all([listener.end(), speaker.end()]);
});

test("64 megabytes in one value pass both ways, and are not kept", async () => {
  const size = 64 * 1_024 * 1_024;
  const client = await connectClient(bed.url);
  const { rows } = await client.query({
    text: "SELECT length($1::text) AS size",
    values: ["y".repeat(size)],
  });
  expect(rows).toEqual([{ size }]);
  await client.end();
  // A reader that does not read: the value waits in the database and not in the proxy.
  const session = await RawSession.open(bed.url);
  session.socket.pause();
  global.gc?.();
  const before = process.memoryUsage().arrayBuffers;
  session.send(message("Q", `SELECT repeat('z', ${size})`));
  await expect
    .poll(
      () =>
        bed.query(
          "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%repeat%' AND wait_event = 'ClientWrite' AND pid <> pg_backend_pid()",
        ),
      { timeout: 10_000 },
    )
    .toHaveLength(1);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1_024 * 1_024);
  session.socket.resume();
  const answer = await session.messagesUntil("Z");
  expect(answer.find(({ type }) => type === "D")?.body.length).toBeGreaterThan(size);
  await session.end();
}, 30_000);

test("replication passes", async () => {
  const events = bed.events();
  const session = await RawSession.open(bed.url, ["replication", "database"]);
  session.send(message("Q", "CREATE_REPLICATION_SLOT here TEMPORARY LOGICAL test_decoding"));
  const created = await session.until("Z");
  if (created.endsWith("EZ")) {
    // A package without contrib has no plugin to decode with; the physical kind needs none.
    session.send(message("Q", "CREATE_REPLICATION_SLOT here TEMPORARY PHYSICAL RESERVE_WAL"));
    expect(await session.until("Z")).toBe("TDCZ");
  }
  const [{ lsn }] = (await bed.query<{ lsn: string }>("SELECT pg_current_wal_lsn() AS lsn")) as [
    { lsn: string },
  ];
  session.send(
    message(
      "Q",
      created.endsWith("EZ")
        ? `START_REPLICATION SLOT here PHYSICAL ${lsn.replace(/\w+$/u, "0")}`
        : `START_REPLICATION SLOT here LOGICAL ${lsn}`,
    ),
  );
  expect(await session.until("W")).toBe("W");
  await bed.query("CREATE TABLE streamed (n int)");
  expect(await session.until("d")).toBe("d");
  session.send(message("c"));
  await session.until("c");
  await session.end();
  expect(events).toContainEqual(
    expect.objectContaining({
      kind: "opened",
      connection: expect.objectContaining({ isReplication: true }) as object,
    }),
  );
});

test("a client that closes its side of the socket still hears the answer", async () => {
  const session = await RawSession.connect(bed.url, { allowHalfOpen: true });
  session.send(message("", 196_608, "user", "trust", "database", "wire", ""));
  await session.until("Z");
  session.send(message("Q", "SELECT 1 FROM pg_sleep(0.1)"));
  session.socket.end();
  expect(await session.until("Z")).toBe("TDCZ");
  expect(await session.until("Z")).toBe(" end");
});

describe("a session that the database ends", () => {
  test("ends with the database's error", async () => {
    const events = bed.events();
    const client = await connectClient(bed.url);
    const failed = expect(client.query("SELECT pg_sleep(60)")).rejects.toMatchObject({ code: "57P01" });
    await expect
      .poll(() =>
        bed.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND pid <> pg_backend_pid()",
        ),
      )
      .toHaveLength(1);
    await failed;
    await bed.expectNothingLeft();
    expect(events.at(-1)).toMatchObject({ kind: "closed", by: "database", fatal: { code: "57P01" } });
  });
});

const run = promisify(execFile);

/** Says loudly that a tool is missing, where CI would have it. */
async function hasTool(tool: string): Promise<boolean> {
  try {
    await run(tool, ["--version"]);
    return true;
  } catch {
    console.warn(
      `SKIPPED: ${tool} is not on the PATH. Install it: apt-get install -y postgresql-client postgresql-contrib`,
    );
    return false;
  }
}

describe("psql", async () => {
  const isThere = await hasTool("psql");

  test.skipIf(!isThere)("runs a script, copies, and is refused encryption when it demands it", async () => {
    const script =
      "CREATE TABLE by_psql (n int);\n\\copy by_psql FROM PROGRAM 'seq 1000'\nSELECT sum(n) FROM by_psql;";
    const running = run("psql", [
      "--no-psqlrc",
      "--quiet",
      "--tuples-only",
      "--no-align",
      bed.url,
      "--set=ON_ERROR_STOP=1",
      "--file=-",
    ]);
    running.child.stdin!.end(script);
    expect((await running).stdout.trim()).toBe("500500");
    await expect(run("psql", [`${bed.url}?sslmode=require`, "--command=SELECT 1"])).rejects.toMatchObject({
      stderr: expect.stringContaining("server does not support SSL, but SSL was required") as string,
    });
  });
});

describe("pgbench", async () => {
  const isThere = await hasTool("pgbench");

  test.skipIf(!isThere).each(["simple", "extended", "prepared"])(
    "runs in %s mode without an error",
    async (mode) => {
      const initialised = await bed.query("SELECT 1 FROM pg_tables WHERE tablename = 'pgbench_accounts'");
      if (initialised.length === 0) await run("pgbench", ["--initialize", "--quiet", bed.url]);
      const events = bed.events();
      const { stdout } = await run("pgbench", [
        "--client=4",
        "--time=2",
        `--protocol=${mode}`,
        "--no-vacuum",
        bed.url,
      ]);
      expect(stdout).toContain("number of failed transactions: 0");
      await bed.expectNothingLeft();
      const seen = (kind: string) => events.filter((event) => event.kind === kind).length;
      const committed = events.filter(
        (event) => event.kind === "transaction" && event.change === "committed",
      );
      expect(committed.length).toBe(Number(/actually processed: (\d+)/u.exec(stdout)?.[1]));
      expect(seen("statement")).toBe(seen("answered"));
      expect(
        events.filter((event) => event.kind === "answered" && event.answer.kind !== "completed"),
      ).toEqual([]);
    },
  );
});
