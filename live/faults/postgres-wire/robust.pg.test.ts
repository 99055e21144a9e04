// Bytes that are no messages, messages that come in pieces, ends in the middle of something.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { WireConnectionInfo, WireEvent } from "./events.ts";
import { FaultBoard } from "./fault-board.ts";
import { Passage } from "./passage.ts";
import { startPostgresWireProxy } from "./proxy.ts";
import { connectClient, execute, message, openTestBed, RawSession, sync, type TestBed } from "./test-bed.ts";

let bed: TestBed;
beforeAll(async () => {
  bed = await openTestBed();
});
afterEach(() => bed.expectNothingLeft());
afterAll(() => bed.stop());

const anyBytes = fc.uint8Array({ minLength: 1, maxLength: 400 }).map((bytes) => Buffer.from(bytes));
/** The beginning of a message that there is, and something else behind it. */
const almostMessages = fc
  .array(fc.tuple(fc.constantFrom(..."QPBECDHScfdX"), fc.uint8Array({ maxLength: 60 })), {
    minLength: 1,
    maxLength: 5,
  })
  .chain((messages) => {
    const bytes = Buffer.concat(messages.map(([type, body]) => message(type, Buffer.from(body))));
    return fc.nat({ max: bytes.length }).map((end) => bytes.subarray(0, Math.max(end, 1)));
  });

test("random bytes instead of a login, or behind one, end the connection with its sockets and nothing else", async () => {
  const bystander = await connectClient(bed.url);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(anyBytes, almostMessages),
      fc.boolean(),
      fc.boolean(),
      async (bytes, isLoggedIn, isReset) => {
        const session = isLoggedIn ? await RawSession.open(bed.url) : await RawSession.connect(bed.url);
        session.send(bytes);
        if (isReset) session.socket.resetAndDestroy();
        else session.socket.end();
        await session.until("never");
      },
    ),
    { numRuns: 60 },
  );
  expect((await bystander.query("SELECT 1 AS n")).rows).toEqual([{ n: 1 }]);
  await bystander.end();
});

test("what is no message is told, and the server hears it as PostgreSQL would say it", async () => {
  const events = bed.events();
  const session = await RawSession.open(bed.url);
  session.send(message("Q", "SELECT 1"));
  await session.until("Z");
  session.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
  const [error] = await session.messagesUntil("E");
  expect(error!.body.toString()).toContain("08P01");
  expect(await session.until("never")).toBe(" end");
  await bed.expectNothingLeft();
  expect(events.at(-2)).toMatchObject({
    kind: "unparseable",
    by: "server",
    seen: "seen a message of type 71 'G' and length 1163141167, expected a type of the protocol",
  });
  expect(events.at(-1)).toMatchObject({ kind: "closed", by: "server" });
});

/** A database that answers with these bytes, whatever it is told, and stays or leaves. */
async function startFake(
  answer: Buffer,
  isLeaving: boolean,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      socket.write(answer);
      if (isLeaving) socket.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `postgresql://u@127.0.0.1:${(server.address() as AddressInfo).port}/x` };
}

test("random bytes from a database end the connection, or wait for more until either side leaves", async () => {
  let unparseable = 0;
  await fc.assert(
    fc.asyncProperty(anyBytes, fc.boolean(), async (bytes, isLeaving) => {
      const fake = await startFake(bytes, isLeaving);
      const proxy = await startPostgresWireProxy({ upstream: fake.url });
      proxy.subscribe(({ kind }) => (unparseable += kind === "unparseable" ? 1 : 0));
      const session = await RawSession.connect(proxy.url);
      session.send(message("", 196_608, "user", "u", ""));
      if (!isLeaving) {
        await sleep(5);
        session.socket.end();
      }
      await session.until("never");
      await expect.poll(() => proxy.connections, { interval: 5, timeout: 3_000 }).toBe(0);
      await proxy.close();
      fake.server.close();
    }),
    { numRuns: 30 },
  );
  expect(unparseable).toBeGreaterThan(5);
});

test("a connection that does not say who it is is not waited for without end", async () => {
  const proxy = await startPostgresWireProxy({ upstream: bed.directUrl, startupTimeoutMs: 50 });
  const socket = connect({ host: proxy.host, port: proxy.port });
  socket.resume();
  await once(socket, "connect");
  socket.write(Buffer.from([0, 0, 0x10, 0]));
  await once(socket, "close");
  await expect.poll(() => proxy.connections).toBe(0);
  await proxy.close();
});

interface Recorded {
  readonly from: "frontend" | "backend";
  readonly bytes: Buffer;
}

/** What a session says and hears, from its login on. */
async function record(talk: (url: string) => Promise<void>): Promise<readonly Recorded[]> {
  const recorded: Recorded[] = [];
  const { hostname, port } = new URL(bed.directUrl);
  const tap = createServer((frontend) => {
    const backend = connect({ host: hostname, port: Number(port) });
    let isStarted = false;
    frontend.on("data", (bytes: Buffer) => {
      if (isStarted) recorded.push({ from: "frontend", bytes });
      isStarted = true;
      backend.write(bytes);
    });
    backend.on("data", (bytes: Buffer) => {
      recorded.push({ from: "backend", bytes });
      frontend.write(bytes);
    });
    frontend.on("end", () => backend.end());
    backend.on("end", () => frontend.end());
  });
  tap.listen(0, "127.0.0.1");
  await once(tap, "listening");
  await talk(bed.directUrl.replace(`:${port}/`, `:${(tap.address() as AddressInfo).port}/`));
  tap.close();
  await once(tap, "close");
  return recorded;
}

async function talkOfEverything(url: string): Promise<void> {
  const session = await RawSession.open(url);
  const turn = async (...messages: readonly Buffer[]): Promise<void> => {
    session.send(...messages);
    await session.until("Z");
  };
  await turn(message("Q", "CREATE TEMP TABLE t (n int); BEGIN; INSERT INTO t VALUES (1); COMMIT"));
  await turn(message("Q", "BEGIN"));
  await turn(
    message("P", "named", "INSERT INTO t VALUES ($1)", Buffer.alloc(2)),
    message("D", "Snamed"),
    sync,
  );
  const bind = message("B", "portal", "named", Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 0x37, 0, 0]));
  await turn(
    bind,
    message("E", "portal", 0),
    execute("SELECT * FROM t"),
    execute("SELECT nothing"),
    execute("SELECT 1"),
    sync,
  );
  await turn(message("Q", "ROLLBACK"));
  await turn(bind, message("E", "portal", 0), message("C", "Pportal"), message("C", "Snamed"), sync);
  session.send(message("Q", "COPY t FROM STDIN"));
  await session.until("G");
  await turn(message("d", Buffer.from("1\n2\n")), message("c"));
  session.send(execute("COPY t FROM STDIN"), sync);
  await session.until("G");
  await turn(message("d", Buffer.from("3\n")), message("c"), sync);
  await turn(message("Q", "COPY t TO STDOUT"));
  await turn(message("Q", ""));
  await turn(message("Q", "LISTEN x; NOTIFY x, 'y'"));
  await turn(message("Q", `SELECT '${"z".repeat(100_000)}'`));
  await session.end();
}

const connection: WireConnectionInfo = {
  id: 1,
  user: "trust",
  database: "wire",
  applicationName: "",
  isReplication: false,
  backendProcessId: undefined,
};

test("a session is seen as the same session into whatever packets it is split, and passes byte by byte", async () => {
  const recorded = await record(talkOfEverything);
  const replay = (cutsOf: (length: number) => readonly number[]) => {
    const events: WireEvent[] = [];
    const out: Record<Recorded["from"], Buffer[]> = { frontend: [], backend: [] };
    const passage = new Passage({
      connection,
      board: new FaultBoard(),
      report: (event) => events.push(event),
      ends: {
        toBackend: (bytes) => out.frontend.push(bytes),
        toFrontend: (bytes) => out.backend.push(bytes),
        cut: async () => undefined,
        onReleased: () => undefined,
      },
    });
    for (const { from, bytes } of recorded) {
      const places = [0, ...cutsOf(bytes.length).toSorted((left, right) => left - right), bytes.length];
      for (const [index, end] of places.slice(1).entries()) {
        const piece = bytes.subarray(places[index], end);
        if (from === "frontend") passage.fromFrontend(piece);
        else passage.fromBackend(piece);
      }
    }
    expect(passage.waiting).toBe(0);
    return { events, frontend: Buffer.concat(out.frontend), backend: Buffer.concat(out.backend) };
  };
  const said = (from: Recorded["from"]) =>
    Buffer.concat(recorded.flatMap((one) => (one.from === from ? [one.bytes] : [])));
  const whole = replay(() => []);
  expect(whole.frontend).toEqual(said("frontend"));
  expect(whole.backend).toEqual(said("backend"));
  expect(whole.events.filter(({ kind }) => kind === "answered").length).toBe(14);
  expect(whole.events.filter(({ kind }) => kind === "transaction").length).toBe(4);
  expect(replay((length) => Array.from({ length: Math.min(length, 3_000) }, (_, n) => n))).toEqual(whole);
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 40 }), (numbers) => {
      expect(replay((length) => numbers.map((number) => number % (length + 1)))).toEqual(whole);
    }),
    { numRuns: 100 },
  );
});
