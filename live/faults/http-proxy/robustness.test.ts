import { createServer, type Server, type Socket, connect } from "node:net";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { pause, setStage, type Stage } from "./counting-server.contract.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { resetSocket } from "./sockets.ts";

const nothing = { lines: 0, clients: 0, servers: 0, exchanges: 0, liveSockets: 0, held: 0 };

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const portOf = (url: string): number => Number(new URL(url).port);

interface Spoken {
  readonly said: Buffer;
  /** How the other end ended it; it is ended by us otherwise. */
  readonly isEnded: boolean;
}

/** Says all of it, and listens until nothing comes for a while. */
async function speak(url: string, chunks: readonly (string | Uint8Array)[], quietMs = 30): Promise<Spoken> {
  const socket = connect(portOf(url), "127.0.0.1");
  socket.on("error", () => undefined);
  const heard: Buffer[] = [];
  let heardAt = performance.now();
  socket.on("data", (chunk) => {
    heard.push(chunk);
    heardAt = performance.now();
  });
  for (const chunk of chunks) socket.write(chunk);
  while (!socket.closed && !socket.readableEnded && performance.now() - heardAt < quietMs) await pause(2);
  const isEnded = socket.closed || socket.readableEnded;
  socket.destroy();
  return { said: Buffer.concat(heard), isEnded };
}

const isIdle = async (): Promise<void> => {
  await expect
    .poll(() => stage.proxy.counts, { timeout: 3_000 })
    .toMatchObject({ clients: 0, servers: 0, exchanges: 0, liveSockets: 0 });
};

const isAlive = async (): Promise<void> => {
  const reply = await fetch(`${stage.line.url}/push`, { method: "POST", headers: { connection: "close" } });
  expect(reply.status).toBe(200);
};

const bytes = fc.uint8Array({ minLength: 1, maxLength: 400 });
/** Not a request, but something like one. */
const almost = fc
  .array(
    fc.constantFrom(
      "GET ",
      "/push",
      " HTTP/1.1\r\n",
      "\r\n",
      "content-length: 5\r\n",
      "transfer-encoding: chunked\r\n",
      "upgrade: websocket\r\nconnection: upgrade\r\n",
      "expect: 100-continue\r\n",
      "5\r\nhello\r\n",
      "0\r\n\r\n",
      "\u{0}",
      "POST",
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => Buffer.from(parts.join("")));

describe("a client", () => {
  test("that speaks no HTTP harms nobody, and leaves nothing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(bytes, almost), { minLength: 1, maxLength: 3 }), async (chunks) => {
        await speak(stage.line.url, chunks, 5);
      }),
      { numRuns: 150 },
    );
    await isAlive();
    await isIdle();
  });

  test("that speaks no HTTP is told so, and not by the server", async () => {
    const { said, isEnded } = await speak(stage.line.url, ["hello there\r\n\r\n"]);
    expect(String(said)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*x-seatrial-impostor: 1\r\n/u);
    expect(isEnded).toBe(true);
  });

  test("with header lines beyond all measure is told so", async () => {
    const { said } = await speak(stage.line.url, [`GET / HTTP/1.1\r\nx: ${"y".repeat(300_000)}\r\n\r\n`]);
    expect(String(said)).toMatch(/^HTTP\/1\.1 431 /u);
    await isIdle();
  });

  test("with long header lines is the server's to refuse", async () => {
    const { said } = await speak(stage.line.url, [
      `GET /x HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(100_000)}\r\n\r\n`,
    ]);
    expect(String(said)).toMatch(/^HTTP\/1\.1 200 /u);
    expect(stage.server.seen[0]!.headers[3]).toHaveLength(100_000);
  });

  test("that leaves at any point leaves nothing behind", async () => {
    const whole = Buffer.from(
      "POST /push HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    );
    for (const verb of [undefined, "lose-request", "delay-reply", "duplicate"] as const) {
      for (let end = 1; end <= whole.length; end += 7) {
        const of = { device: "laptop", message: "push", nth: 1 };
        if (verb === "delay-reply") stage.proxy.apply({ verb, of, byMs: 1 });
        else if (verb === "duplicate") stage.proxy.apply({ verb, of, afterMs: 1 });
        else if (verb !== undefined) stage.proxy.apply({ verb, of });
        await speak(stage.line.url, [whole.subarray(0, end)], 3);
      }
    }
    stage.proxy.calm();
    await isAlive();
    await isIdle();
  });

  test("that says nonsense over its live socket is the server's to refuse", async () => {
    const closes: number[] = [];
    const socket = new WebSocket(`${stage.line.url.replace("http", "ws")}/socket`);
    socket.on("close", (code) => closes.push(code));
    socket.on("error", () => undefined);
    await new Promise((resolve) => socket.once("open", resolve));
    // A reserved opcode, masked, with a reserved bit.
    (socket as unknown as { _socket: Socket })._socket.write(Buffer.from([0xf3, 0x80, 1, 2, 3, 4]));
    await expect.poll(() => closes).toEqual([1002]);
    await isIdle();
  });
});

describe("a server", () => {
  let raw: Server;
  let proxy: FaultProxy;
  let url: string;
  const served = new Set<Socket>();
  let onConnection: (socket: Socket) => void;
  beforeEach(async () => {
    raw = createServer((socket) => {
      served.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => served.delete(socket));
      onConnection(socket);
    });
    await new Promise<void>((resolve) => raw.listen(0, "127.0.0.1", resolve));
    const target = `http://127.0.0.1:${(raw.address() as AddressInfo).port}`;
    proxy = new FaultProxy({ messageOf: () => "push", targetOf: () => target, onFault: () => undefined });
    ({ url } = await proxy.openLine("laptop"));
  });
  afterEach(async () => {
    await proxy.close();
    expect(proxy.counts).toEqual(nothing);
    for (const socket of served) socket.destroy();
    await new Promise((resolve) => raw.close(resolve));
  });

  const request = "GET /push HTTP/1.1\r\nhost: x\r\n\r\n";
  const upgrade =
    "GET /socket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nsec-websocket-version: 13\r\n\r\n";

  test("that says anything harms nobody, and leaves nothing", async () => {
    const almostReply = fc
      .array(
        fc.constantFrom(
          "HTTP/1.1 200 OK\r\n",
          "HTTP/1.1 101 Switching Protocols\r\n",
          "HTTP/1.1 100 Continue\r\n\r\n",
          "HTTP/1.1 042 \u{1}\r\n",
          "HTTP/1.1 204 \r\n",
          "content-length: 3\r\n",
          "transfer-encoding: chunked\r\n",
          "connection: upgrade\r\nupgrade: websocket\r\n",
          "\r\n",
          "abc",
          "3\r\nabc\r\n",
          "0\r\n\r\n",
        ),
        { minLength: 1, maxLength: 8 },
      )
      .map((parts) => Buffer.from(parts.join("")));
    const asked = fc.constantFrom(request, upgrade);
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes, almostReply), fc.boolean(), asked, async (said, endsIt, request) => {
        onConnection = (socket) => {
          socket.once("data", () => (endsIt ? socket.end(said) : socket.write(said)));
        };
        await speak(url, [request], 5);
      }),
      { numRuns: 200 },
    );
    for (const socket of served) socket.destroy();
    await expect
      .poll(() => proxy.counts, { timeout: 3_000 })
      .toMatchObject({ clients: 0, servers: 0, exchanges: 0 });
  });

  test("that closes at once gives the client a broken connection", async () => {
    onConnection = (socket) => socket.destroy();
    expect(await speak(url, [request], 500)).toEqual({ said: Buffer.alloc(0), isEnded: true });
  });

  test("that never answers is waited for as long as the client waits", async () => {
    onConnection = () => undefined;
    expect(await speak(url, [request], 60)).toEqual({ said: Buffer.alloc(0), isEnded: false });
  });

  test("that takes other protocols than it was asked for ends the exchange", async () => {
    onConnection = (socket) => {
      socket.once("data", () =>
        socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\nxyz"),
      );
    };
    expect((await speak(url, [request], 500)).isEnded).toBe(true);
  });
});

test("a connection that is reset while it is ending is closed all the same", async () => {
  const closed = Promise.withResolvers<void>();
  const ending = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", closed.reject);
    socket.once("close", () => closed.resolve());
    socket.end("the last words");
    resetSocket(socket);
  });
  await new Promise<void>((resolve) => ending.listen(0, "127.0.0.1", resolve));
  const client = connect((ending.address() as AddressInfo).port, "127.0.0.1");
  client.on("error", () => undefined);
  await closed.promise;
  client.destroy();
  await new Promise((resolve) => ending.close(resolve));
});

describe("many devices", () => {
  test("are served at once, and nothing is left of them", async () => {
    const devices = Array.from({ length: 200 }, (_, index) => `device-${index}`);
    const lines = await Promise.all(devices.map((device) => stage.proxy.openLine(device)));
    const sockets = lines.map(({ url }) => new WebSocket(`${url.replace("http", "ws")}/socket`));
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once("open", resolve))));
    const replies = await Promise.all(lines.map(({ url }) => fetch(`${url}/push`, { method: "POST" })));
    expect(new Set(await Promise.all(replies.map((reply) => reply.json()))).size).toBe(200);
    expect(stage.proxy.counts).toMatchObject({ lines: 201, liveSockets: 200 });
    stage.proxy.apply({ verb: "half-open", device: "device-7" });
    await stage.proxy.close();
    expect(stage.proxy.counts).toEqual(nothing);
    await expect.poll(() => stage.server.connections.size).toBe(0);
  });

  test("that come after the end are turned away", async () => {
    await stage.proxy.close();
    const { url } = await stage.proxy.openLine("late");
    await expect(fetch(url)).rejects.toThrow();
  });

  test("need a server at an address that the proxy can reach", async () => {
    const proxy = new FaultProxy({
      messageOf: () => "push",
      targetOf: () => "https://sync.test",
      onFault: () => undefined,
    });
    await expect(proxy.openLine("laptop")).rejects.toThrow(
      "expected the server of laptop at an address that begins with http:, saw https://sync.test",
    );
  });
});
