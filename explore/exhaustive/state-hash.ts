// Sixty-four bits over plain data, for telling states apart. Two states that differ and hash alike would be taken for
// one: with 53 bits kept, a million states do so with odds of about 1 to 18,000.

/** Texts by number: most come again and again, and a number is hashed sooner. Hashes can be compared as long as they were
 *  made with the same one. */
export class Texts {
  readonly #numbers = new Map<string, number>();

  number(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) this.#numbers.set(text, (number = this.#numbers.size));
    return number;
  }
}

/** A hash that grows with what it is told. */
export class StateHash {
  readonly #texts: Texts;
  #high = 0x6a09_e667;
  #low = 0xbb67_ae85;

  constructor(texts: Texts) {
    this.#texts = texts;
  }

  /** A whole number. */
  add(value: number): this {
    let high = Math.imul(this.#high ^ value, 0x9e37_79b1);
    high ^= high >>> 15;
    let low = Math.imul((this.#low ^ value) + high, 0x85eb_ca6b);
    low ^= low >>> 13;
    this.#high = high;
    this.#low = low;
    return this;
  }

  addText(text: string): this {
    return this.add(this.#texts.number(text));
  }

  /** Another hash. */
  addHash(hash: number): this {
    return this.add(hash | 0).add(Math.trunc(hash / 0x1_0000_0000));
  }

  /** Data of any kind: numbers, texts, arrays, Maps, plain objects. The order of members counts. */
  addValue(value: unknown): this {
    switch (typeof value) {
      case "number":
        return this.add(1)
          .add(value | 0)
          .add(Math.trunc(value / 0x1_0000_0000) | 0)
          .add(Number.isInteger(value) ? 0 : Math.trunc((value % 1) * 0x7fff_ffff));
      case "string":
        return this.add(2).addText(value);
      case "boolean":
        return this.add(value ? 3 : 4);
      case "object":
        return value === null ? this.add(5) : this.#addObject(value);
      default:
        return this.add(6);
    }
  }

  /** 53 bits, as one number that a Map can have for a key. */
  value(): number {
    return (this.#high >>> 0) * 0x20_0000 + (this.#low >>> 11);
  }

  #addObject(value: object): this {
    if (Array.isArray(value)) {
      this.add(7).add(value.length);
      for (const member of value) this.addValue(member);
    } else if (value instanceof Map) {
      this.add(8).add(value.size);
      for (const [key, member] of value) this.addValue(key).addValue(member);
    } else if (value instanceof Error) {
      this.add(9).addText(value.message);
    } else {
      this.add(10);
      for (const key in value) this.addText(key).addValue((value as Record<string, unknown>)[key]);
    }
    return this;
  }
}
