// Randomness has addresses. A decision is drawn from (seed, who, what, which occurrence) and from nothing else, so
// that taking away one op or one fault leaves every other decision in place: shrinking works, seeds survive
// refactoring, and two runs can be compared line by line. One shared stream was rejected for exactly that reason.

/** Odds without floats: `numerator` in `denominator`. */
export interface Odds {
  readonly numerator: number;
  readonly denominator: number;
}

/** What all decisions of a run share: zero, or from some moment on what makes them others. */
interface Salt {
  bits: number;
}

/** All decisions of one kind of one actor: occurrence 0, 1, 2 … */
export class Decisions {
  readonly #base: number;
  readonly #salt: Salt;
  #occurrence = 0;

  constructor(base: number, salt: Salt) {
    this.#base = base;
    this.#salt = salt;
  }

  /** How many were drawn with `next…`. */
  get occurrences(): number {
    return this.#occurrence;
  }

  /** 32 random bits of one occurrence, the same however often it is asked before the run branches off. */
  at(occurrence: number): number {
    return mix(this.#base ^ this.#salt.bits ^ Math.imul(occurrence + 1, 0x9e3779b1));
  }

  next(): number {
    return this.at(this.#occurrence++);
  }

  /** A whole number from `least` to `most`, both included. */
  nextBetween(least: number, most: number): number {
    const span = most - least + 1;
    // The bias of the remainder is below 2^-20 for spans under 4,096 and does not matter for fates.
    return least + (this.next() % span);
  }

  /** As `nextBetween`, for one occurrence, the same however often it is asked. */
  between(occurrence: number, least: number, most: number): number {
    return least + (this.at(occurrence) % (most - least + 1));
  }

  nextIs(odds: Odds): boolean {
    return this.next() % odds.denominator < odds.numerator;
  }
}

/** The root of a run's decisions. */
export class AddressedRandom {
  readonly #seed: number;
  readonly #decisions = new Map<string, Map<string, Decisions>>();
  readonly #salt: Salt = { bits: 0 };

  constructor(seed: string) {
    this.#seed = mix(hashText(seed, 0x5ea7_41a1));
  }

  /** From now on every decision is another one, at all addresses: what has been drawn stays, what is to come is as in a
   *  run that nobody has seen. The same salt gives the same decisions. */
  branchOff(salt: string): void {
    this.#salt.bits = mix(hashText(salt, this.#seed ^ 0x0b1a_4c42)) | 1;
  }

  /** The decisions at an address, always the same object for the same address. */
  decisions(who: string, what: string): Decisions {
    let byWhat = this.#decisions.get(who);
    if (byWhat === undefined) this.#decisions.set(who, (byWhat = new Map()));
    let decisions = byWhat.get(what);
    if (decisions === undefined) {
      // The hash of `who`, a NUL and `what` as one text, which need not be built for it.
      const hash = hashOn(hashOn(hashText(who, this.#seed), "\u0000"), what);
      byWhat.set(what, (decisions = new Decisions(mix(hash), this.#salt)));
    }
    return decisions;
  }
}

/** FNV-1a over UTF-16 units, started from `basis`. Units: 32 bits, unsigned. */
export function hashText(text: string, basis: number): number {
  return hashOn((basis ^ 0x811c_9dc5) >>> 0, text);
}

/** The hash of a text and of `text` behind it, from the hash of the first. */
function hashOn(hashed: number, text: string): number {
  let hash = hashed;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193);
  }
  return hash >>> 0;
}

/** The finisher of MurmurHash3: every input bit moves every output bit.
 *  Source: Austin Appleby, MurmurHash3, `fmix32`. */
export function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
