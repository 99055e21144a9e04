// The plans of a search that reached something new, in the order in which they were found. Their neighbours are tried
// again and again: what is new lies mostly near what was new a moment ago.
import type { Scenario } from "../scenarios/format/types.ts";
import type { Stream } from "./stream.ts";

/** Older plans make room: what they reached has been tried from by then. */
const plansMax = 1_024;
/** How many of the newest are preferred. */
const newest = 48;

export class Corpus {
  readonly #plans: Scenario[] = [];

  get size(): number {
    return this.#plans.length;
  }

  add(plan: Scenario): void {
    this.#plans.push(plan);
    if (this.#plans.length > plansMax) this.#plans.shift();
  }

  /** Mostly one of the newest.  Errors: RangeError where there is none. */
  pick(choices: Stream): Scenario {
    const { length } = this.#plans;
    if (length === 0) throw new RangeError("a corpus without plans has none to pick");
    const isNew = !choices.onceIn(3);
    const least = isNew ? Math.max(0, length - newest) : 0;
    return this.#plans[choices.between(least, length - 1)]!;
  }
}
