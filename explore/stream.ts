// Streams of choices for workloads: one named stream per actor and purpose, so that one actor's choices do not move
// another's. Whole numbers only.
import seedrandom from "seedrandom";

/** As many lots of each name as its weight says. */
export type Lots<Name extends string> = readonly Name[];

/** Lots from small whole weights. */
export const lotsOf = <Name extends string>(weights: Readonly<Record<Name, number>>): Lots<Name> =>
  (Object.entries(weights) as [Name, number][]).flatMap(([name, weight]) =>
    Array.from({ length: weight }, () => name),
  );

export class Stream {
  readonly #next: () => number;

  constructor(seed: string, name: string) {
    const generator = seedrandom.alea(`${seed}\u0000${name}`);
    this.#next = () => generator.int32() >>> 0;
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + (this.#next() % (most - least + 1));
  }

  /** True once in `times`, on average. */
  onceIn(times: number): boolean {
    return this.#next() % times === 0;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.#next() % items.length]!;
  }

  /** One of the named things, each as likely as its weight says. */
  weighted<Name extends string>(lots: Lots<Name>): Name {
    return lots[this.#next() % lots.length]!;
  }
}
