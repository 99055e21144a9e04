import type { Socket } from "node:net";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { NetworkAction } from "../../../scenarios/format/types.ts";
import { pause, setStage, type Stage } from "./counting-server.contract.ts";

let stage: Stage;
const clients: WebSocket[] = [];
beforeEach(async () => {
  stage = await setStage();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate();
  await stage.close();
});

const apply = (action: NetworkAction): void => stage.proxy.apply(action);
const say = (...frames: readonly unknown[]): void => {
  for (const frame of frames) stage.server.sockets.at(-1)!.send(JSON.stringify(frame));
};

interface Client {
  readonly socket: WebSocket;
  readonly frames: unknown[];
  readonly closes: [code: number, reason: string][];
  readonly pongs: string[];
  readonly pings: string[];
}

function dial(
  options: ConstructorParameters<typeof WebSocket>[2] = {},
): Client & { readonly opened: Promise<void> } {
  const socket = new WebSocket(`${stage.line.url.replace("http", "ws")}/socket`, options);
  clients.push(socket);
  const client: Client = { socket, frames: [], closes: [], pongs: [], pings: [] };
  socket.on("message", (data, isBinary) =>
    client.frames.push(isBinary ? data : (JSON.parse(String(data)) as unknown)),
  );
  socket.on("close", (code, reason) => client.closes.push([code, String(reason)]));
  socket.on("pong", (data) => client.pongs.push(String(data)));
  socket.on("ping", (data) => client.pings.push(String(data)));
  const opened = new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("open", resolve);
  });
  opened.catch(() => undefined);
  return { ...client, opened };
}

async function open(): Promise<Client> {
  const client = dial();
  await client.opened;
  await expect.poll(() => stage.server.sockets.length, { interval: 2 }).toBeGreaterThan(0);
  return client;
}

describe("a live socket that nothing befalls", () => {
  test("carries frames, pings, pongs and closes from end to end", async () => {
    const { socket, frames, pongs, pings, closes } = await open();
    const served = stage.server.sockets[0]!;
    const answered = new Promise((resolve) => served.once("pong", (data) => resolve(String(data))));
    say(1, { two: 2 });
    served.ping("are you there");
    socket.ping("and you");
    socket.send('{"ack":1}');
    await expect.poll(() => frames).toEqual([1, { two: 2 }]);
    expect(await answered).toBe("are you there");
    expect(pings).toEqual(["are you there"]);
    await expect.poll(() => pongs).toEqual(["and you"]);
    expect(stage.server.received).toEqual(['{"ack":1}']);
    served.close(4410, "resync required");
    await expect.poll(() => closes).toEqual([[4410, "resync required"]]);
    await expect.poll(() => stage.server.closes).toEqual([4410]);
    await expect.poll(() => stage.proxy.counts).toMatchObject({ liveSockets: 0, clients: 0, servers: 0 });
  });

  test("is closed by its client with the client's words", async () => {
    const { socket } = await open();
    socket.close(4001, "enough");
    await expect.poll(() => stage.server.closes).toEqual([4001]);
  });

  test("is not compressed, so that each of its messages stands alone", async () => {
    const { socket } = await open();
    expect(socket.extensions).toBe("");
  });

  test("is refused in the server's own words", async () => {
    stage.server.refuse = (socket: Socket) => {
      socket.end(
        'HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n{"a":1\r\n1\r\n}\r\n0\r\n\r\n',
      );
    };
    const { socket } = dial();
    const [status, version, body] = await new Promise<readonly unknown[]>((resolve) => {
      socket.on("unexpected-response", (_request, reply) => {
        let text = "";
        reply.on("data", (chunk) => (text += String(chunk)));
        reply.on("end", () => resolve([reply.statusCode, reply.headers["sec-websocket-version"], text]));
      });
    });
    expect([status, version, body]).toEqual([426, "13", '{"a":1}']);
  });

  test("sees the end of its server's process as a broken connection", async () => {
    const { closes } = await open();
    for (const connection of stage.server.connections) connection.resetAndDestroy();
    await expect.poll(() => closes).toEqual([[1006, ""]]);
  });

  test("whose client dies is broken off at the server", async () => {
    await open();
    await stage.line.close();
    await expect.poll(() => stage.server.closes).toEqual([1006]);
  });
});

describe("a frame", () => {
  const cases: readonly (readonly [NetworkAction, readonly number[]])[] = [
    [{ verb: "drop-frame", device: "laptop", nth: 2 }, [1, 3]],
    [{ verb: "repeat-frame", device: "laptop", nth: 2 }, [1, 2, 2, 3]],
    [{ verb: "delay-frame", device: "laptop", nth: 2, byMs: 30 }, [1, 3, 2]],
    [{ verb: "replace-frame", device: "laptop", nth: 2, frame: 7 }, [1, 7, 3]],
  ];
  test.each(cases)("with %j arrives as %j", async (fault, expected) => {
    const { frames } = await open();
    apply(fault);
    say(1, 2, 3);
    await expect.poll(() => frames).toEqual(expected);
    expect(stage.faults).toHaveLength(1);
  });

  test("that is held comes when it is released, in a burst and in order", async () => {
    const { frames } = await open();
    apply({ verb: "hold-frames", device: "laptop" });
    say(1, 2);
    await expect.poll(() => stage.faults).toEqual(["frame held", "frame held"]);
    await pause(20);
    expect(frames).toEqual([]);
    apply({ verb: "release-frames", device: "laptop" });
    await expect.poll(() => frames).toEqual([1, 2]);
  });

  test("that a partition holds comes when it heals, and pings are not missed meanwhile", async () => {
    const { frames, pings } = await open();
    apply({ verb: "partition", device: "laptop", direction: "to-device", inFlight: "hold" });
    say(1);
    stage.server.sockets[0]!.ping();
    await expect.poll(() => stage.proxy.counts.held).toBe(1);
    apply({ verb: "heal", device: "laptop" });
    await expect.poll(() => frames).toEqual([1]);
    expect(pings).toEqual([]);
  });

  test.each(["to-device", "to-server"] as const)(
    "that a partition %s drops is the last one",
    async (direction) => {
      const { socket, frames } = await open();
      apply({ verb: "partition", device: "laptop", direction, inFlight: "drop" });
      if (direction === "to-device") say(1);
      else socket.send("1");
      await pause(20);
      apply({ verb: "heal", device: "laptop" });
      say(2);
      socket.send("2");
      await pause(20);
      expect({ frames, received: stage.server.received }).toEqual({ frames: [], received: [] });
    },
  );
});

describe("a live socket", () => {
  test("that is cut is over for both ends, and neither is told why", async () => {
    const { closes } = await open();
    apply({ verb: "cut-socket", device: "laptop" });
    await expect.poll(() => [closes, stage.server.closes]).toEqual([[[1006, ""]], [1006]]);
  });

  test("that is half open carries nothing, pongs neither, and is found out in the calm", async () => {
    const { socket, frames, closes, pongs } = await open();
    apply({ verb: "half-open", device: "laptop" });
    say(1);
    socket.send("ack");
    socket.ping();
    stage.server.sockets[0]!.close(1001);
    await pause(30);
    expect({ frames, closes, pongs, received: stage.server.received }).toEqual({
      frames: [],
      closes: [],
      pongs: [],
      received: [],
    });
    stage.proxy.calm();
    await expect.poll(() => closes).toEqual([[1006, ""]]);
  });

  test("that is half open does not tell its server that the client has gone", async () => {
    const { socket } = await open();
    apply({ verb: "half-open", device: "laptop" });
    socket.terminate();
    await pause(30);
    expect(stage.server.closes).toEqual([]);
    stage.proxy.calm();
    await expect.poll(() => stage.server.closes).toEqual([1006]);
  });

  test("that nobody reads makes its server wait", async () => {
    const { socket } = await open();
    socket.pause();
    const served = stage.server.sockets[0]!;
    for (let block = 0; block < 64; block++) served.send(Buffer.alloc(1_048_576));
    await pause(150);
    expect(served.bufferedAmount).toBeGreaterThan(16 * 1_048_576);
    socket.resume();
    await expect.poll(() => served.bufferedAmount, { timeout: 5_000 }).toBe(0);
  });
});

describe("an upgrade", () => {
  const address = { device: "laptop", message: "socket", nth: 1 };

  test.each([
    { verb: "lose-request", of: address },
    { verb: "lose-reply", of: address },
    { verb: "partition", device: "laptop", direction: "to-device", inFlight: "hold" },
  ] as const)("with %j is no socket", async (fault) => {
    apply(fault);
    await expect(dial({ handshakeTimeout: 60 }).opened).rejects.toThrow(/timed out/u);
    expect(stage.server.sockets).toEqual([]);
    await expect.poll(() => stage.proxy.counts.clients).toBe(0);
  });

  test("is answered by somebody else", async () => {
    apply({ verb: "answer", of: address, status: 401, body: "html", withEffect: false });
    await expect(dial().opened).rejects.toThrow(/401/u);
    expect(stage.server.sockets).toEqual([]);
  });

  test("that breaks is no socket", async () => {
    apply({ verb: "reset-request", of: address });
    await expect(dial().opened).rejects.toThrow(/ECONNRESET|hang up/u);
  });

  test.each(["delay-request", "delay-reply"] as const)(
    "with %s is late, and loses nothing that is said",
    async (verb) => {
      apply({ verb, of: address, byMs: 40 });
      const startedAt = performance.now();
      const { opened, frames } = dial();
      await expect.poll(() => stage.server.sockets.length, { interval: 2 }).toBe(1);
      say("hello");
      await opened;
      expect(performance.now() - startedAt).toBeGreaterThan(35);
      await expect.poll(() => frames).toEqual(["hello"]);
    },
  );

  test("whose client does not wait for the answer opens no socket at the server", async () => {
    apply({ verb: "delay-request", of: address, byMs: 60 });
    const leaving = connect(Number(new URL(stage.line.url).port), "127.0.0.1");
    leaving.write(
      "GET /socket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nsec-websocket-version: 13\r\n\r\nearly",
    );
    await expect.poll(() => stage.faults).toEqual(["request late"]);
    leaving.destroy();
    await pause(80);
    expect(stage.server.sockets).toEqual([]);
    expect(stage.proxy.counts).toMatchObject({ clients: 0, servers: 0 });
  });
});
