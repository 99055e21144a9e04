// Who sees which version of a row. A snapshot is a number: how many transactions had committed when it was taken.
// READ COMMITTED takes one for every statement, REPEATABLE READ one for the whole transaction.
// Source: PostgreSQL manual, 13.2.1 "Read Committed Isolation Level", 13.2.2 "Repeatable Read Isolation Level".
import type { RowVersion } from "./heap.ts";
import type { Transaction } from "./transactions.ts";

/** Whether the version is the one that a snapshot shows: written by the reader, or committed before the snapshot, and
 *  not removed in either way.  Source: PostgreSQL manual, 13.2.1 "Read Committed Isolation Level". */
export function isVisible(version: RowVersion, reader: Transaction | undefined, snapshot: number): boolean {
  const { creator, deleter } = version;
  if (creator !== reader && (creator.commitSequence === 0 || creator.commitSequence > snapshot)) return false;
  if (deleter === undefined) return true;
  return deleter !== reader && (deleter.commitSequence === 0 || deleter.commitSequence > snapshot);
}

/** The snapshots that are still in use, to know what nobody can see any more.
 *  Source: PostgreSQL manual, 24.1.2 "Recovering Disk Space". */
export class SnapshotRegistry {
  /** Commits so far; the snapshot of whoever asks now. */
  current = 0;
  readonly #held: number[] = [];
  #writers = 0;

  /** The transaction begins to write or lock rows, if it has not yet. */
  noteWriter(transaction: Transaction): void {
    if (transaction.writeOrder > 0) return;
    this.#writers += 1;
    transaction.writeOrder = this.#writers;
  }

  hold(snapshot: number): void {
    this.#held.push(snapshot);
  }

  drop(snapshot: number): void {
    const place = this.#held.indexOf(snapshot);
    if (place >= 0) this.#held.splice(place, 1);
  }

  /** What was removed by this commit or an earlier one is seen by nobody. */
  horizon(): number {
    let horizon = this.current;
    for (const held of this.#held) if (held < horizon) horizon = held;
    return horizon;
  }
}
