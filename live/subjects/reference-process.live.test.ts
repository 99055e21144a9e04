import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabases } from "../databases/open.ts";
import type { DatabaseProvider } from "../databases/provider.ts";
import { ReferenceProcess } from "./reference-process.ts";
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
  const server = new ReferenceProcess({
    name: "server",
    entry: "reference-server/main",
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
    const { ReferenceProcess } = await import(${JSON.stringify(new URL("./reference-process.ts", import.meta.url).href)});
    const server = new ReferenceProcess({
      name: "server",
      entry: "reference-server/main",
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
