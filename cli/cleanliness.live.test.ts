// Nothing outlives Seatrial, however it ends. What a run has made is found by its temporary directory, which all of its
// processes are told in their environment and nobody else is; so these tests need Linux's /proc.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../live/databases/embedded.ts";

/** Waits for half a minute of its own accord, with its servers up. */
const longScenario = "waveflow/compaction/by-its-own-timer";
const shortScenario = "waveflow/state/types-are-apart";
const cleanWithinMs = 20_000;

interface Run {
  readonly child: ChildProcess;
  readonly directory: string;
}

function startRun(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const directory = mkdtempSync(join(tmpdir(), "cleanliness-"));
  // As root, PostgreSQL runs as another user, who has to get there as well.
  chmodSync(directory, 0o755);
  return startRunIn(directory, args, env);
}

function startRunIn(
  directory: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Run {
  const main = join(import.meta.dirname, "main.ts");
  const flags = ["--no-maglev", "--no-async-context-frame"];
  const { DATABASE_URL: _url, SEATRIAL_DATABASE: _database, ...inherited } = process.env;
  const child = spawn(process.execPath, [...flags, main, "live", ...args, "--reporter", "none"], {
    env: { ...inherited, TMPDIR: directory, ...env },
    stdio: "ignore",
    cwd: directory,
    // A group of its own, as a shell or a CI system gives it.
    detached: true,
  });
  return { child, directory };
}

/** Processes of the run, without those that have ended and that nobody has asked about. */
function processesOf({ directory }: Run): readonly { readonly id: number; readonly command: string }[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/u.test(name)) return [];
    try {
      if (!readFileSync(`/proc/${name}/environ`, "utf8").split("\0").includes(`TMPDIR=${directory}`))
        return [];
      return [
        { id: Number(name), command: readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ") },
      ];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}

/** TCP ports on which any of these processes listens.  Source: proc(5), /proc/net/tcp; state 0A is LISTEN. */
function portsOf(processIds: readonly number[]): readonly string[] {
  const inodes = new Set(processIds.flatMap(socketsOf));
  return listeners().flatMap(({ port, inode }) => (inodes.has(inode) ? [port] : []));
}

function socketsOf(processId: number): readonly string[] {
  const folder = `/proc/${processId}/fd`;
  const read = <T>(look: () => T, gone: T): T => {
    try {
      return look();
    } catch {
      return gone;
    }
  };
  return read(() => readdirSync(folder), []).flatMap(
    (name) => /^socket:\[(\d+)\]$/u.exec(read(() => readlinkSync(join(folder, name)), ""))?.[1] ?? [],
  );
}

function listeners(): readonly { readonly port: string; readonly inode: string }[] {
  const lines = ["tcp", "tcp6"].flatMap((file) => readFileSync(`/proc/net/${file}`, "utf8").split("\n"));
  return lines
    .map((line) => line.trim().split(/\s+/u))
    .filter((fields) => fields[3] === "0A")
    .map((fields) => ({ port: fields[1]!, inode: fields[9]! }));
}

/** Resolves in the middle of a scenario; answers the ports that are listened on then. */
async function untilUnderWay(run: Run): Promise<readonly string[]> {
  await soon(() => expect(portsOf(serverIdsOf(run)).length).toBeGreaterThan(0), 30_000);
  await sleep(500);
  return portsOf(processesOf(run).map(({ id }) => id));
}

const serverIdsOf = (run: Run): readonly number[] =>
  processesOf(run).flatMap(({ id, command }) => (command.includes("reference-server") ? [id] : []));

/** Asks until it holds. `expect.poll` cannot be asked by several tests at a time. */
const soon = (look: () => void | Promise<void>, timeoutMs: number): Promise<void> =>
  vi.waitFor(look, { timeout: timeoutMs, interval: 50 });

async function expectNothingLeft(run: Run, ports: readonly string[]): Promise<void> {
  const left = () => ({
    processes: processesOf(run),
    // Node keeps compiled code there for the next process, whoever that is.
    files: readdirSync(run.directory).filter(
      (name) => name !== "node-compile-cache" && name !== "seatrial-report",
    ),
    ports: listeners().flatMap(({ port }) => (ports.includes(port) ? [port] : [])),
  });
  await soon(() => expect(left()).toEqual({ processes: [], files: [], ports: [] }), cleanWithinMs);
  rmSync(run.directory, { recursive: true });
}

const ended = async ({ child }: Run): Promise<number | NodeJS.Signals | null> =>
  child.exitCode ?? child.signalCode ?? ((await once(child, "exit")) as [number | null, NodeJS.Signals])[0];

/** Throws where nobody catches when it gets this signal. Without blanks, since the environment has it as one word. */
const withABug = {
  NODE_OPTIONS: "--import=data:text/javascript,process.on('SIGUSR2',()=>{throw(Error('bug'))})",
};

// Side by side: each waits for its processes most of the time, and looks at its own only.
const sideBySide = { concurrent: true };

describe.skipIf(process.platform !== "linux")(
  "nothing is left of a run with its own PostgreSQL",
  sideBySide,
  () => {
    test("that passes", async () => {
      const run = startRun([shortScenario]);
      expect(await ended(run)).toBe(0);
      await expectNothingLeft(run, []);
    });

    test("that fails", async () => {
      const run = startRun([shortScenario, "--timeout", "1"]);
      expect(await ended(run)).toBe(1);
      await expectNothingLeft(run, []);
    });

    test.each([
      ["Ctrl-C", ({ child }: Run) => process.kill(-child.pid!, "SIGINT")],
      ["SIGKILL", ({ child }: Run) => child.kill("SIGKILL")],
      ["an error that nobody caught", ({ child }: Run) => child.kill("SIGUSR2")],
      [
        "SIGKILL of all that it shares a process group with",
        ({ child }: Run) => process.kill(-child.pid!, "SIGKILL"),
      ],
    ])("that %s ends in the middle of a scenario", async (_how, end) => {
      const run = startRun([longScenario], withABug);
      const ports = await untilUnderWay(run);
      expect(ports.length).toBeGreaterThan(1);
      end(run);
      await ended(run);
      await expectNothingLeft(run, ports);
    });

    test("that two Ctrl-C end", async () => {
      const run = startRun([longScenario]);
      const ports = await untilUnderWay(run);
      run.child.kill("SIGINT");
      await sleep(50);
      run.child.kill("SIGINT");
      expect(await ended(run)).toBe(130);
      await expectNothingLeft(run, ports);
    });

    test("that was killed together with its keeper, after the next start", async () => {
      const run = startRun([longScenario]);
      const ports = await untilUnderWay(run);
      killAll(run);
      await ended(run);
      expect(readdirSync(run.directory).some((name) => name.startsWith("seatrial-postgres-"))).toBe(true);
      const next = startRunIn(run.directory, [shortScenario]);
      expect(await ended(next)).toBe(0);
      await expectNothingLeft(run, ports);
    });
  },
);

function killAll(run: Run): void {
  // The keeper first, in the same breath: it would do its work.
  const all = processesOf(run);
  for (const { id } of all.toSorted((left, right) => rank(left.command) - rank(right.command))) {
    try {
      process.kill(id, "SIGKILL");
    } catch {
      // It went with another one.
    }
  }
}

const rank = (command: string): number => (command.includes("keeper-process") ? 0 : 1);

describe.skipIf(process.platform !== "linux")(
  "on somebody's PostgreSQL, a run leaves what was there before",
  () => {
    let server: EmbeddedPostgres;
    const foreign = "seatrial_0000_1";
    beforeAll(async () => {
      server = await startEmbeddedPostgres();
      await server.createDatabase(foreign);
    });
    afterAll(() => server.stop());

    async function databases(): Promise<readonly string[]> {
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      const { rows } = await client.query<{ readonly name: string }>(
        "SELECT datname AS name FROM pg_database WHERE NOT datistemplate ORDER BY datname",
      );
      await client.end();
      return rows.map(({ name }) => name);
    }
    const before = ["postgres", foreign];

    test("however it ends", async () => {
      const env = { DATABASE_URL: server.url };
      const runs = (["SIGINT", "SIGTERM", "SIGKILL"] as const).map((signal) => ({
        run: startRun([longScenario], env),
        signal,
      }));
      const ports = await Promise.all(runs.map(({ run }) => untilUnderWay(run)));
      expect(await databases()).toHaveLength(before.length + runs.length);
      for (const { run, signal } of runs) run.child.kill(signal);
      await Promise.all(runs.map(({ run }) => ended(run)));
      await soon(async () => expect(await databases()).toEqual(before), cleanWithinMs);
      await Promise.all(runs.map(({ run }, index) => expectNothingLeft(run, ports[index]!)));
    });

    test("after the next run, if its keeper was killed as well", async () => {
      const flags = ["--database", server.url];
      const run = startRun([longScenario, ...flags]);
      const ports = await untilUnderWay(run);
      killAll(run);
      await ended(run);
      expect(await databases()).toHaveLength(before.length + 1);
      const next = startRunIn(run.directory, [shortScenario, ...flags]);
      expect(await ended(next)).toBe(0);
      expect(await databases()).toEqual(before);
      await expectNothingLeft(run, ports);
    });
  },
);
