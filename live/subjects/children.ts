// Every process that a live run starts is registered here, so that none outlives this one: not after an exit, not after
// an error that nobody caught, not after Ctrl-C. A SIGKILL of this process runs no code; servers that we start as Node
// processes notice it by themselves (end-with-parent.ts).
import type { ChildProcess } from "node:child_process";

const living = new Set<ChildProcess>();
const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Kills the child when this process ends. It is forgotten when it has ended by itself. */
export function endWithUs(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  if (living.size === 0) listen();
  living.add(child);
  child.once("exit", () => {
    living.delete(child);
    if (living.size === 0) unlisten();
  });
}

function killAll(): void {
  for (const child of living) child.kill("SIGKILL");
}

/** Whoever else listens decides how this process ends; where nobody does it ends as if we had not listened. */
function onSignal(signal: NodeJS.Signals): void {
  unlisten();
  killAll();
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

function listen(): void {
  process.on("exit", killAll);
  for (const signal of endingSignals) process.on(signal, onSignal);
}

function unlisten(): void {
  process.off("exit", killAll);
  for (const signal of endingSignals) process.off(signal, onSignal);
}
