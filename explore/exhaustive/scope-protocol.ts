// What a protocol brings to the complete walk of small scopes: its devices' programs, and what each database statement
// touches. The walk itself knows no protocol.
import type { Law } from "../../invariants/verdict.ts";
import type { DeviceAction, Scenario } from "../../scenarios/format/types.ts";
import type { SimProtocol } from "../../sim/world/protocol.ts";

/** What a statement touches, by names that are the same for the same thing. */
export interface StatementTouch {
  /** Committed rows that its answer depends on. */
  readonly reads?: readonly string[];
  /** Committed rows that the commit of its transaction changes. */
  readonly writes?: readonly string[];
  /** Locks that it takes to the end of its transaction: rows, keys, advisory locks. */
  readonly locks?: readonly string[];
  /** What no rollback undoes: sequences. */
  readonly takes?: readonly string[];
}

/** A statement, where it stands. `deviceNames` are all device ids that have been seen. */
export interface TouchingStatement {
  readonly purpose: string;
  readonly statement: string;
  readonly device: string | undefined;
  readonly devices: readonly string[];
}

export interface ScopeProtocol {
  readonly sim: SimProtocol;
  readonly laws: readonly Law[];
  /** A device's program: its edits, then one of each exchange. */
  programOf(device: string, edits: number): readonly DeviceAction[];
  /** Requests that a program sends, and durable steps that it makes without a fault. */
  readonly requestsPerProgram: number;
  commitsPerProgram(edits: number): number;
  touch(statement: TouchingStatement): StatementTouch;
  /** Whether transactions for this purpose meet in the server's memory, beside the database: by what the server does
   *  around this statement, or when all is done (`commit`). */
  sharesMemory(purpose: string, statement: string): boolean;
  /** The account, devices and settings in which the scope is played. */
  scenario(devices: readonly string[]): Scenario;
}
