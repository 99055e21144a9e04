// What a step touches, as sets of shared objects. Two steps of different lanes that touch no object in common, or only
// read what they have in common, come to the same in either order: that is all that the reduction rests on.

/** Shared objects of one walk, numbered as they come up. */
export class SharedObjects {
  readonly #numbers = new Map<string, number>();

  /** Errors: more objects than a footprint has bits for, which a small scope never has. */
  number(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#numbers.size;
      if (number >= objectsMax)
        throw new RangeError(`expected at most ${objectsMax} shared objects, saw ${name} as well`);
      this.#numbers.set(name, number);
    }
    return number;
  }
}

const objectsMax = 64;

/** The reads and writes of one step. Grows while the step runs, and for what a snapshot shows later even after it. */
export class Footprint {
  #readsLow = 0;
  #readsHigh = 0;
  #writesLow = 0;
  #writesHigh = 0;

  read(object: number): void {
    if (object < 32) this.#readsLow |= 1 << object;
    else this.#readsHigh |= 1 << (object - 32);
  }

  write(object: number): void {
    if (object < 32) this.#writesLow |= 1 << object;
    else this.#writesHigh |= 1 << (object - 32);
  }

  /** Takes in all that the other touches. */
  include(other: Footprint): void {
    this.#readsLow |= other.#readsLow;
    this.#readsHigh |= other.#readsHigh;
    this.#writesLow |= other.#writesLow;
    this.#writesHigh |= other.#writesHigh;
  }

  conflictsWith(other: Footprint): boolean {
    return (
      (this.#writesLow & (other.#readsLow | other.#writesLow)) !== 0 ||
      (this.#writesHigh & (other.#readsHigh | other.#writesHigh)) !== 0 ||
      (this.#readsLow & other.#writesLow) !== 0 ||
      (this.#readsHigh & other.#writesHigh) !== 0
    );
  }

  get isEmpty(): boolean {
    return (this.#readsLow | this.#readsHigh | this.#writesLow | this.#writesHigh) === 0;
  }

  /** The same for the same content. */
  key(): string {
    return `${this.#readsLow},${this.#readsHigh},${this.#writesLow},${this.#writesHigh}`;
  }
}
