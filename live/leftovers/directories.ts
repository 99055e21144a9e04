// Temporary directories that nobody finds later: each says in its name who made it, so that the next start can remove
// those whose makers are gone.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onAnyEnd } from "../on-any-end.ts";
import { undoneAfterUs } from "./keeper.ts";
import { type Leftover, undo } from "./leftover.ts";
import { isGone, ownOwner } from "./owner.ts";

const purposes = { cluster: "postgres", directory: "devices" } as const;

export interface TemporaryDirectory {
  readonly path: string;
  /** To be called when it has been removed. */
  forget(): void;
}

/** Makes a directory. `cluster`: a PostgreSQL may run in it. */
export function makeTemporaryDirectory(kind: keyof typeof purposes): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), `seatrial-${purposes[kind]}-${ownOwner()}-`));
  const keeping = undoneAfterUs({ kind, path });
  return { path, forget: keeping.cancel };
}

export interface OwnDirectory {
  readonly path: string;
  /** With everything in it. May be called twice. */
  remove(): void;
}

/** Makes a directory for the devices of a run, which is gone after any end of this process. */
export function makeDeviceDirectory(): OwnDirectory {
  const { path, forget } = makeTemporaryDirectory("directory");
  const removeFiles = (): void => rmSync(path, { recursive: true, force: true });
  const leftover = onAnyEnd(removeFiles);
  const remove = (): void => {
    removeFiles();
    leftover.cancel();
    forget();
  };
  return { path, remove };
}

/** Removes what dead processes of this machine have left in the temporary directory, running servers included. */
export async function sweepDirectories(): Promise<void> {
  await Promise.allSettled(leftoversIn(tmpdir()).map(undo));
}

function leftoversIn(folder: string): readonly Leftover[] {
  return readdirSync(folder).flatMap((name): Leftover[] => {
    const parts = namePattern.exec(name);
    if (parts === null || !isGone(parts[2]!)) return [];
    return [{ kind: parts[1] === purposes.cluster ? "cluster" : "directory", path: join(folder, name) }];
  });
}

const namePattern = /^seatrial-(postgres|devices)-([0-9a-f]{8}-\d+-\d+)-[^-]+$/u;
