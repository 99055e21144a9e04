// Servers that belong together as a run sees them: processes of ours on a database of their own, or one server at an
// address. A world borrows a group, alone or beside others.
import type { DatabaseFaults } from "../faults/database-faults.ts";
import type { PostgresWireProxy } from "../faults/postgres-wire/proxy.ts";
import type { CompactionReport } from "../subjects/control.ts";
import type { Subject } from "../subjects/subject.ts";

export interface Group {
  readonly subjects: readonly Subject[];
  /** How far the servers' clocks are ahead of the machine's. Units: milliseconds. */
  readonly clockOffsetMs: number;
  /** Past the lines; empty where nobody shows us the database. */
  readonly databaseUrl: string;
  /** One for each process, in their order; none where nobody stands on them. */
  readonly lines: readonly PostgresWireProxy[];
  readonly databaseFaults: DatabaseFaults;
  /** Everybody is up, and nothing is left that a next run would feel. */
  readonly isWhole: boolean;
  /** Hears of servers that end by themselves. */
  watch(onEnd: (subject: Subject, how: string) => void): { cancel(): void };
  /** Looks after a run that went wrong whether everybody is still there, and tells the watchers who is not. */
  lookAfter(): Promise<void>;
  /** Starts a process on the database as it is, with the group's clock. */
  start(subject: Subject): Promise<void>;
  compact(subject: Subject, user: string): Promise<CompactionReport>;
  /** Takes note of a clock that somebody has moved before us. */
  readClock(): Promise<void>;
  /** Moves the clocks of all processes that are up on to this offset; the others get there when they start. */
  setClock(offsetMs: number): Promise<void>;
  /** Answers how many tables there were. */
  backup(): Promise<number>;
  /** Puts the database back to its backup. The processes must be down. */
  restore(): Promise<void>;
  dispose(): Promise<void>;
  lastLines(): readonly string[];
}
