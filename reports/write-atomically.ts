// Report files appear whole or not at all: whoever reads them while a run ends, or after a crash, sees the old file or
// the new one.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Writes beside the target, then renames over it. Synchronous, so that it also works while a process is ending.
 *  Errors: those of the file system. */
export function writeAtomically(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.part`;
  writeFileSync(draft, text);
  renameSync(draft, path);
}
