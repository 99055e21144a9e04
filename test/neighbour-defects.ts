// The neighbour's defects as data, and one certification of the neighbour as a process, as somebody at a shell has it.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Certification } from "../invariants/certification-result.ts";

/** One small mistake of the neighbour, and what may be said of it. */
export interface NeighbourDefect {
  readonly does: string;
  /** At which it shows first. */
  readonly level: string;
  /** The rules that it breaks, the primary one first. One of them has to be blamed. */
  readonly breaks: readonly string[];
  /** Rules that say the same from another side. No others may be blamed. */
  readonly mayBlame: readonly string[];
  /** Ids of the scenarios and probes that bear on it. */
  readonly seenIn: readonly string[];
}

export const neighbourDefects: ReadonlyMap<string, NeighbourDefect> = new Map(
  Object.entries(
    JSON.parse(readFileSync(new URL("neighbour/defects.json", import.meta.url), "utf8")) as Readonly<
      Record<string, NeighbourDefect>
    >,
  ),
);

export interface Certified {
  readonly code: number;
  /** What was printed. */
  readonly out: string;
  /** Absent where the run came to none. */
  readonly certification: Certification | undefined;
  /** The rules that are said to be broken. */
  readonly blamed: readonly string[];
}

const root = fileURLToPath(new URL("..", import.meta.url));

/** Certifies the neighbour. `ids`: scenarios and probes, all of them where there are none.
 *  Errors: none; what went wrong is in `code` and `out`. */
export async function certifyNeighbour(options: {
  readonly ids: readonly string[];
  readonly defect?: string;
  /** URL of the PostgreSQL whose databases name the neighbour's files. */
  readonly databaseUrl: string;
  readonly flags?: readonly string[];
}): Promise<Certified> {
  const folder = mkdtempSync(join(tmpdir(), "seatrial-neighbour-"));
  const server = ["node", "test/neighbour/server.mjs", "--data-root", join(folder, "data")];
  const defect = options.defect === undefined ? [] : ["--defect", options.defect];
  const reports = ["--reporter", "terminal,json", "--output-dir", join(folder, "report"), "--traces", "0"];
  const args = ["certify", ...options.ids, ...reports, "--workers", "4", ...(options.flags ?? [])];
  try {
    const { code, out } = await seatrial([...args, "--", ...server, ...defect], options.databaseUrl);
    const certification = readCertification(join(folder, "report", "results.json"));
    return { code, out, certification, blamed: blamedOf(certification) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function seatrial(
  args: readonly string[],
  databaseUrl: string,
): Promise<{ readonly code: number; readonly out: string }> {
  const env = { ...process.env, DATABASE_URL: databaseUrl, NO_COLOR: "1", CI: "1" };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["cli/main.ts", ...args],
      { cwd: root, env, maxBuffer: 2 ** 26 },
      (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? Number.NaN), out: `${out}${err}` }),
    );
  });
}

function readCertification(file: string): Certification | undefined {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { readonly certification?: Certification })
      .certification;
  } catch {
    return undefined;
  }
}

const blamedOf = (certification: Certification | undefined): readonly string[] => [
  ...new Set(
    (certification?.checks ?? [])
      .filter(({ outcome }) => outcome === "fail")
      .map(({ requirement }) => requirement),
  ),
];
