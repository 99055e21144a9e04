// What must not outlive this process is undone on every way out on which code still runs: a normal exit, an error that
// nobody caught, Ctrl-C, SIGTERM, SIGHUP. What cannot be undone in one go, and a SIGKILL, are the keeper's (leftovers/).

const undoings = new Set<() => void>();
const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs `undo` when this process ends, unless cancelled before. It must not wait for anything. */
export function onAnyEnd(undo: () => void): { cancel(): void } {
  if (undoings.size === 0) listen();
  undoings.add(undo);
  return {
    cancel: () => {
      if (undoings.delete(undo) && undoings.size === 0) unlisten();
    },
  };
}

function undoAll(): void {
  for (const undo of undoings) undo();
}

/** Whoever else listens decides how this process ends, and may end it in good order; with the end at the latest we are
 *  called. Where nobody does it ends as if we had not listened. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  unlisten();
  undoAll();
  undoings.clear();
  process.kill(process.pid, signal);
}

function listen(): void {
  process.on("exit", undoAll);
  for (const signal of endingSignals) process.on(signal, onSignal);
}

function unlisten(): void {
  process.off("exit", undoAll);
  for (const signal of endingSignals) process.off(signal, onSignal);
}
