// No process that a live run starts outlives this one. A SIGKILL of this process runs no code: then the keeper ends them,
// and servers of ours notice it by themselves (end-with-parent.ts).
import type { ChildProcess } from "node:child_process";
import { keepProcess } from "../leftovers/keeper.ts";
import { onAnyEnd } from "../on-any-end.ts";

/** Kills the child when this process ends. It is forgotten when it has ended by itself. */
export function endWithUs(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ending = onAnyEnd(() => killGroup(child, "SIGKILL"));
  const keeping = keepProcess(child, { isGroup: true });
  child.once("exit", () => {
    ending.cancel();
    keeping.cancel();
  });
}

/** Signals a child that leads a group of its own, and all that it has started. */
export function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal);
  } catch {
    // The group is gone already.
  }
}
