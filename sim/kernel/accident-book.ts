// What chance does in a run, and what it has been told to do. Where a scenario has pinned its accidents, whoever would
// draw a fate looks it up here instead, under the address from which it would have been drawn; calm ends both.
import { kindsAt } from "../../scenarios/format/accident-lines.ts";
import type { Accident } from "../../scenarios/format/types.ts";

/** The pinned accidents of one address, by the number of the decision, from 1. */
export type PinnedAccidents = ReadonlyMap<number, Accident>;

const none: PinnedAccidents = new Map();

export class AccidentBook {
  /** All that struck, in order. */
  readonly struck: Accident[] = [];
  readonly #pinned: readonly Accident[] | undefined;
  readonly #byAddress = new Map<string, Map<number, Accident>>();
  #isCalm = false;

  /** Without `pinned`, odds decide.
   *  Errors: RangeError for a kind that cannot happen at its address. */
  constructor(pinned?: readonly Accident[]) {
    this.#pinned = pinned;
    for (const accident of pinned ?? []) {
      const { who, what, nth, kind } = accident;
      const kinds = kindsAt(what);
      if (!kinds.includes(kind))
        throw new RangeError(`no "${kind}" befalls ${who}'s ${what}; expected one of ${kinds.join(", ")}`);
      const address = `${who}\u0000${what}`;
      const byNumber = this.#byAddress.get(address) ?? new Map<number, Accident>();
      if (!byNumber.has(nth)) byNumber.set(nth, accident);
      this.#byAddress.set(address, byNumber);
    }
  }

  get isPinned(): boolean {
    return this.#pinned !== undefined;
  }

  get isCalm(): boolean {
    return this.#isCalm;
  }

  /** What is pinned at an address; `undefined` where odds decide. */
  pinnedAt(who: string, what: string): PinnedAccidents | undefined {
    return this.#pinned === undefined ? undefined : (this.#byAddress.get(`${who}\u0000${what}`) ?? none);
  }

  /** Whether anything is pinned for this device or process. */
  concerns(who: string): boolean {
    return this.#pinned?.some((accident) => accident.who === who) ?? false;
  }

  /** To be told when an accident has its effect. */
  strike(accident: Accident): void {
    this.struck.push(accident);
  }

  /** Nothing strikes by chance from here on, nor what is pinned. */
  calm(): void {
    this.#isCalm = true;
  }

  /** Pinned accidents that never came to pass. */
  unstruck(): readonly Accident[] {
    const struck = new Set(this.struck);
    return (this.#pinned ?? []).filter((accident) => !struck.has(accident));
  }
}
