// One of our own servers as a command: from source where Seatrial runs from source, built where it is built. Node reads
// our TypeScript as it stands, so both are the same command.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServerCommand } from "./server-process.ts";

const ending = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

/** `entry` is below the root of Seatrial, without its ending: "reference-server/main". `preload` are modules that are
 *  loaded before it, as URLs. */
export function referenceCommand(entry: string, preload: readonly string[] = []): ServerCommand {
  const script = new URL(`../../${entry}${ending}`, import.meta.url);
  const imports = [new URL(`end-with-parent${ending}`, import.meta.url).href, ...preload];
  return {
    title: entry,
    file: process.execPath,
    args: [
      "--disable-warning=ExperimentalWarning",
      ...imports.flatMap((href) => ["--import", href]),
      fileURLToPath(script),
    ],
    env: { NODE_COMPILE_CACHE: compileCache },
    readiness: "says so",
  };
}

/** Halves the time in which a server starts. Node's own place for it. */
const compileCache = join(tmpdir(), "node-compile-cache");
