import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { MessageAddress, NetworkAction } from "../../../scenarios/format/types.ts";
import { CountingServer, pause, setStage, type Stage } from "./counting-server.contract.ts";

const push: MessageAddress = { device: "laptop", message: "push", nth: 1 };
const patienceMs = 400;

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const ask = (path = "/push", body = "{}"): Promise<Response> =>
  fetch(stage.line.url + path, { method: "POST", body, signal: AbortSignal.timeout(patienceMs) });
const count = async (asked: Promise<Response>): Promise<unknown> => (await asked).json();
const apply = (action: NetworkAction): void => stage.proxy.apply(action);
const seen = (): number => stage.server.seen.length;

describe("an exchange", () => {
  test("that nothing befalls is answered once, and its connections are used again", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const askAgain = (): Promise<void> =>
      new Promise((resolve) => {
        httpRequest(`${stage.line.url}/push`, { agent }, (reply) => {
          reply.resume().once("close", resolve);
        }).end();
      });
    for (let round = 0; round < 3; round++) await askAgain();
    expect(seen()).toBe(3);
    expect(stage.server.connections.size).toBe(1);
    expect(stage.proxy.counts).toMatchObject({ clients: 1, servers: 1, exchanges: 0 });
    expect(stage.faults).toEqual([]);
    agent.destroy();
  });

  test.each([
    ["lose-request", 0, "request lost"],
    ["lose-reply", 1, "reply lost"],
  ] as const)("with %s is unanswered, and the server saw %i", async (verb, times, fault) => {
    apply({ verb, of: push });
    await expect(ask()).rejects.toThrow(/timeout/u);
    expect(seen()).toBe(times);
    expect(stage.faults).toEqual([fault]);
    await expect.poll(() => stage.proxy.counts).toMatchObject({ exchanges: 0, clients: 0 });
  });

  test.each([
    ["reset-request", 0],
    ["reset-reply", 1],
  ] as const)("with %s breaks at once, and the server saw %i", async (verb, times) => {
    apply({ verb, of: push });
    const broken = await ask().catch((error: { cause?: { code?: string } }) => error.cause?.code);
    expect({ broken, seen: seen() }).toEqual({ broken: "ECONNRESET", seen: times });
  });

  test("with truncate-reply has its real length and half of its body", async () => {
    stage.server.answer = (_request, response) => response.end("0123456789");
    apply({ verb: "truncate-reply", of: push });
    const reply = await ask();
    expect(reply.headers.get("content-length")).toBe("10");
    const got: Buffer[] = [];
    const read = async (): Promise<void> => {
      for await (const chunk of reply.body!) got.push(Buffer.from(chunk));
    };
    await expect(read()).rejects.toThrow();
    expect(String(Buffer.concat(got))).toBe("01234");
  });

  test.each([0, 10])(
    "that is repeated after %i ms is answered once, with the first answer",
    async (afterMs) => {
      apply({ verb: "duplicate", of: push, afterMs });
      expect(await count(ask("/push", "twice"))).toBe(1);
      await expect.poll(seen).toBe(2);
      expect(stage.server.seen[1]).toEqual(stage.server.seen[0]);
    },
  );

  test("that is late arrives after its sender gave up", async () => {
    apply({ verb: "delay-request", of: push, byMs: 2 * patienceMs });
    await expect(ask()).rejects.toThrow(/timeout/u);
    expect(seen()).toBe(0);
    await expect.poll(seen).toBe(1);
  });

  test("is overtaken by the next one when it is late", async () => {
    apply({ verb: "delay-request", of: push, byMs: 50 });
    const [late, next] = await Promise.all([count(ask()), count(ask("/pull"))]);
    expect({ late, next }).toEqual({ late: 2, next: 1 });
  });

  test("whose answer is late has its effect at once", async () => {
    apply({ verb: "delay-reply", of: push, byMs: 0.6 * patienceMs });
    const asked = ask();
    await expect.poll(seen, { interval: 5 }).toBe(1);
    const answeredAt = performance.now();
    expect(await count(asked)).toBe(1);
    // A busy machine may notice the effect late.
    expect(performance.now() - answeredAt).toBeGreaterThan(0.1 * patienceMs);
  });

  test.each([
    ["before", false, 0],
    ["after", true, 1],
  ])("answered by somebody else %s its effect is marked as such", async (_when, withEffect, times) => {
    const json = { busy: true };
    apply({ verb: "answer", of: push, status: 503, body: "json", json, retryAfterMs: 1_500, withEffect });
    const reply = await ask();
    expect(reply.status).toBe(503);
    expect(reply.headers.get("retry-after")).toBe("2");
    expect(reply.headers.get("x-seatrial-impostor")).toBe("1");
    expect(await reply.json()).toEqual({ busy: true });
    expect(seen()).toBe(times);
  });

  test("is found by its number and its device", async () => {
    const phone = await stage.proxy.openLine("phone");
    apply({ verb: "answer", of: { ...push, nth: 2 }, status: 502, body: "empty", withEffect: false });
    const statuses: number[] = [];
    for (const url of [phone.url, stage.line.url, phone.url, stage.line.url, stage.line.url])
      statuses.push((await fetch(`${url}/push`, { method: "POST" })).status);
    expect(statuses).toEqual([200, 200, 200, 502, 200]);
  });

  test("reaches a server that has moved", async () => {
    await ask();
    const elsewhere = await CountingServer.start();
    stage.moveTo(elsewhere);
    expect(await count(ask())).toBe(1);
    expect({ here: seen(), there: elsewhere.seen.length }).toEqual({ here: 1, there: 1 });
    await elsewhere.stop();
  });

  test("with a server that is down is broken off at once", async () => {
    await stage.server.stop();
    const code = await ask().catch((error: { cause?: { code?: string } }) => error.cause?.code);
    expect(code).toBe("ECONNRESET");
  });

  test("whose server breaks the connection in the middle of its answer is not whole for the client either", async () => {
    stage.server.answer = (request, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("half");
      setTimeout(() => request.socket.destroy(), 10);
    };
    const reply = await ask();
    await expect(reply.text()).rejects.toThrow();
  });
});

describe("a partition", () => {
  test("that holds lets its messages through when it heals, in order, though their senders gave up", async () => {
    apply({ verb: "partition", device: "laptop", direction: "to-server", inFlight: "hold" });
    for (const path of ["/push", "/pull"]) await expect(ask(path)).rejects.toThrow(/timeout/u);
    expect({ seen: seen(), held: stage.proxy.counts.held }).toEqual({ seen: 0, held: 2 });
    apply({ verb: "heal", device: "laptop" });
    await expect.poll(() => stage.server.seen.map(({ path }) => path)).toEqual(["/push", "/pull"]);
  });

  test("that holds answers gives them when it heals", async () => {
    apply({ verb: "partition", device: "laptop", direction: "to-device", inFlight: "hold" });
    const asked = ask();
    await expect.poll(() => stage.proxy.counts.held).toBe(1);
    apply({ verb: "heal", device: "laptop" });
    expect(await count(asked)).toBe(1);
  });

  test.each([
    ["to-server", 0],
    ["to-device", 1],
    ["both", 0],
  ] as const)("that drops what goes %s lets %i through", async (direction, times) => {
    apply({ verb: "partition", device: "laptop", direction, inFlight: "drop" });
    await expect(ask()).rejects.toThrow(/timeout/u);
    stage.proxy.calm();
    await pause(20);
    expect(seen()).toBe(times);
    await ask();
  });

  test("comes down on an answer that is under way", async () => {
    stage.server.answer = (_request, response) => {
      response.write("first half, ");
      setTimeout(() => response.end("second half"), 40);
    };
    const reply = await ask();
    apply({ verb: "partition", device: "laptop", direction: "both", inFlight: "hold" });
    setTimeout(() => apply({ verb: "heal", device: "laptop" }), 80);
    const startedAt = performance.now();
    expect(await reply.text()).toBe("first half, second half");
    expect(performance.now() - startedAt).toBeGreaterThan(60);
  });

  test("leaves other devices alone", async () => {
    const phone = await stage.proxy.openLine("phone");
    apply({ verb: "partition", device: "laptop", direction: "both", inFlight: "drop" });
    expect((await fetch(`${phone.url}/push`)).status).toBe(200);
  });
});

describe("a client", () => {
  test("that leaves in the middle of its request leaves the server in the middle too", async () => {
    const leaving = httpRequest(`${stage.line.url}/push`, {
      method: "POST",
      headers: { "content-length": 10 },
    });
    leaving.on("error", () => undefined);
    leaving.write("half");
    await expect.poll(() => stage.server.connections.size).toBe(1);
    leaving.destroy();
    await expect.poll(() => stage.server.connections.size).toBe(0);
    expect(seen()).toBe(0);
  });

  test("that dies takes its connections along, and what it had sent arrives", async () => {
    apply({ verb: "delay-request", of: push, byMs: 30 });
    const dying = connect(Number(new URL(stage.line.url).port), "127.0.0.1");
    dying.on("error", () => undefined).resume();
    dying.write("POST /push HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}");
    await expect.poll(() => stage.faults).toEqual(["request late"]);
    await pause(5);
    await stage.line.close();
    await expect.poll(() => dying.closed).toBe(true);
    await expect.poll(seen).toBe(1);
    await expect.poll(() => stage.proxy.counts).toMatchObject({ lines: 0, clients: 0, servers: 0 });
  });

  test("that waits to be told to go on is told by the server", async () => {
    const asked = httpRequest(`${stage.line.url}/push`, {
      method: "POST",
      headers: { expect: "100-continue", "content-length": 4 },
    });
    const told = new Promise<void>((resolve) => asked.once("continue", resolve));
    const answered = new Promise<number>((resolve) =>
      asked.once("response", (reply) => resolve(reply.statusCode!)),
    );
    asked.flushHeaders();
    await told;
    asked.end("body");
    expect(await answered).toBe(200);
    expect(String(stage.server.seen[0]!.body)).toBe("body");
  });

  test("sees its idle connection closed when the server closes its own", async () => {
    const idle = connect(Number(new URL(stage.line.url).port), "127.0.0.1");
    idle.write("GET /push HTTP/1.1\r\nhost: x\r\n\r\n");
    await new Promise((resolve) => idle.once("data", resolve));
    expect(idle.closed).toBe(false);
    for (const connection of stage.server.connections) connection.destroy();
    await expect.poll(() => idle.readableEnded || idle.closed).toBe(true);
    idle.destroy();
  });
});
