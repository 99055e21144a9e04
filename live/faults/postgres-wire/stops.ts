// Where one connection stops: before a message that has not gone on, or behind a statement whose answer has not.
import type { FrontendStep } from "./conversation.ts";
import type { WireStatement } from "./events.ts";
import type { Gate } from "./fault-board.ts";

/** A stop behind a statement. */
export interface StopAfter {
  readonly gate: Gate;
  readonly statement: WireStatement;
  /** `sync`: done with the answer to the Sync; `flush`: with that to the statement. The others are still to become one
   *  of these: the next message says which, and for a COPY the first one behind its rows. */
  until: "next message" | "copy end" | "sync" | "flush";
  /** From where on the answer is kept from the server: its beginning, or its last message, where the rows before it had
   *  to pass. */
  from: "answer" | "completion";
  isReached: boolean;
}

export interface StopBefore {
  readonly gate: Gate;
  readonly statement: WireStatement;
  isReached: boolean;
}

/** A stop behind a message that goes on now. */
export function stopAfter(gate: Gate, step: FrontendStep, statement: WireStatement): StopAfter {
  const isPipelined = step.kind === "statement" && statement.form === "extended";
  const until = step.kind === "sync" ? "sync" : isPipelined ? "next message" : "flush";
  return { gate, statement, until, from: "answer", isReached: false };
}
