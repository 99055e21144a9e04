// A file system of a few megabytes, so that a database can run out of room without anybody else doing so. It is held in
// memory and mounted where only one process and those that are launched into it see it (a mount namespace), so it ends
// with them and nothing is left to be unmounted.
// Root mounts it in a namespace of its own; others need the right to make user namespaces, which some systems refuse.
// Source: Linux manual, mount_namespaces(7), user_namespaces(7); unshare(1), nsenter(1).
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { keepProcess } from "../leftovers/keeper.ts";
import { onAnyEnd } from "../on-any-end.ts";
import type { RunAs } from "./embedded-binaries.ts";
import { collectOutput } from "./spawned.ts";

export interface SmallDisk {
  /** Where it is mounted, for those who see it. */
  readonly path: string;
  /** The command that runs a program where the disk is seen, as the user whom it belongs to; to be spawned as whoever
   *  mounted it. */
  launch(file: string, args: readonly string[]): { readonly file: string; readonly args: readonly string[] };
  /** Gone when the last one launched is gone. */
  release(): void;
}

/** Where this machine cannot have one. */
export class NoSmallDisk extends Error {
  override readonly name = "NoSmallDisk";
  readonly code = "no_small_disk";
}

const isRoot = (): boolean => process.getuid?.() === 0;
const enter = (): readonly string[] => [
  ...(isRoot() ? [] : ["--user", "--map-root-user"]),
  "--mount",
  "--propagation",
  "private",
];

let isPossible: boolean | undefined;

/** Whether this machine lets this user mount one. Asked of it once. */
export function canHaveSmallDisk(): boolean {
  if (isPossible !== undefined) return isPossible;
  try {
    const script = `mount -t tmpfs small "$0" && command -v nsenter && command -v setpriv`;
    execFileSync("unshare", [...enter(), "sh", "-c", script, tmpdir()], { stdio: "ignore", timeout: 5_000 });
    isPossible = true;
  } catch {
    isPossible = false;
  }
  return isPossible;
}

/** Mounts one at a directory that it makes.
 *  Errors: `NoSmallDisk`. */
export async function mountSmallDisk(options: {
  readonly path: string;
  readonly bytes: number;
  /** Whose it is, where that is not whoever mounts it. */
  readonly runAs: RunAs | undefined;
}): Promise<SmallDisk> {
  const { path, bytes, runAs } = options;
  await mkdir(path);
  const owner = runAs === undefined ? "" : `,uid=${runAs.uid},gid=${runAs.gid}`;
  const script = `mount -t tmpfs -o "size=$1,mode=0700$2" small "$0" && echo mounted && exec sleep infinity`;
  const holder = spawn("unshare", [...enter(), "sh", "-c", script, path, String(bytes), owner], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = collectOutput(holder);
  const kept = keepProcess(holder);
  const ending = onAnyEnd(() => holder.kill("SIGKILL"));
  const release = (): void => {
    holder.kill("SIGKILL");
    kept.cancel();
    ending.cancel();
  };
  await Promise.race([once(holder.stdout, "data"), once(holder, "close"), once(holder, "error")]);
  if (output() === "mounted") return { path, release, launch: launcherInto(holder.pid!, runAs) };
  release();
  throw new NoSmallDisk(
    `A small disk could not be mounted: ${output()}. Expected the right to mount (as root), or to make user ` +
      "namespaces (kernel.unprivileged_userns_clone=1, and no AppArmor profile that forbids them).",
  );
}

function launcherInto(processId: number, runAs: RunAs | undefined): SmallDisk["launch"] {
  const target = ["--target", String(processId), "--mount"];
  if (isRoot()) {
    const { uid, gid } = runAs ?? { uid: 0, gid: 0 };
    const asUser = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
    return (file, args) => ({ file: "nsenter", args: [...target, ...asUser, file, ...args] });
  }
  const asSelf = [`--map-user=${process.getuid!()}`, `--map-group=${process.getgid!()}`];
  const again = ["--user", "--preserve-credentials", "unshare", "--user", ...asSelf];
  return (file, args) => ({ file: "nsenter", args: [...target, ...again, file, ...args] });
}
