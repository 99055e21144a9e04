import { spawn } from "node:child_process";
import { once } from "node:events";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { readDatabaseChoice } from "./choice.ts";
import { findEngine } from "./container-engine.ts";
import { openDatabases } from "./open.ts";
import { DatabaseUnavailable } from "./provider.ts";

// SEATRIAL_DATABASE=container:IMAGE names an image that is to be had. Without one there may be no engine at all.
const given = readDatabaseChoice(process.env["SEATRIAL_DATABASE"] ?? "embedded");
const image = given.kind === "container" ? given.image : "";

const openingModule = new URL("./open.ts", import.meta.url).href;

function startChild(code: string, env: Readonly<Record<string, string>> = {}) {
  const opening = `const { openDatabases } = await import(${JSON.stringify(openingModule)});`;
  return spawn(process.execPath, ["--input-type=module", "-e", `${opening}\n${code}`], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
}

test("without an engine, the error says what was tried and what to do instead", async () => {
  const child = startChild(
    `await openDatabases({ kind: "container", image: "postgres:18" }).catch((error) => console.log(error.message));`,
    { DOCKER_HOST: "unix:///nowhere/docker.sock", HOME: "/nowhere", XDG_RUNTIME_DIR: "/nowhere" },
  );
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  expect(String(said)).toMatch(/DOCKER_HOST=unix:\/\/\/nowhere\/docker\.sock.*--database embedded/su);
});

describe.skipIf(image === "")(`on the image ${image}`, () => {
  const ourContainers = async (): Promise<readonly string[]> => {
    const { client } = await findEngine();
    const found = await client.container.dockerode.listContainers({
      all: true,
      filters: { label: ["seatrial.owner"] },
    });
    return found.map(({ Id: id }) => id);
  };

  test("a container serves databases with the settings asked for, and is gone when stopped", async () => {
    const before = await ourContainers();
    const databases = await openDatabases(given, { settings: { deadlock_timeout: "123ms" } });
    expect(await ourContainers()).toHaveLength(before.length + 1);
    const client = new pg.Client({ connectionString: await databases.createDatabase('odd "name"') });
    await client.connect();
    const { rows } = await client.query(
      "SELECT current_database() AS name, current_setting('deadlock_timeout') AS t, current_setting('fsync') AS fsync",
    );
    expect(rows).toEqual([{ name: 'odd "name"', t: "123ms", fsync: "off" }]);
    await client.end();
    await databases.stop();
    await databases.stop();
    expect(await ourContainers()).toEqual(before);
  });

  test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)("a %s leaves no container behind", async (signal) => {
    const before = await ourContainers();
    const child = startChild(
      `await openDatabases(${JSON.stringify(given)}); console.log("open"); setInterval(() => {}, 1000);`,
    );
    await once(child.stdout, "data");
    expect(await ourContainers()).toHaveLength(before.length + 1);
    child.kill(signal);
    const [, endedBy] = (await once(child, "exit")) as [unknown, string];
    expect(endedBy).toBe(signal);
    await expect.poll(ourContainers, { timeout: 20_000 }).toEqual(before);
  });

  test("an image that is not to be had is named, with what to do", async () => {
    const opening = openDatabases({ kind: "container", image: "localhost:1/no-such-image:1" });
    await expect(opening).rejects.toThrow(DatabaseUnavailable);
    await expect(opening).rejects.toThrow(
      /localhost:1\/no-such-image:1 cannot be had.*--database embedded/su,
    );
  });

  test("a server that ends at once is told with what it wrote", async () => {
    const before = await ourContainers();
    await expect(openDatabases(given, { settings: { no_such_setting: "1" } })).rejects.toThrow(
      /does not start.*no_such_setting/su,
    );
    expect(await ourContainers()).toEqual(before);
  });
});
