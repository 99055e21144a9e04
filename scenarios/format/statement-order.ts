// In which order the statements of a run reached their database, as data: what one world has seen and another is to follow.
// Statements are named by meaning, so that the order can be found again where nothing else is the same.

/** A statement by meaning. */
export interface StatementPlace {
  /** The device whose request caused the transaction; empty for a job of the server. */
  readonly device: string;
  /** What the transaction is for. */
  readonly purpose: string;
  /** Which transaction of this device and purpose in the run, from 1. */
  readonly transaction: number;
  readonly statement: string;
  /** Which occurrence within the transaction, from 1. */
  readonly nth: number;
}

export interface OrderedStatement extends StatementPlace {
  /** Places in the order: statements of other transactions that the database had answered before this one came. What
   *  follows from these by itself is left out. */
  readonly after: readonly number[];
}

/** As they came. */
export type StatementOrder = readonly OrderedStatement[];

/** One name for a place, whoever spells it: `insert_ops` and `insertOps` are one. */
export const placeKey = ({ device, purpose, transaction, statement, nth }: StatementPlace): string =>
  `${device} ${purpose} ${transaction} ${statement.replaceAll("_", "").toLowerCase()} ${nth}`;
