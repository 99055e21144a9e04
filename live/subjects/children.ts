// No process that a live run starts outlives this one. A SIGKILL of this process runs no code; servers that we start as
// Node processes notice it by themselves (end-with-parent.ts).
import type { ChildProcess } from "node:child_process";
import { onAnyEnd } from "../on-any-end.ts";

/** Kills the child when this process ends. It is forgotten when it has ended by itself. */
export function endWithUs(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ending = onAnyEnd(() => killGroup(child, "SIGKILL"));
  child.once("exit", () => ending.cancel());
}

/** Signals a child that leads a group of its own, and all that it has started. */
export function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal);
  } catch {
    // The group is gone already.
  }
}
