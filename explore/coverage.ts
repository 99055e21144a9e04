// What a search has seen of all that could be: distinct situations, and pairs of their members (a message with a state of
// the server, a state of the device with a fault, …). Pairs are what can be counted to the end: there are thousands of
// them and not millions, and a protocol names those that cannot be, with the reason, so that what is left is a gap.
import type { ImpossiblePairs, Situation, SituationSpace } from "./search-protocol.ts";

const members = ["message", "server", "device", "fault"] as const;
type Member = (typeof members)[number];

/** Every two of the members. */
const memberPairs: readonly (readonly [number, number])[] = members.flatMap((_, first) =>
  members.slice(first + 1).map((_, place) => [first, first + 1 + place] as const),
);

/** Two values that have been met together, or never have. */
export interface Pair {
  readonly first: { readonly member: Member; readonly value: string };
  readonly second: { readonly member: Member; readonly value: string };
}

/** The distinct situations of a run as numbers, rising.
 *  Errors: RangeError for a value that is not in the space: then gaps could not be named. */
export function situationNumbers(space: SituationSpace, situations: Iterable<Situation>): readonly number[] {
  const places = placesOf(space);
  const numbers = new Set<number>();
  for (const situation of situations) {
    let number = 0;
    for (let index = 0; index < members.length; index++) {
      const value = situation[members[index]!];
      const place = places[index]!.get(value);
      if (place === undefined)
        throw new RangeError(`a situation has ${members[index]!} "${value}", which its space does not have`);
      number = number * places[index]!.size + place;
    }
    numbers.add(number);
  }
  return [...numbers].sort((left, right) => left - right);
}

const placesBySpace = new WeakMap<SituationSpace, readonly ReadonlyMap<string, number>[]>();

/** Of each member, the number of each value. Made once per space. */
function placesOf(space: SituationSpace): readonly ReadonlyMap<string, number>[] {
  let places = placesBySpace.get(space);
  if (places === undefined) {
    places = members.map((member) => new Map(space[member].map((value, place) => [value, place])));
    placesBySpace.set(space, places);
  }
  return places;
}

/** Everything that was met so far. */
export class Coverage {
  readonly #space: SituationSpace;
  readonly #sizes: readonly number[];
  readonly #situations = new Set<number>();
  /** Per pair of members, the pairs of values, by `first * size of second + second`. */
  readonly #pairs: readonly Set<number>[] = memberPairs.map(() => new Set<number>());
  readonly #impossible: readonly ReadonlySet<number>[];

  constructor(space: SituationSpace, impossible: readonly ImpossiblePairs[] = []) {
    this.#space = space;
    this.#sizes = members.map((member) => space[member].length);
    this.#impossible = memberPairs.map(([first, second]) => this.#numbersOf(first, second, impossible));
  }

  get situations(): number {
    return this.#situations.size;
  }

  /** Adds what a run has met, and says how much of it was new. */
  add(numbers: readonly number[]): { readonly situations: number; readonly pairs: number } {
    let situations = 0;
    let pairs = 0;
    for (const number of numbers) {
      if (this.#situations.has(number)) continue;
      this.#situations.add(number);
      situations++;
      const places = this.#placesIn(number);
      for (let index = 0; index < memberPairs.length; index++) {
        const [first, second] = memberPairs[index]!;
        const pair = places[first]! * this.#sizes[second]! + places[second]!;
        const seen = this.#pairs[index]!;
        if (seen.has(pair)) continue;
        seen.add(pair);
        pairs++;
      }
    }
    return { situations, pairs };
  }

  /** All situations that were met, as numbers, in the order in which they were first met. */
  numbers(): readonly number[] {
    return [...this.#situations];
  }

  /** How many pairs were met, of all that can be. One that was said to be impossible and was met all the same counts. */
  pairs(): { readonly reached: number; readonly possible: number } {
    let reached = 0;
    let possible = 0;
    for (let index = 0; index < memberPairs.length; index++) {
      const [first, second] = memberPairs[index]!;
      const impossible = [...this.#impossible[index]!].filter((pair) => !this.#pairs[index]!.has(pair));
      reached += this.#pairs[index]!.size;
      possible += this.#sizes[first]! * this.#sizes[second]! - impossible.length;
    }
    return { reached, possible };
  }

  /** Pairs that could be and never were, in the order of the space. */
  gaps(): readonly Pair[] {
    const gaps: Pair[] = [];
    for (let index = 0; index < memberPairs.length; index++) {
      const [first, second] = memberPairs[index]!;
      const size = this.#sizes[second]!;
      for (let pair = 0; pair < this.#sizes[first]! * size; pair++) {
        if (this.#pairs[index]!.has(pair) || this.#impossible[index]!.has(pair)) continue;
        gaps.push(this.#pairOf([first, second], [Math.floor(pair / size), pair % size]));
      }
    }
    return gaps;
  }

  #pairOf([first, second]: readonly [number, number], [one, other]: readonly [number, number]): Pair {
    const valueOf = (index: number, place: number) => ({
      member: members[index]!,
      value: this.#space[members[index]!][place]!,
    });
    return { first: valueOf(first, one), second: valueOf(second, other) };
  }

  #placesIn(number: number): readonly number[] {
    const places: number[] = [];
    for (let index = members.length - 1, rest = number; index >= 0; index--) {
      const size = this.#sizes[index]!;
      places[index] = rest % size;
      rest = Math.floor(rest / size);
    }
    return places;
  }

  #numbersOf(first: number, second: number, impossible: readonly ImpossiblePairs[]): ReadonlySet<number> {
    const numbers = new Set<number>();
    const valuesOf = (index: number): readonly string[] => this.#space[members[index]!];
    for (const { values } of impossible) {
      const ofFirst = values[members[first]!];
      const ofSecond = values[members[second]!];
      if (ofFirst === undefined || ofSecond === undefined) continue;
      for (const one of ofFirst)
        for (const other of ofSecond) {
          numbers.add(valuesOf(first).indexOf(one) * this.#sizes[second]! + valuesOf(second).indexOf(other));
        }
    }
    return numbers;
  }
}
