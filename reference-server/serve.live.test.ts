// The server as a process, as a supervisor and a device see it.
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createConnection } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { SignJWT } from "jose";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../live/databases/embedded.ts";

const secret = "a secret of the tests";
const controlToken = "control";
const main = fileURLToPath(new URL("main.ts", import.meta.url));

let postgres: EmbeddedPostgres;
let databaseUrl: string;
/** For the tests that leave a server as they found it; starting one is what takes the time here. */
let shared: ServerProcess;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  postgres = await startEmbeddedPostgres();
  databaseUrl = await postgres.createDatabase("serve");
  shared = await startServer();
});

afterEach(() => {
  for (const child of children) {
    if (child === shared.child) continue;
    child.kill("SIGKILL");
    children.delete(child);
  }
});

afterAll(async () => {
  shared?.child.kill("SIGKILL");
  await postgres?.stop();
});

interface ServerProcess {
  readonly url: string;
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  /** Sends the signal and answers the exit code, or the signal it died of. */
  end(signal: NodeJS.Signals): Promise<number | string>;
}

const spawnServer = (env: Readonly<Record<string, string>>): ChildProcess => {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env["PATH"] ?? "", PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  return child;
};

async function startServer(env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  const child = spawnServer({
    DATABASE_URL: databaseUrl,
    JWT_SECRET: secret,
    SEATRIAL_CONTROL_TOKEN: controlToken,
    ...env,
  });
  let errors = "";
  child.stderr!.on("data", (chunk) => (errors += chunk));
  const lines: string[] = [];
  const output = createInterface(child.stdout!);
  output.on("line", (line) => lines.push(line));
  const exited = once(child, "exit").then(([code, signal]) => (code ?? signal) as number | string);
  await Promise.race([
    once(output, "line"),
    exited.then((code) => Promise.reject(new Error(`the server ended with ${code}: ${errors}`))),
  ]);
  const url = (JSON.parse(lines[0]!) as { listening: string }).listening;
  return {
    url,
    child,
    lines,
    end: async (signal) => {
      child.kill(signal);
      return await exited;
    },
  };
}

/** A device of a user, talking to whichever server it is told. */
class Device {
  readonly id = randomUUID();
  readonly user: string;
  #lamport = 0;

  constructor(user: string = randomUUID()) {
    this.user = user;
  }

  async headers(): Promise<Record<string, string>> {
    const token = await new SignJWT()
      .setProtectedHeader({ alg: "HS256" })
      .setSubject(this.user)
      .setExpirationTime("1h")
      .sign(new TextEncoder().encode(secret));
    return { authorization: `Bearer ${token}`, "x-device-id": this.id };
  }

  async fetch(
    server: ServerProcess,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${server.url}${path}`, {
      headers: await this.headers(),
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  }

  edit(value: unknown, field = "title") {
    const lamport_ts = (this.#lamport += 1);
    return {
      operation_id: randomUUID(),
      entity_type: "song",
      entity_id: "1",
      op: "upsert",
      field,
      value,
      lamport_ts,
    };
  }

  async push(server: ServerProcess, ...values: readonly unknown[]): Promise<readonly number[]> {
    const { status, body } = await this.fetch(server, "/sync/ops", {
      ops: values.map((value) => this.edit(value)),
    });
    expect(status).toBe(200);
    return (body as { results: { id: number }[] }).results.map(({ id }) => id);
  }

  async pull(server: ServerProcess): Promise<readonly unknown[]> {
    const { status, body } = await this.fetch(server, "/sync/ops?since=0");
    expect(status).toBe(200);
    return (body as { ops: { value: unknown }[] }).ops.map(({ value }) => value);
  }

  /** An open socket with what has come so far; `next` waits for a frame that has not been taken. */
  async socket(server: ServerProcess) {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/sync/ws?device_id=${this.id}`, {
      headers: { authorization: (await this.headers())["authorization"]! },
    });
    const waiting: unknown[] = [];
    let wake = Promise.withResolvers<void>();
    socket.on("message", (data) => {
      waiting.push(JSON.parse(String(data)));
      wake.resolve();
    });
    const closed = once(socket, "close").then(([code]) => code as number);
    await once(socket, "open");
    const next = async (): Promise<unknown> => {
      while (waiting.length === 0) {
        await wake.promise;
        wake = Promise.withResolvers();
      }
      return waiting.shift();
    };
    return { socket, closed, next };
  }
}

const control = async (server: ServerProcess, path: string, body?: unknown, token = controlToken) => {
  const response = await fetch(`${server.url}/control/${path}`, {
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe("a server on a database", () => {
  test("takes pushes, pulls and acknowledgements, and says one line", async () => {
    const server = await startServer();
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: "ok" });
    const device = new Device();
    const ids = await device.push(server, "A", { deep: [1.5, null] });
    expect(await device.pull(server)).toEqual(["A", { deep: [1.5, null] }]);
    const head = ids.at(-1)!;
    expect((await device.fetch(server, "/sync/ack", { last_seen_id: head })).status).toBe(204);
    expect((await device.fetch(server, "/sync/ack", { last_seen_id: head + 1 })).status).toBe(422);
    expect(await server.end("SIGTERM")).toBe(0);
    expect(server.lines).toHaveLength(1);
  });

  test("keeps what it accepted through a kill and a restart", async () => {
    const first = await startServer();
    const device = new Device();
    const op = device.edit("kept");
    const before = await device.fetch(first, "/sync/ops", { ops: [op] });
    expect(await first.end("SIGKILL")).toBe("SIGKILL");
    const second = await startServer();
    const again = await device.fetch(second, "/sync/ops", { ops: [op] });
    const resultOf = (reply: { body: unknown }) => (reply.body as { results: object[] }).results[0];
    expect(resultOf(again)).toEqual({ ...resultOf(before), status: "duplicate" });
    expect(await device.pull(second)).toEqual(["kept"]);
  });

  test("two processes are one: a push at one reaches the socket at the other", async () => {
    const [left, right] = await Promise.all([startServer(), startServer()]);
    const phone = new Device();
    const laptop = new Device(phone.user);
    const { next, socket } = await laptop.socket(right);
    expect(await next()).toEqual({ type: "hello", head: 0 });
    const ids = await phone.push(left, "A", "B");
    expect(await next()).toMatchObject({ type: "op", prev_id: 0, op: { id: ids[0], value: "A" } });
    expect(await next()).toMatchObject({ type: "op", prev_id: ids[0], op: { id: ids[1], value: "B" } });
    socket.send("no JSON");
    expect(await next()).toMatchObject({ type: "error" });
    socket.send(JSON.stringify({ ack: ids[1] }));
    await expect
      .poll(async () => (await control(left, `state/${phone.user}`)).body["cursors"])
      .toEqual([{ device_id: laptop.id, last_seen_id: ids[1] }]);
    socket.close();
  });

  test("ends in good order: sockets are closed with 1001, and half a request does not hold it up", async () => {
    const server = await startServer();
    const device = new Device();
    const { closed, next } = await device.socket(server);
    await next();
    const { hostname, port } = new URL(server.url);
    const connection = createConnection({ host: hostname, port: Number(port) });
    await once(connection, "connect");
    const body = JSON.stringify({ ops: [device.edit("late")] });
    const headers = Object.entries({
      host: hostname,
      "content-length": String(body.length),
      ...(await device.headers()),
    });
    connection.write(
      `POST /sync/ops HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
    );
    connection.write(body.slice(0, 10));
    const startedAt = Date.now();
    const ended = server.end("SIGTERM");
    expect(await closed).toBe(1001);
    connection.destroy();
    expect(await ended).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(5_000);
  });

  test("a request that runs when the signal comes is answered, and its op is kept", async () => {
    const server = await startServer();
    const device = new Device();
    const admin = new pg.Client(databaseUrl);
    await admin.connect();
    await admin.query("BEGIN");
    await admin.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [device.user]);
    const pushing = device.push(server, "late");
    await expect.poll(async () => (await admin.query(waitingForLocks)).rows).toHaveLength(1);
    const ended = server.end("SIGTERM");
    await expect.poll(() => fetch(`${server.url}/healthz`).catch(() => "refused")).toBe("refused");
    await admin.query("COMMIT");
    expect(await pushing).toHaveLength(1);
    expect(await ended).toBe(0);
    await admin.end();
    expect(await device.pull(await startServer())).toEqual(["late"]);
  });

  const waitingForLocks = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
});

describe("what is no request for the protocol", () => {
  test("a body that is too long is a 413, whether it says so or not", async () => {
    const device = new Device();
    const long = `{"ops":[${" ".repeat(1_048_576)}]}`;
    const chunked = new ReadableStream({
      start: (controller) => {
        for (let at = 0; at < long.length; at += 65_536) {
          controller.enqueue(new TextEncoder().encode(long.slice(at, at + 65_536)));
        }
        controller.close();
      },
    });
    for (const body of [long, chunked]) {
      const response = await fetch(`${shared.url}/sync/ops`, {
        method: "POST",
        headers: await device.headers(),
        body,
        duplex: "half",
      } as RequestInit);
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({ type: "batch_too_large", max_bytes: 1_048_576 });
    }
    const exact = `{"ops":[]${" ".repeat(1_048_576 - 10)}}`;
    const response = await fetch(`${shared.url}/sync/ops`, {
      method: "POST",
      headers: await device.headers(),
      body: exact,
    });
    expect(response.status).toBe(400);
  });

  test("a body without an end is answered while it is still coming", async () => {
    const { hostname, port } = new URL(shared.url);
    const connection = createConnection({ host: hostname, port: Number(port) });
    connection.on("error", () => undefined);
    const headers = Object.entries({
      host: hostname,
      "transfer-encoding": "chunked",
      ...(await new Device().headers()),
    });
    connection.write(
      `POST /sync/ops HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
    );
    const chunk = `10000\r\n${" ".repeat(65_536)}\r\n`;
    const feed = setInterval(() => connection.writable && connection.write(chunk), 5);
    let seen = "";
    connection.on("data", (data) => (seen += data));
    await once(connection, "close");
    clearInterval(feed);
    expect(seen).toMatch(/^HTTP\/1\.1 413 .*batch_too_large/su);
  });

  test.each([
    ["no UTF-8", Buffer.from([0x7b, 0xff, 0x7d])],
    ["no JSON", "{"],
    ["nothing", ""],
  ])("%s is a 400, whatever it calls itself", async (_what, body) => {
    const headers = { ...(await new Device().headers()), "content-type": "no/such;;;type" };
    const response = await fetch(`${shared.url}/sync/ops`, { method: "POST", headers, body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ type: "invalid_request" });
  });

  test("unknown paths and methods are answered in JSON, garbage too", async () => {
    const device = new Device();
    for (const [method, path, status] of [
      ["GET", "/nowhere", 404],
      ["GET", "/%zz", 404],
      ["PROPFIND", "/sync/ops", 405],
      ["DELETE", "/sync/ack", 405],
      ["GET", "/sync/ws", 426],
    ] as const) {
      const response = await fetch(`${shared.url}${path}`, { method, headers: await device.headers() });
      expect([path, response.status]).toEqual([path, status]);
      expect(await response.json()).toHaveProperty("type");
    }
    const head = await fetch(`${shared.url}/sync/ops`, { method: "HEAD", headers: await device.headers() });
    expect(head.status).toBe(405);
    const { hostname, port } = new URL(shared.url);
    const connection = createConnection({ host: hostname, port: Number(port) });
    connection.write("WHAT IS THIS\r\n\r\n");
    const [answer] = await once(connection, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 .*\{"type":/su);
    connection.destroy();
  });

  test("two Authorization headers are none", async () => {
    const device = new Device();
    const { authorization } = await device.headers();
    const response = await fetch(`${shared.url}/sync/ops`, {
      headers: [
        ["authorization", authorization!],
        ["authorization", authorization!],
        ["x-device-id", device.id],
      ],
    });
    expect(response.status).toBe(401);
  });

  test("a refused upgrade is answered as plain HTTP", async () => {
    const device = new Device();
    const upgrade = async (path: string, headers: Record<string, string>) => {
      const socket = new WebSocket(`${shared.url.replace("http", "ws")}${path}`, { headers });
      socket.on("error", () => undefined);
      const [request, response] = (await once(socket, "unexpected-response")) as [
        { destroy(): void },
        AsyncIterable<Buffer> & { statusCode: number; headers: Record<string, string> },
      ];
      let body = "";
      for await (const chunk of response) body += String(chunk);
      request.destroy();
      return { status: response.statusCode, headers: response.headers, body: JSON.parse(body) as object };
    };
    const stranger = await upgrade("/sync/ws", {});
    expect(stranger).toMatchObject({
      status: 401,
      headers: { "www-authenticate": "Bearer" },
      body: { type: "unauthorized" },
    });
    expect(await upgrade("/elsewhere", await device.headers())).toMatchObject({ status: 404 });
    const twoNames = await upgrade(`/sync/ws?device_id=${randomUUID()}`, await device.headers());
    expect(twoNames).toMatchObject({ status: 400 });
  });

  test("a frame that is too long ends its socket, and only that", async () => {
    const device = new Device();
    const { socket, closed, next } = await device.socket(shared);
    await next();
    socket.send("x".repeat(100_000));
    expect(await closed).toBe(1009);
    expect(await device.pull(shared)).toEqual([]);
  });

  test("a peer that answers no ping is let go", async () => {
    const server = await startServer({ PING_INTERVAL_MS: "100" });
    const { socket, closed, next } = await new Device().socket(server);
    await next();
    socket.pause();
    setTimeout(() => socket.resume(), 1_000);
    expect(await closed).toBe(1006);
  });
});

describe("control", () => {
  test("does not exist without the token, or for another one", async () => {
    const [open, shut] = await Promise.all([startServer(), startServer({ SEATRIAL_CONTROL_TOKEN: "other" })]);
    expect((await control(open, "state/u")).status).toBe(200);
    expect((await control(shut, "state/u")).status).toBe(404);
    const none = spawnServer({ DATABASE_URL: databaseUrl, JWT_SECRET: secret });
    const [line] = await once(createInterface(none.stdout!), "line");
    const { listening } = JSON.parse(String(line)) as { listening: string };
    expect(
      (await fetch(`${listening}/control/state/u`, { headers: { authorization: "Bearer " } })).status,
    ).toBe(404);
  });

  test("compacts, and shows what is left", async () => {
    const device = new Device("user/with a slash");
    const ids = await device.push(shared, "A", "B", "C");
    await device.fetch(shared, "/sync/ack", { last_seen_id: ids[2] });
    const compacted = await control(shared, "compact", { user: device.user });
    expect(compacted).toEqual({ status: 200, body: { compacted_up_to: ids[0], deleted: 1 } });
    const { body } = await control(shared, `state/${encodeURIComponent(device.user)}`);
    expect(body).toMatchObject({
      head: ids[2],
      compacted_up_to: ids[0],
      ops: [{ id: ids[1] }, { id: ids[2] }],
      cursors: [{ device_id: device.id, last_seen_id: ids[2] }],
    });
    const behind = await device.fetch(shared, `/sync/ops?since=${ids[0]! - 1}`);
    expect(behind.status).toBe(ids[0] === 1 ? 200 : 410);
  });

  test("moves the clock of every process, for good, and leaves tokens alone", async () => {
    const url = await postgres.createDatabase("clock");
    const [left, right] = await Promise.all([
      startServer({ DATABASE_URL: url }),
      startServer({ DATABASE_URL: url }),
    ]);
    const dayMs = 86_400_000;
    const device = new Device();
    const sleeper = new Device(device.user);
    const ids = await device.push(left, "A", "B", "C");
    for (const one of [device, sleeper]) {
      await one.fetch(left, "/sync/ack", { last_seen_id: one === device ? ids[2] : ids[0] });
    }
    const compact = async (server: ServerProcess) =>
      (await control(server, "compact", { user: device.user })).body["deleted"];
    expect(await compact(right)).toBe(0);
    for (const step of [1, 2]) {
      const { status, body } = await control(left, "clock", { advance_ms: 50 * dayMs });
      expect(status).toBe(200);
      expect(Math.abs((body["now"] as number) - Date.now() - step * 50 * dayMs)).toBeLessThan(10_000);
    }
    await device.pull(left);
    const { socket, next } = await device.socket(right);
    expect(await next()).toMatchObject({ type: "hello" });
    socket.close();
    await right.end("SIGKILL");
    const restarted = await startServer({ DATABASE_URL: url });
    expect(await compact(restarted)).toBe(1);
    const { body } = await control(restarted, "clock", { advance_ms: 0 });
    expect((body["now"] as number) - Date.now()).toBeGreaterThan(99 * dayMs);
  });

  test("says what is wrong with a body", async () => {
    for (const [path, body] of [
      ["compact", {}],
      ["compact", { user: "" }],
      ["compact", { user: "a\0b" }],
      ["compact", { user: 7 }],
      ["clock", { advance_ms: -1 }],
      ["clock", { advance_ms: 0.5 }],
      ["clock", { advance_ms: 40_000_000_000_000 }],
      ["clock", []],
    ] as const) {
      const { status, body: answer } = await control(shared, path, body);
      expect([path, body, status]).toEqual([path, body, 400]);
      expect(answer).toMatchObject({ type: "invalid_request", errors: [{ message: expect.any(String) }] });
    }
    expect((await control(shared, "state/%zz")).status).toBe(400);
    expect((await control(shared, "state/")).status).toBe(400);
    expect((await control(shared, "nothing")).status).toBe(404);
  });
});

describe("what a supervisor is told", () => {
  const outcome = async (env: Readonly<Record<string, string>>) => {
    const child = spawnServer(env);
    let errors = "";
    child.stderr!.on("data", (chunk) => (errors += chunk));
    const [code] = await once(child, "exit");
    return { code, errors };
  };

  test("all bad settings at once, with what was seen, and no secret", async () => {
    const { code, errors } = await outcome({
      PORT: "http",
      DATABASE_URL: "mysql://u:hidden@h/d",
      PULL_LIMIT_DEFAULT: "1001",
      JWKS_URL: "ftp://keys",
    });
    expect(code).toBe(2);
    const names = errors.split("\n").flatMap((line) => /: ([A-Z_]+): expected/u.exec(line)?.[1] ?? []);
    expect(names.sort()).toEqual(["DATABASE_URL", "JWKS_URL", "PORT", "PULL_LIMIT_DEFAULT"]);
    expect(errors).toContain('saw "http"');
    expect(errors).not.toContain("hidden");
  });

  test("a database that is not there", async () => {
    const { code, errors } = await outcome({
      DATABASE_URL: "postgresql://someone:hidden@127.0.0.1:1/none",
      JWT_SECRET: secret,
    });
    expect(code).toBe(3);
    expect(errors).toContain("postgresql://someone@127.0.0.1:1/none");
    expect(errors).not.toContain("hidden");
    expect(errors.trim().split("\n")).toHaveLength(1);
  });

  test("a port that is taken", async () => {
    const server = await startServer();
    const { port } = new URL(server.url);
    const { code, errors } = await outcome({ DATABASE_URL: databaseUrl, JWT_SECRET: secret, PORT: port });
    expect(code).toBe(3);
    expect(errors).toContain(port);
  });

  test("health follows the database", async () => {
    const own = await startEmbeddedPostgres();
    const server = await startServer({ DATABASE_URL: own.url });
    await own.stop();
    const response = await fetch(`${server.url}/healthz`);
    expect(response.status).toBe(503);
    const device = new Device();
    expect((await device.fetch(server, "/sync/ops", { ops: [device.edit("x")] })).status).toBe(503);
    expect(await server.end("SIGTERM")).toBe(0);
  });
});
