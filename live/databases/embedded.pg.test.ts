import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { startEmbeddedPostgres } from "./embedded.ts";

const isAlive = (processId: number): boolean => {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
};

describe("an embedded PostgreSQL", () => {
  test("serves databases and leaves nothing behind when stopped", async () => {
    const server = await startEmbeddedPostgres({ settings: { deadlock_timeout: "123ms" } });
    const url = await server.createDatabase('odd "name"');
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query(
      "SELECT current_database() AS name, current_setting('deadlock_timeout') AS t",
    );
    expect(rows).toEqual([{ name: 'odd "name"', t: "123ms" }]);
    await client.end();
    await server.stop();
    await server.stop();
    expect(existsSync(server.dataDirectory)).toBe(false);
    expect(isAlive(server.processId)).toBe(false);
  });

  test("starts twice at the same time on an empty cache, which then holds one cluster", async () => {
    const cacheDirectory = await mkdtemp(join(tmpdir(), "seatrial-cache-"));
    const servers = await Promise.all([1, 2].map(() => startEmbeddedPostgres({ cacheDirectory })));
    expect(new Set(servers.map((server) => server.url)).size).toBe(2);
    await Promise.all(servers.map((server) => server.stop()));
    expect(await readdir(cacheDirectory)).toHaveLength(1);
    const third = await startEmbeddedPostgres({ cacheDirectory });
    await third.stop();
    await rm(cacheDirectory, { recursive: true });
  });

  test("says what it saw when the server refuses to start", async () => {
    await expect(startEmbeddedPostgres({ settings: { no_such_setting: "1" } })).rejects.toMatchObject({
      name: "EmbeddedPostgresError",
      code: "start_failed",
      message: expect.stringContaining("no_such_setting") as string,
    });
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "is gone after a %s of the process that started it",
    async (signal) => {
      const module = new URL("./embedded.ts", import.meta.url).href;
      const code = `const { startEmbeddedPostgres } = await import(${JSON.stringify(module)});
      const server = await startEmbeddedPostgres();
      console.log(JSON.stringify([server.dataDirectory, server.processId]));
      setInterval(() => {}, 1000);`;
      const starter = spawn(process.execPath, ["--input-type=module", "-e", code], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [line] = (await once(starter.stdout, "data")) as [Buffer];
      const [dataDirectory, processId] = JSON.parse(line.toString()) as [string, number];
      expect(isAlive(processId)).toBe(true);
      starter.kill(signal);
      const [, endedBy] = (await once(starter, "exit")) as [unknown, string];
      expect(endedBy).toBe(signal);
      await expect.poll(() => isAlive(processId), { timeout: 5_000 }).toBe(false);
      expect(existsSync(dataDirectory)).toBe(false);
    },
  );
});
