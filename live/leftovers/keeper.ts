// What must not outlive this process is undone however this process ends. A SIGKILL runs no code here, so a second
// process, the keeper, is told of every such thing; it hears through a pipe, which closes with us even then, and undoes
// what is left. It is no member of our process group: what a terminal or a CI system sends to that does not reach it.
// Leaves out: a kill of both at once, as by the end of a container; the next start finds what that left (sweep.ts).
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { KeeperMessage } from "./keeper-process.ts";
import type { Leftover } from "./leftover.ts";
import { markOf } from "./owner.ts";

const kept = new Map<number, Leftover>();
let lastId = 0;
let keeper: ChildProcess | undefined;

/** Has it undone after the end of this process, unless this is cancelled before. Told in this moment: what happens right
 *  after the call may already need it. */
export function undoneAfterUs(leftover: Leftover): { cancel(): void } {
  const id = ++lastId;
  kept.set(id, leftover);
  if (isListening(keeper)) tell({ id, leftover });
  else keeper = startKeeper();
  return {
    cancel: () => {
      if (kept.delete(id)) tell({ id });
    },
  };
}

/** As `undoneAfterUs`, of a child that runs. A child that leads a group ends with all that it has started. */
export function keepProcess(
  { pid }: ChildProcess,
  { isGroup = false }: { readonly isGroup?: boolean } = {},
): { cancel(): void } {
  if (pid === undefined) return { cancel: () => undefined };
  return undoneAfterUs({ kind: "process", process: markOf(pid), isGroup });
}

function isListening(child: ChildProcess | undefined): boolean {
  return child?.stdin?.writable === true && child.exitCode === null && child.signalCode === null;
}

function tell(message: KeeperMessage): void {
  if (isListening(keeper)) keeper!.stdin!.write(`${JSON.stringify(message)}\n`);
}

/** Tells it everything: one before it may have been killed. */
function startKeeper(): ChildProcess {
  const ending = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const script = fileURLToPath(new URL(`keeper-process${ending}`, import.meta.url));
  const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...env } = process.env;
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env,
    // Nobody's directory is held by it.
    cwd: "/",
  });
  child.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  // It waits for us, never we for it.
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  for (const [id, leftover] of kept) child.stdin.write(`${JSON.stringify({ id, leftover })}\n`);
  return child;
}
