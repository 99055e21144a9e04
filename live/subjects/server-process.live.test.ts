import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabases } from "../databases/open.ts";
import type { DatabaseProvider } from "../databases/provider.ts";
import { referenceCommand } from "./reference-command.ts";
import { ServerProcess } from "./server-process.ts";
import { SubjectFailed } from "./subject.ts";

let databases: DatabaseProvider;
let url: string;
beforeAll(async () => {
  databases = await openDatabases({ kind: "embedded" });
  url = await databases.createDatabase("subject");
});
afterAll(() => databases.stop());

const isAlive = (processId: number): boolean => {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
};

function createServer(env: Readonly<Record<string, string>> = {}) {
  const ends: string[] = [];
  const server = new ServerProcess({
    name: "server",
    command: referenceCommand("reference-server/main"),
    env: { DATABASE_URL: url, JWT_SECRET: "secret", ...env },
    onUnexpectedEnd: (_subject, how) => void ends.push(how),
  });
  return { server, ends };
}

test("a server starts, is killed, starts again on the same database, and stops in good order", async () => {
  const { server, ends } = createServer();
  await server.start();
  const first = { url: server.url!, processId: server.processId! };
  expect((await fetch(`${first.url}/healthz`)).status).toBe(200);
  await server.kill();
  expect({ url: server.url, isAlive: isAlive(first.processId) }).toEqual({ url: undefined, isAlive: false });
  await server.start();
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  await server.stop();
  expect(server.lastLines().join("\n")).not.toContain("was killed");
  expect(ends).toEqual([]);
});

test("a server that ends by itself is told, and can be started again", async () => {
  const { server, ends } = createServer();
  await server.start();
  process.kill(server.processId!, "SIGKILL");
  await expect.poll(() => ends).toEqual(["signal SIGKILL"]);
  expect(server.url).toBeUndefined();
  expect(server.lastLines().at(-1)).toContain("ended by itself");
  await server.start();
  await server.kill();
});

test("anybody's server is ready when its health answers, and what its shell started ends with it", async () => {
  const script = `
    const { createServer } = require("node:http");
    const server = createServer((request, response) => response.end(process.argv[1] + " " + process.pid));
    setTimeout(() => server.listen(Number(process.env.PORT), process.env.HOST), 100);`;
  const server = new ServerProcess({
    name: "server",
    command: {
      title: "./my-server",
      file: "/bin/sh",
      args: ["-c", 'node -e "$0" {port}; true', script],
      env: {},
      readiness: { healthPath: "/ready" },
    },
    env: { DATABASE_URL: url },
    onUnexpectedEnd: () => undefined,
  });
  await server.start();
  const said = await (await fetch(server.url!)).text();
  const [port, processId] = said.split(" ");
  expect(server.url).toBe(`http://127.0.0.1:${port}`);
  await server.kill();
  await expect.poll(() => isAlive(Number(processId)), { timeout: 5_000 }).toBe(false);
});

test("a server that stands still takes connections, answers when it goes on, and can be ended meanwhile", async () => {
  const { server, ends } = createServer();
  await server.start();
  server.pause();
  const health = fetch(`${server.url}/healthz`);
  const late = new Promise((resolve) => setTimeout(() => resolve("late"), 300));
  expect(await Promise.race([health, late])).toBe("late");
  expect(server.isPaused).toBe(true);
  server.resume();
  expect((await health).status).toBe(200);
  const { processId } = server;
  server.pause();
  const startedAt = performance.now();
  await server.stop();
  expect({ isAlive: isAlive(processId!), isPaused: server.isPaused, ends }).toEqual({
    isAlive: false,
    isPaused: false,
    ends: [],
  });
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

test("a server that does not come up is an error with what it wrote", async () => {
  const { server, ends } = createServer({ STALENESS_MS: "soon" });
  const error: unknown = await server.start().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SubjectFailed);
  expect(error).toMatchObject({ code: "not_started" });
  expect(String(error)).toMatch(/ended with exit code.*Expected one line.*STALENESS_MS/su);
  expect(ends).toEqual([]);
});

describe("no server outlives the process that started it", () => {
  const starter = (ending: string): string => `
    const { ServerProcess } = await import(${JSON.stringify(new URL("./server-process.ts", import.meta.url).href)});
    const { referenceCommand } = await import(${JSON.stringify(new URL("./reference-command.ts", import.meta.url).href)});
    const server = new ServerProcess({
      name: "server",
      command: referenceCommand("reference-server/main"),
      env: { DATABASE_URL: ${JSON.stringify(url)}, JWT_SECRET: "secret" },
      onUnexpectedEnd: () => {},
    });
    await server.start();
    console.log(server.processId);
    ${ending}`;

  async function runStarter(ending: string) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", starter(ending)], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    return { child, processId: Number(String(line)) };
  }

  test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)("ended by %s", async (signal) => {
    const { child, processId } = await runStarter("setInterval(() => {}, 1000);");
    expect(isAlive(processId)).toBe(true);
    child.kill(signal);
    const [, endedBy] = (await once(child, "exit")) as [unknown, string];
    expect(endedBy).toBe(signal);
    await expect.poll(() => isAlive(processId), { timeout: 5_000 }).toBe(false);
  });

  test.each([
    ["by an error that nobody caught", 'setTimeout(() => { throw new Error("a bug"); }, 50);'],
    ["by a normal exit", "setTimeout(() => process.exit(0), 50);"],
  ])("ended %s", async (_how, ending) => {
    const { child, processId } = await runStarter(ending);
    if (child.exitCode === null) await once(child, "exit");
    await expect.poll(() => isAlive(processId), { timeout: 5_000 }).toBe(false);
  });
});
