// Streams of choices for workloads: one named stream per actor and purpose, so that one actor's choices do not move
// another's. Whole numbers only.
import seedrandom from "seedrandom";

export class Stream {
  readonly #next: () => number;

  constructor(seed: string, name: string) {
    const generator = seedrandom(`${seed}\u0000${name}`);
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
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const entries = Object.entries(weights) as [Name, number][];
    let rest = this.#next() % entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      if (rest < weight) return name;
      rest -= weight;
    }
    throw new Error("unreachable: the weights add up");
  }
}
