import { describe, expect, test } from "vitest";
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import { FaultRules } from "../../scenarios/format/fault-rules.ts";
import type { NetworkAction } from "../../scenarios/format/types.ts";
import { AccidentBook } from "../kernel/accident-book.ts";
import { Kernel } from "../kernel/kernel.ts";
import type { SimProcess } from "../kernel/process.ts";
import { type Endpoint, Network, type Reply, type ServerSocket } from "./network.ts";
import { fineWeather, type Weather } from "./weather.ts";

class NoAnswer extends Error {}
class UpgradeRefused extends Error {}

/** A server that counts what reaches it, and pushes frames when told. */
class Counter implements Endpoint {
  readonly process: SimProcess;
  readonly seen: { readonly at: number; readonly body: unknown }[] = [];
  readonly sockets: ServerSocket[] = [];
  readonly fromDevices: unknown[] = [];
  closed = 0;
  thinkMs = 0;

  constructor(process: SimProcess) {
    this.process = process;
  }

  async handle(request: HttpRequest): Promise<HttpResponse> {
    this.seen.push({ at: this.process.kernel.now(), body: request.body });
    if (this.thinkMs > 0) await this.process.sleep(this.thinkMs);
    return { status: 200, headers: {}, body: { count: this.seen.length } };
  }

  async openSocket(_request: HttpRequest, accept: () => ServerSocket): ReturnType<Endpoint["openSocket"]> {
    this.sockets.push(accept());
    return {
      opened: {
        onFrame: (frame) => this.fromDevices.push(frame),
        onPong: () => this.fromDevices.push("pong"),
        onClose: () => this.closed++,
      },
    };
  }
}

interface Stage {
  readonly kernel: Kernel;
  readonly main: SimProcess;
  readonly server: Counter;
  readonly network: Network;
  readonly faults: string[];
  push(): Promise<Reply>;
  connect(): Promise<{
    frames: { at: number; frame: unknown }[];
    closes: number[];
    send(frame: unknown): void;
  }>;
  run<T>(work: () => Promise<T>): Promise<T>;
  apply(action: NetworkAction): void;
}

const push: HttpRequest = { method: "POST", path: "/sync/ops", query: {}, headers: {} };
const nthPush = { device: "laptop", message: "push", nth: 1 } as const;

function stage(weather: Partial<Weather> = {}): Stage {
  const kernel = new Kernel({ seed: "network" });
  const main = kernel.process("laptop");
  const server = new Counter(kernel.process("server"));
  const faults: string[] = [];
  const network = new Network({
    random: kernel.random,
    book: new AccidentBook(),
    rules: new FaultRules(),
    messageOf: () => "push",
    endpointOf: () => server,
    onFault: ({ kind }) => faults.push(kind),
    patienceMs: 1_000,
  });
  network.weather = { ...fineWeather, ...weather };
  const caller = {
    device: "laptop",
    process: main,
    noAnswer: (reason: string) => new NoAnswer(reason),
    upgradeRefused: (reply: Reply) => new UpgradeRefused(String(reply.status)),
  };
  return {
    kernel,
    main,
    server,
    network,
    faults,
    push: () => network.exchange(caller, push),
    async connect() {
      const frames: { at: number; frame: unknown }[] = [];
      const closes: number[] = [];
      const socket = await network.openSocket(caller, push, {
        onFrame: (frame) => frames.push({ at: kernel.now(), frame }),
        onClose: (code) => closes.push(code),
      });
      return { frames, closes, send: (frame) => socket.send(frame) };
    },
    run: (work) => kernel.run(main, work),
    apply: (action) => network.apply(action),
  };
}

describe("an exchange", () => {
  test("in fine weather is answered once and takes its time both ways", async () => {
    const { run, push, server, kernel } = stage();
    const reply = await run(push);
    expect(reply).toMatchObject({ status: 200, body: { json: { count: 1 } } });
    expect(server.seen).toHaveLength(1);
    expect(kernel.now()).toBeGreaterThanOrEqual(10);
  });

  test("whose request is lost has no effect and no answer", async () => {
    const { run, push, server, apply, faults, kernel } = stage();
    apply({ verb: "lose-request", of: nthPush });
    await expect(run(push)).rejects.toThrow(NoAnswer);
    expect(server.seen).toHaveLength(0);
    expect(kernel.now()).toBe(1_000);
    expect(faults).toEqual(["request lost"]);
  });

  test("whose reply is lost has its effect and no answer", async () => {
    const { run, push, server, apply } = stage();
    apply({ verb: "lose-reply", of: nthPush });
    await expect(run(push)).rejects.toThrow(NoAnswer);
    expect(server.seen).toHaveLength(1);
  });

  test.each([
    ["reset-request", 0],
    ["reset-reply", 1],
    ["truncate-reply", 1],
  ] as const)("with %s is over at once, and the server saw %i", async (verb, seen) => {
    const { run, push, server, apply, kernel } = stage();
    apply({ verb, of: nthPush });
    await expect(run(push)).rejects.toThrow(NoAnswer);
    expect(kernel.now()).toBeLessThan(1_000);
    expect(server.seen).toHaveLength(seen);
  });

  test("that is repeated has its effect twice and is answered once", async () => {
    const { run, push, server, apply, main } = stage();
    apply({ verb: "duplicate", of: nthPush, afterMs: 5_000 });
    const reply = await run(async () => {
      const first = await push();
      await main.sleep(10_000);
      return first;
    });
    expect(reply.body).toEqual({ json: { count: 1 } });
    expect(server.seen).toHaveLength(2);
    expect(server.seen[1]!.at - server.seen[0]!.at).toBe(5_000);
  });

  test("that comes late has its effect after its sender gave up", async () => {
    const { run, push, server, apply, main } = stage();
    apply({ verb: "delay-request", of: nthPush, byMs: 60_000 });
    await run(async () => {
      await expect(push()).rejects.toThrow(NoAnswer);
      expect(server.seen).toHaveLength(0);
      await main.sleep(120_000);
    });
    expect(server.seen).toHaveLength(1);
  });

  test("may be answered by somebody else, with and without effect", async () => {
    const { run, push, server, apply } = stage();
    await run(async () => {
      apply({ verb: "answer", of: nthPush, status: 200, body: "html", withEffect: false });
      expect(await push()).toMatchObject({ status: 200, headers: { "x-seatrial-impostor": "1" } });
      expect(server.seen).toHaveLength(0);
      apply({ verb: "answer", of: nthPush, status: 503, body: "empty", withEffect: true });
      expect(await push()).toMatchObject({ status: 503, body: { text: "" } });
      expect(server.seen).toHaveLength(1);
    });
  });

  test("with a process that is down, or that dies in the middle, ends without an answer", async () => {
    const { run, push, server, main, network } = stage();
    await run(async () => {
      server.process.crash();
      await expect(push()).rejects.toThrow(/refused/u);
      server.process.restart();
      server.thinkMs = 500;
      const asked = push();
      await main.sleep(200);
      server.process.crash();
      network.noteCrash(server.process);
      await expect(asked).rejects.toThrow(/reset/u);
    });
  });
});

describe("a partition", () => {
  test("that drops loses what is sent into it, one way or both", async () => {
    const { run, push, server, apply } = stage();
    await run(async () => {
      apply({ verb: "partition", device: "laptop", direction: "to-device", inFlight: "drop" });
      await expect(push()).rejects.toThrow(NoAnswer);
      expect(server.seen).toHaveLength(1);
      apply({ verb: "partition", device: "laptop", direction: "both", inFlight: "drop" });
      await expect(push()).rejects.toThrow(NoAnswer);
      expect(server.seen).toHaveLength(1);
      apply({ verb: "heal", device: "laptop" });
      expect((await push()).status).toBe(200);
    });
  });

  test("that holds lets everything through in a burst when it heals", async () => {
    const { run, push, server, apply, main } = stage();
    await run(async () => {
      apply({ verb: "partition", device: "laptop", direction: "to-server", inFlight: "hold" });
      await Promise.allSettled([push(), push(), push()]);
      expect(server.seen).toHaveLength(0);
      apply({ verb: "heal", device: "laptop" });
      await main.sleep(100);
    });
    expect(server.seen).toHaveLength(3);
    expect(new Set(server.seen.map(({ at }) => at)).size).toBe(1);
  });
});

describe("a socket", () => {
  test("carries frames in order, both ways, and answers pings", async () => {
    const { run, connect, server, main } = stage();
    const { frames } = await run(async () => {
      const socket = await connect();
      for (let n = 1; n <= 20; n++) server.sockets[0]!.send(n);
      socket.send("up");
      server.sockets[0]!.ping();
      await main.sleep(1_000);
      return socket;
    });
    expect(frames.map(({ frame }) => frame)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(server.fromDevices.sort()).toEqual(["pong", "up"]);
  });

  test("loses, repeats, delays and holds single frames when a rule says so", async () => {
    const { run, connect, server, main, apply } = stage();
    const { frames } = await run(async () => {
      const socket = await connect();
      apply({ verb: "drop-frame", device: "laptop", nth: 1 });
      apply({ verb: "repeat-frame", device: "laptop", nth: 2 });
      apply({ verb: "delay-frame", device: "laptop", nth: 3, byMs: 500 });
      for (let n = 1; n <= 4; n++) server.sockets[0]!.send(n);
      await main.sleep(1_000);
      apply({ verb: "hold-frames", device: "laptop" });
      server.sockets[0]!.send(5);
      server.sockets[0]!.send(6);
      await main.sleep(1_000);
      expect(socket.frames).toHaveLength(4);
      apply({ verb: "release-frames", device: "laptop" });
      await main.sleep(100);
      return socket;
    });
    expect(frames.map(({ frame }) => frame)).toEqual([2, 2, 4, 3, 5, 6]);
  });

  test("that is cut tells both ends, and one that is half open tells nobody until the calm", async () => {
    const { run, connect, server, main, apply, network } = stage();
    await run(async () => {
      const first = await connect();
      apply({ verb: "cut-socket", device: "laptop" });
      await main.sleep(10);
      expect(first.closes).toEqual([1006]);
      expect(server.closed).toBe(1);
      const second = await connect();
      apply({ verb: "half-open", device: "laptop" });
      server.sockets[1]!.send("nobody hears this");
      server.sockets[1]!.ping();
      second.send("nor this");
      await main.sleep(10_000);
      expect(second.frames).toEqual([]);
      expect(second.closes).toEqual([]);
      expect(server.fromDevices).toEqual([]);
      network.calm();
      await main.sleep(10);
      expect(second.closes).toEqual([1006]);
    });
  });

  test("of a server that crashed closes, and of a device that crashed is noticed by the server", async () => {
    const { run, connect, server, main, network, kernel } = stage();
    await run(async () => {
      const socket = await connect();
      server.process.crash();
      network.noteCrash(server.process);
      await main.sleep(10);
      expect(socket.closes).toEqual([1006]);
      server.process.restart();
    });
    expect(server.closed).toBe(0);
    expect(kernel.foreignWaits()).toEqual([]);
  });

  test("that a former life of the device asked for says nothing to the present one, and the server sees it end", async () => {
    const { network, server, kernel, run } = stage();
    const device = kernel.process("phone");
    const told: unknown[] = [];
    await run(async () => {
      const asked = network.openSocket(
        {
          device: "phone",
          process: device,
          noAnswer: (reason) => new NoAnswer(reason),
          upgradeRefused: () => new UpgradeRefused(),
        },
        push,
        { onFrame: (frame) => told.push(frame), onClose: (code) => told.push(code) },
      );
      asked.catch((error: unknown) => told.push(error));
      device.crash();
      network.noteCrash(device);
      device.restart();
      await device.sleep(100);
      server.sockets[0]!.send("for the former life");
      await device.sleep(2_000);
    });
    expect(told).toEqual([]);
    expect(server.closed).toBe(1);
  });
});

test("by chance, every kind of fault happens about as often as the weather says", async () => {
  const weather: Partial<Weather> = {
    loseRequest: 50_000,
    loseReply: 50_000,
    duplicateRequest: 50_000,
    zombieRequest: 50_000,
    delay: 50_000,
    refuse: 50_000,
    refuseAfterEffect: 50_000,
    portal: 50_000,
    truncateReply: 50_000,
  };
  const { run, push, faults } = stage(weather);
  const rounds = 4_000;
  await run(async () => {
    for (let round = 0; round < rounds; round++) await push().catch(() => {});
  });
  const kinds = new Map<string, number>();
  for (const kind of faults) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  expect([...kinds.keys()].sort()).toEqual([
    "captive portal",
    "gateway error",
    "gateway error after the effect",
    "reply lost",
    "reply truncated",
    "request late",
    "request lost",
    "request repeated",
    "request slow",
  ]);
  for (const [kind, count] of kinds) {
    expect(count, kind).toBeGreaterThan(rounds * 0.035);
    expect(count, kind).toBeLessThan(rounds * 0.065);
  }
});
