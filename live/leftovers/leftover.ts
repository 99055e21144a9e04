// What this process makes outside of itself and must not leave behind, as data, so that another process can undo it.
import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hasEnded, markOf, type ProcessMark } from "./owner.ts";

export type Leftover =
  | { readonly kind: "directory"; readonly path: string }
  /** `isGroup`: it leads a group, which ends with it. */
  | { readonly kind: "process"; readonly process: ProcessMark; readonly isGroup: boolean }
  /** The directory of a PostgreSQL that may be running in `data` below it. */
  | { readonly kind: "cluster"; readonly path: string }
  /** `url` leads to another database of the same server. */
  | { readonly kind: "database"; readonly url: string; readonly name: string }
  /** All containers whose label has this value, on the engine that the environment names. */
  | { readonly kind: "containers"; readonly label: string; readonly value: string };

/** Undoes it; nothing happens where it is undone already. Takes at most about ten seconds.
 *  Errors: what the system, the database or the container engine says. */
export async function undo(leftover: Leftover): Promise<void> {
  switch (leftover.kind) {
    case "directory":
      return await removeDirectory(leftover.path);
    case "process":
      return await endProcess(leftover.process, "SIGKILL", leftover.isGroup);
    case "cluster":
      await endCluster(join(leftover.path, "data"));
      return await removeDirectory(leftover.path);
    case "database":
      return await dropDatabase(leftover.url, leftover.name);
    case "containers": {
      const { removeContainers } = await import("../databases/container-engine.ts");
      return await removeContainers(leftover.label, leftover.value);
    }
  }
}

async function removeDirectory(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** SIGQUIT makes a server drop everything; what it has started ends with it.
 *  Source: PostgreSQL manual, 19.5 "Shutting Down the Server"; the file's lines are in `miscadmin.h`. */
async function endCluster(dataDirectory: string): Promise<void> {
  const file = join(dataDirectory, "postmaster.pid");
  if (!existsSync(file)) return;
  const [processId, itsDirectory] = readFileSync(file, "utf8").split("\n");
  if (itsDirectory !== dataDirectory || !(Number(processId) > 1)) return;
  await endProcess(markOf(Number(processId)), "SIGQUIT", false);
}

async function endProcess(mark: ProcessMark, signal: NodeJS.Signals, isGroup: boolean): Promise<void> {
  if (hasEnded(mark)) return;
  send(mark, signal, isGroup);
  for (let waitedMs = 0; !hasEnded(mark); waitedMs += pauseMs) {
    if (waitedMs === patienceMs) send(mark, "SIGKILL", isGroup);
    if (waitedMs > 2 * patienceMs) throw new Error(`process ${mark.processId} does not end`);
    await sleep(pauseMs);
  }
}

/** Units: milliseconds. */
const pauseMs = 20;
const patienceMs = 3_000;

function send({ processId }: ProcessMark, signal: NodeJS.Signals, isGroup: boolean): void {
  try {
    process.kill(isGroup ? -processId : processId, signal);
  } catch {
    // It ended in this moment.
  }
}

async function dropDatabase(url: string, name: string): Promise<void> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
  } finally {
    await client.end();
  }
}
