// No process that a live run starts outlives this one. A SIGKILL of this process runs no code; servers that we start as
// Node processes notice it by themselves (end-with-parent.ts).
import type { ChildProcess } from "node:child_process";
import { onAnyEnd } from "../on-any-end.ts";

/** Kills the child when this process ends. It is forgotten when it has ended by itself. */
export function endWithUs(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ending = onAnyEnd(() => child.kill("SIGKILL"));
  child.once("exit", () => ending.cancel());
}
