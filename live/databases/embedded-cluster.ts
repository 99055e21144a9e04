// A PostgreSQL data directory, ready to be started: initialised once for each version and copied from then on.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, chown, cp, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { arch, platform, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { keepProcess, undoneAfterUs } from "../leftovers/keeper.ts";
import type { Binaries, RunAs } from "./embedded-binaries.ts";
import { EmbeddedPostgresError } from "./embedded-error.ts";
import { collectOutput, untilEnd } from "./spawned.ts";

export interface Cluster {
  readonly binaries: Binaries;
  readonly runAs: RunAs | undefined;
  readonly dataDirectory: string;
}

export const user = "postgres";
// The server listens on the loopback interface only and holds nothing but what a test puts there.
export const password = "seatrial";

/** Fills the data directory. Initialising takes longer than everything else together, so it is done once and copied; the
 *  cache is filled by a rename: who comes second finds it there and throws its own away. `cacheDirectory: false`
 *  initialises every time.
 *  Errors: `EmbeddedPostgresError`. */
export async function prepareCluster(
  cluster: Cluster & { readonly cacheDirectory: string | false },
): Promise<void> {
  const { binaries, dataDirectory, cacheDirectory } = cluster;
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
  const keeping = undoneAfterUs({ kind: "directory", path: unfinished });
  try {
    await mkdir(cacheDirectory, { recursive: true });
    await cp(dataDirectory, unfinished, { recursive: true });
    await rename(unfinished, template);
  } catch {
    // Somebody else was first, or the cache cannot be written: the cluster at hand is as good.
    await rm(unfinished, { recursive: true, force: true });
  } finally {
    keeping.cancel();
  }
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
  const keeping = keepProcess(initdb);
  const output = collectOutput(initdb);
  const ended = await untilEnd(initdb);
  keeping.cancel();
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
