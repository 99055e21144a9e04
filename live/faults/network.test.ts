import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FetchTransport } from "../../reference-client/node/fetch-transport.ts";
import { CountingServer, pause } from "./http-proxy/counting-server.contract.ts";
import { Life } from "./life.ts";
import { Network } from "./network.ts";
import type { Carrier, Outgoing } from "./wire.ts";

const patienceMs = 400;
const push = { device: "laptop", message: "push", nth: 1 };
const request: Outgoing = { method: "POST", server: "http://sync.test", path: "/push", headers: {} };

let server: CountingServer;
let network: Network;
let life: Life;
let laptop: Carrier;
beforeEach(async () => {
  server = await CountingServer.start();
  network = new Network({
    carrier: new FetchTransport({ timeoutMs: patienceMs }),
    errors: {
      noAnswer: (reason) => new Error(`no answer: ${reason}`),
      upgradeRefused: ({ status }) => new Error(`refused: ${status}`),
    },
    server: "http://sync.test",
    messageOf: () => "push",
    targetOf: () => server.url,
    onFault: () => undefined,
  });
  life = new Life();
  laptop = network.wayOf({ device: "laptop", life }).carrier;
});
afterEach(async () => {
  await network.close();
  await server.stop();
});

async function openSocket() {
  const frames: unknown[] = [];
  const closes: number[] = [];
  const upgrade = { server: "http://sync.test", path: "/ws", headers: {} };
  const socket = await laptop.openSocket(upgrade, {
    onFrame: (frame) => void frames.push(frame),
    onClose: (code) => void closes.push(code),
  });
  await expect.poll(() => server.sockets.length, { interval: 2 }).toBe(1);
  return { socket, frames, closes };
}

describe("a device", () => {
  test("reaches the server by the name that it knows, and no other place", async () => {
    await expect(laptop.exchange(request)).resolves.toMatchObject({ body: { json: 1 } });
    const elsewhere = { ...request, server: server.url };
    await expect(laptop.exchange(elsewhere)).rejects.toThrow(/nobody listens at/u);
    await expect(
      laptop.openSocket(elsewhere, { onFrame: () => undefined, onClose: () => undefined }),
    ).rejects.toThrow(/nobody listens at/u);
    expect(server.seen).toHaveLength(1);
  });

  test("waits as long as its patience lasts, and it is known for what", async () => {
    network.apply({ verb: "lose-request", of: push });
    const asked = laptop.exchange(request);
    await pause(20);
    expect(network.waiting()).toEqual([
      expect.stringMatching(/^laptop's push \(\d+ ms without an answer\)$/u),
    ]);
    await expect(asked).rejects.toThrow();
    expect(network.waiting()).toEqual([]);
  });

  test("hears nothing after it has hung up", async () => {
    const { socket, frames, closes } = await openSocket();
    socket.close();
    server.sockets[0]!.send("1");
    await expect.poll(() => server.closes).toEqual([1000]);
    expect({ frames, closes }).toEqual({ frames: [], closes: [] });
  });
});

describe("a device that dies", () => {
  test("is never answered, and what it had sent still has its effect", async () => {
    network.apply({ verb: "delay-request", of: push, byMs: 40 });
    let isSettled = false;
    void laptop.exchange(request).finally(() => {
      isSettled = true;
    });
    await expect.poll(() => network.proxy.counts.exchanges, { interval: 2 }).toBe(1);
    await pause(10);
    life.end();
    await expect.poll(() => server.seen.length).toBe(1);
    await pause(2 * patienceMs);
    expect(isSettled).toBe(false);
    expect(network.waiting()).toEqual([]);
  });

  test("tells its server no more than a broken connection, and itself nothing", async () => {
    const { closes } = await openSocket();
    life.end();
    await expect.poll(() => server.closes).toEqual([1006]);
    expect(closes).toEqual([]);
  });

  test("leaves no connection for its next life", async () => {
    await laptop.exchange(request);
    expect(server.connections.size).toBe(1);
    life.end();
    const again = network.wayOf({ device: "laptop", life: new Life() }).carrier;
    await expect(again.exchange(request)).resolves.toMatchObject({ body: { json: 2 } });
    await expect.poll(() => network.proxy.counts).toMatchObject({ lines: 1, clients: 1, servers: 1 });
  });
});

test("nothing is left of a run that is over", async () => {
  await openSocket();
  network.apply({ verb: "lose-reply", of: push });
  laptop.exchange(request).catch(() => undefined);
  await expect.poll(() => server.seen.length).toBe(1);
  await network.close();
  expect(network.proxy.counts).toEqual({
    lines: 0,
    clients: 0,
    servers: 0,
    exchanges: 0,
    liveSockets: 0,
    held: 0,
  });
  await expect.poll(() => server.connections.size).toBe(0);
});
