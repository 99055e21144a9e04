// Counts what a law looked at and keeps the first contradiction. Every law ends in one of the three verdicts here, so
// "nothing to look at" can never pass as "holds".
import type { EventIndex } from "./history.ts";
import type { Verdict, Witness } from "./verdict.ts";

export class Tally {
  #cases = 0;
  #violations = 0;
  #witness: Witness | undefined;

  /** Counts cases that the law had an opinion about. */
  look(cases = 1): void {
    this.#cases += cases;
  }

  /** Counts a contradiction. Only the first one is explained, so `explain` and `rules` cost nothing after it. `rules`:
   *  those of the law that it breaks; absent means all of them. */
  contradict(
    events: readonly EventIndex[],
    explain: () => string,
    rules?: readonly string[] | (() => readonly string[]),
  ): void {
    this.#violations++;
    if (this.#witness !== undefined) return;
    const broken = typeof rules === "function" ? rules() : rules;
    this.#witness = {
      events: inOrder(events),
      explanation: explain(),
      ...(broken === undefined ? {} : { requirements: broken }),
    };
  }

  /** `reason` says what would have had to happen for the law to have an opinion. */
  verdict(reason: string): Verdict {
    if (this.#witness !== undefined) {
      return { outcome: "violated", witness: this.#witness, violations: this.#violations };
    }
    return this.#cases === 0 ? { outcome: "inconclusive", reason } : { outcome: "holds", cases: this.#cases };
  }
}

/** Ascending, each once, and without the places where nothing happened. */
const inOrder = (events: readonly EventIndex[]): readonly EventIndex[] =>
  [...new Set(events)].filter((event) => event >= 0 && Number.isFinite(event)).sort((a, b) => a - b);
