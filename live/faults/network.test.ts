import { describe, expect, test } from "vitest";
import type { NetworkAction } from "../../scenarios/format/types.ts";
import { Life } from "./life.ts";
import { Network } from "./network.ts";
import type { Carrier, Outgoing, SocketHandlers } from "./wire.ts";

const patienceMs = 60;

/** A server that counts what reaches it and answers with its count. */
class CountingServer implements Carrier {
  readonly seen: Outgoing[] = [];
  readonly received: unknown[] = [];
  socket: SocketHandlers | undefined;
  closed = 0;

  async exchange(request: Outgoing) {
    this.seen.push(request);
    return { status: 200, headers: {}, body: { json: this.seen.length } };
  }

  async openSocket(_request: unknown, handlers: SocketHandlers) {
    this.socket = handlers;
    return { send: (frame: unknown) => void this.received.push(frame), close: () => void this.closed++ };
  }
}

const request: Outgoing = { method: "POST", server: "http://sync.test", path: "/push", headers: {} };
const push = { device: "laptop", message: "push", nth: 1 };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function createNetwork() {
  const server = new CountingServer();
  const faults: string[] = [];
  const network = new Network({
    carrier: server,
    errors: {
      noAnswer: (reason) => new Error(`no answer: ${reason}`),
      upgradeRefused: ({ status }) => new Error(`refused: ${status}`),
    },
    messageOf: () => "push",
    resolve: (_device, place) => (place === "http://sync.test" ? "http://127.0.0.1:1" : undefined),
    onFault: ({ kind }) => void faults.push(kind),
    patienceMs,
  });
  const life = new Life();
  return { server, network, faults, life, laptop: network.carrierOf({ device: "laptop", life }) };
}

async function openSocket(world: ReturnType<typeof createNetwork>) {
  const frames: unknown[] = [];
  const closes: number[] = [];
  const socket = await world.laptop.openSocket(
    { server: "http://sync.test", path: "/ws", headers: {} },
    { onFrame: (frame) => void frames.push(frame), onClose: (code) => void closes.push(code) },
  );
  return { socket, frames, closes };
}

describe("an exchange", () => {
  test("reaches the server where it really listens", async () => {
    const { laptop, server } = createNetwork();
    await expect(laptop.exchange(request)).resolves.toMatchObject({ body: { json: 1 } });
    expect(server.seen[0]!.server).toBe("http://127.0.0.1:1");
  });

  test("to a place that is not this run's server goes nowhere", async () => {
    const { laptop, server } = createNetwork();
    await expect(laptop.exchange({ ...request, server: "http://example.test" })).rejects.toThrow("refused");
    expect(server.seen).toEqual([]);
  });

  test.each([
    ["lose-request", 0, "request lost"],
    ["lose-reply", 1, "reply lost"],
  ] as const)("with %s is unanswered, and the server saw %i", async (verb, seen, fault) => {
    const { laptop, server, network, faults } = createNetwork();
    network.apply({ verb, of: push });
    await expect(laptop.exchange(request)).rejects.toThrow(`no answer within ${patienceMs} ms`);
    expect(server.seen).toHaveLength(seen);
    expect(faults).toEqual([fault]);
    expect(network.waiting()).toEqual([]);
  });

  test("that is repeated is answered once, with the first answer", async () => {
    const { laptop, server, network } = createNetwork();
    network.apply({ verb: "duplicate", of: push, afterMs: 10 });
    await expect(laptop.exchange(request)).resolves.toMatchObject({ body: { json: 1 } });
    await expect.poll(() => server.seen.length).toBe(2);
  });

  test.each([
    ["before", false, 0],
    ["after", true, 1],
  ])("answered by somebody else %s its effect is marked as such", async (_when, withEffect, seen) => {
    const { laptop, server, network } = createNetwork();
    network.apply({ verb: "answer", of: push, status: 200, body: "html", withEffect });
    const reply = await laptop.exchange(request);
    expect(reply).toMatchObject({ status: 200, headers: { "x-seatrial-impostor": "1" } });
    expect(server.seen).toHaveLength(seen);
  });

  test("held by a partition arrives when it heals, after its sender gave up", async () => {
    const { laptop, server, network } = createNetwork();
    network.apply({ verb: "partition", device: "laptop", direction: "to-server", inFlight: "hold" });
    await expect(laptop.exchange(request)).rejects.toThrow("no answer");
    expect(server.seen).toEqual([]);
    network.apply({ verb: "heal", device: "laptop" });
    await expect.poll(() => server.seen.length).toBe(1);
  });

  test("dropped by a partition never arrives", async () => {
    const { laptop, server, network } = createNetwork();
    network.apply({ verb: "partition", device: "laptop", direction: "both", inFlight: "drop" });
    await expect(laptop.exchange(request)).rejects.toThrow("no answer");
    network.calm();
    expect(server.seen).toEqual([]);
  });

  test("of a device that died is never answered, and still has its effect", async () => {
    const { laptop, life, server, network } = createNetwork();
    network.apply({ verb: "delay-reply", of: push, byMs: 5 });
    let settled = false;
    void laptop.exchange(request).finally(() => {
      settled = true;
    });
    life.end();
    await pause(2 * patienceMs);
    expect({ settled, seen: server.seen.length }).toEqual({ settled: false, seen: 1 });
  });
});

describe("a frame", () => {
  const cases: readonly (readonly [NetworkAction, readonly number[]])[] = [
    [{ verb: "drop-frame", device: "laptop", nth: 2 }, [1, 3]],
    [{ verb: "repeat-frame", device: "laptop", nth: 2 }, [1, 2, 2, 3]],
    [{ verb: "delay-frame", device: "laptop", nth: 2, byMs: 5 }, [1, 3, 2]],
    [{ verb: "replace-frame", device: "laptop", nth: 2, frame: 7 }, [1, 7, 3]],
  ];
  test.each(cases)("with %j arrives as %j", async (fault, expected) => {
    const world = createNetwork();
    const { frames } = await openSocket(world);
    world.network.apply(fault);
    for (const frame of [1, 2, 3]) world.server.socket!.onFrame(frame);
    await expect.poll(() => frames).toEqual(expected);
  });

  test("that is held comes when it is released, in order", async () => {
    const world = createNetwork();
    const { frames } = await openSocket(world);
    world.network.apply({ verb: "hold-frames", device: "laptop" });
    for (const frame of [1, 2]) world.server.socket!.onFrame(frame);
    expect(frames).toEqual([]);
    world.network.apply({ verb: "release-frames", device: "laptop" });
    expect(frames).toEqual([1, 2]);
  });
});

describe("a socket", () => {
  test("that is cut is over for both ends", async () => {
    const world = createNetwork();
    const { closes } = await openSocket(world);
    world.network.apply({ verb: "cut-socket", device: "laptop" });
    expect({ closes, closed: world.server.closed }).toEqual({ closes: [1006], closed: 1 });
  });

  test("that is half open carries nothing, and is found out in the calm", async () => {
    const world = createNetwork();
    const { socket, frames, closes } = await openSocket(world);
    world.network.apply({ verb: "half-open", device: "laptop" });
    world.server.socket!.onFrame(1);
    world.server.socket!.onClose(1001);
    socket.send({ ack: 1 });
    expect({ frames, closes, received: world.server.received }).toEqual({
      frames: [],
      closes: [],
      received: [],
    });
    world.network.calm();
    expect(closes).toEqual([1006]);
  });

  test("of a device that died is closed, and tells it nothing", async () => {
    const world = createNetwork();
    const { closes } = await openSocket(world);
    world.life.end();
    expect({ closes, closed: world.server.closed }).toEqual({ closes: [], closed: 1 });
  });
});
