// The faults that are armed at the moment, for all connections together: where one is to be stopped, by whom, how long
// statements wait, which windows count. A connection asks here before it lets a statement go.
import type { WireAnswer, WireStatement } from "./events.ts";
import type { StatementPredicate, StatementWindow } from "./window.ts";

/** A place in what a server says to its database. */
export type Place =
  /** The statement with this number in a window, from 1. */
  | { readonly ordinal: number; readonly window: StatementWindow }
  /** The first statement that matches. */
  | { readonly statement: StatementPredicate }
  /** The first commit that matches. `explicit`: a COMMIT, which also the last of several statements in a Query may be.
   *  `any`: also the Sync with which a transaction ends that nobody has begun; it is told by its last statement. A Query
   *  that is its own transaction has no such place: the database commits it before it answers. */
  | { readonly commit: "explicit" | "any"; readonly match?: StatementPredicate };

/** Before: everything earlier on the connection has been answered, and the place has not reached the database.
 *  After: the database has answered, and the server has not heard it. */
export type Side = "before" | "after";

/** How a server sees its connection end: a reset (ECONNRESET) or an end of file. */
export type CutMethod = "reset" | "end";

/** What a database says of a statement that it refuses. */
export interface WireFailure {
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
}

/** A connection that stands still at a gate. */
export interface Standing {
  readonly statement: WireStatement;
  /** On the side "after". */
  readonly answer: WireAnswer | undefined;
  release(): void;
  /** On the side "before": the database refuses the statement, with this error in place of its own. A transaction that
   *  it belongs to is one that has failed. */
  fail(error: WireFailure): void;
  /** Ends the connection on the server's side; what is held is lost. Resolves when the database has ended it on its own
   *  side, with all that was running there. */
  cut(method: CutMethod): Promise<void>;
}

/** Stops one connection, once. */
export interface Gate {
  readonly place: Place;
  readonly side: Side;
  /** The answer is not kept, because nobody will get it. */
  readonly isAnswerLost: boolean;
  reached(standing: Standing): void;
  /** The connection ended between the place and the moment in which everything stands still. */
  lost(): void;
}

export interface Slowness {
  readonly byMs: number;
  readonly match?: StatementPredicate;
}

/** What is about to go to the database, as the board sees it. */
export interface Point {
  readonly statement: WireStatement;
  readonly commit: "explicit" | "implicit" | undefined;
  readonly ordinals: ReadonlyMap<StatementWindow, number>;
}

export class FaultBoard {
  readonly #gates = new Set<Gate>();
  readonly #slownesses = new Set<Slowness>();
  readonly #windows = new Set<StatementWindow>();

  /** Nothing is armed, and nobody counts. */
  get isIdle(): boolean {
    return this.#gates.size === 0 && this.#slownesses.size === 0 && this.#windows.size === 0;
  }

  arm(gate: Gate): void {
    this.#gates.add(gate);
  }

  /** Says whether it was still armed. */
  disarm(gate: Gate): boolean {
    return this.#gates.delete(gate);
  }

  disarmAll(): readonly Gate[] {
    const gates = [...this.#gates];
    this.#gates.clear();
    this.#slownesses.clear();
    return gates;
  }

  addSlowness(slowness: Slowness): void {
    this.#slownesses.add(slowness);
  }

  removeSlowness(slowness: Slowness): void {
    this.#slownesses.delete(slowness);
  }

  addWindow(window: StatementWindow): void {
    this.#windows.add(window);
  }

  removeWindow(window: StatementWindow): void {
    this.#windows.delete(window);
  }

  /** Counts a statement in every window; once for each statement. */
  pointOf(statement: WireStatement): Point {
    const ordinals = new Map<StatementWindow, number>();
    for (const window of this.#windows) {
      const ordinal = window.offer(statement);
      if (ordinal !== undefined) ordinals.set(window, ordinal);
    }
    const commit = statement.commands.includes("COMMIT") ? "explicit" : undefined;
    return { statement, commit, ordinals };
  }

  /** Units: milliseconds. */
  delayOf(statement: WireStatement): number {
    let delayMs = 0;
    for (const { byMs, match } of this.#slownesses) if (match?.(statement) !== false) delayMs += byMs;
    return delayMs;
  }

  /** The gate at this place, which is disarmed by that: it stops one connection. */
  takeGate(side: Side, point: Point): Gate | undefined {
    for (const gate of this.#gates) {
      if (gate.side !== side || !isAt(gate.place, point)) continue;
      this.#gates.delete(gate);
      return gate;
    }
    return undefined;
  }

  answered(statement: WireStatement, answer: WireAnswer): void {
    for (const window of this.#windows) window.answered(statement, answer);
  }

  cutBefore(statement: WireStatement): void {
    for (const window of this.#windows) window.cutBefore(statement);
  }
}

function isAt(place: Place, { statement, commit, ordinals }: Point): boolean {
  if ("ordinal" in place) return ordinals.get(place.window) === place.ordinal;
  if ("statement" in place) return commit !== "implicit" && place.statement(statement);
  if (commit === undefined || (place.commit === "explicit" && commit === "implicit")) return false;
  return place.match?.(statement) !== false;
}
