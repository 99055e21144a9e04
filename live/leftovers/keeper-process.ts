// The keeper: remembers what its parent says and, when the pipe between them closes, undoes what is left. It has no
// terminal, and says nothing: what it cannot undo, the next start of Seatrial will find.
import { createInterface } from "node:readline";
import { type Leftover, undo } from "./leftover.ts";

/** A line on its standard input: a thing to remember, or, without one, a thing to forget. */
export interface KeeperMessage {
  readonly id: number;
  readonly leftover?: Leftover;
}

/** The container engine may be slow; nobody waits for the keeper.  Units: milliseconds. */
const deadlineMs = 60_000;

const kept = new Map<number, Leftover>();
// Whoever ends Seatrial by a signal to everything that looks like it must not end this as well.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, leftover } = JSON.parse(line) as KeeperMessage;
  if (leftover === undefined) kept.delete(id);
  else kept.set(id, leftover);
}

setTimeout(() => process.exit(1), deadlineMs).unref();
// Processes first: they write into the directories and hold sessions to the databases.
const all = [...kept.values()];
await Promise.allSettled(all.filter(({ kind }) => kind === "process").map(undo));
await Promise.allSettled(all.filter(({ kind }) => kind !== "process").map(undo));
process.exit(0);
