// Counts the statements that reach the database between two moments, over all connections that match.
import type { WireAnswer, WireStatement } from "./events.ts";

export type StatementPredicate = (statement: WireStatement) => boolean;

export interface WindowOptions {
  /** What is counted. Default: every statement of every connection. */
  readonly match?: StatementPredicate;
  /** The window begins with the first statement that matches this, which is its first. Default: at once. */
  readonly from?: StatementPredicate;
}

export interface WindowStatement {
  /** From 1, in the order in which the statements came to the proxy. */
  readonly ordinal: number;
  readonly statement: WireStatement;
  /** `undefined` where it has not come, or never can: the connection was cut before the statement reached the database,
   *  or ended before the answer. */
  readonly answer: WireAnswer | undefined;
  /** It was held back by a cut and the database has never seen it. */
  readonly isCutBefore: boolean;
}

/** A caller that forgets to close a window finds it full, not the memory. */
const statementsMax = 100_000;

interface Entry {
  readonly ordinal: number;
  readonly statement: WireStatement;
  answer: WireAnswer | undefined;
  isCutBefore: boolean;
}

export class StatementWindow {
  readonly #options: WindowOptions;
  readonly #onClose: (window: StatementWindow) => void;
  readonly #entries = new Map<WireStatement, Entry>();
  #hasBegun: boolean;

  constructor(options: WindowOptions, onClose: (window: StatementWindow) => void) {
    this.#options = options;
    this.#onClose = onClose;
    this.#hasBegun = options.from === undefined;
  }

  /** So far, with the answers so far. */
  get statements(): readonly WindowStatement[] {
    return [...this.#entries.values()].map((entry) => ({ ...entry }));
  }

  /** Counts no more and answers what it has counted. May be called twice. */
  close(): readonly WindowStatement[] {
    this.#onClose(this);
    return this.statements;
  }

  /** A statement is about to go to the database; answers its place in the window. A window that is full counts no
   *  more. */
  offer(statement: WireStatement): number | undefined {
    const { match, from } = this.#options;
    if (!this.#hasBegun && from?.(statement) === true) this.#hasBegun = true;
    if (!this.#hasBegun || match?.(statement) === false) return undefined;
    if (this.#entries.size >= statementsMax) return undefined;
    const ordinal = this.#entries.size + 1;
    this.#entries.set(statement, { ordinal, statement, answer: undefined, isCutBefore: false });
    return ordinal;
  }

  answered(statement: WireStatement, answer: WireAnswer): void {
    const entry = this.#entries.get(statement);
    if (entry !== undefined) entry.answer = answer;
  }

  cutBefore(statement: WireStatement): void {
    const entry = this.#entries.get(statement);
    if (entry !== undefined) entry.isCutBefore = true;
  }
}
