// The way from the database to the server, on which an answer can be withheld: kept whole up to a bound, or thrown away
// where it is certain that nobody will hear it.

/** Of an answer that is kept. */
const keptMax = 8 * 1_024 * 1_024;

export class Delivery {
  readonly #toFrontend: (bytes: Buffer) => void;
  #isWithholding = false;
  #isLost = false;
  #kept: Buffer[] = [];
  #keptLength = 0;

  constructor(toFrontend: (bytes: Buffer) => void) {
    this.#toFrontend = toFrontend;
  }

  get isWithholding(): boolean {
    return this.#isWithholding;
  }

  /** More is kept than should be. */
  get isFull(): boolean {
    return this.#keptLength > keptMax && !this.#isLost;
  }

  /** From here on. `isLost`: what is too much to be kept is thrown away. */
  withhold(isLost: boolean): void {
    this.#isWithholding = true;
    this.#isLost = isLost;
  }

  deliver(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (!this.#isWithholding) {
      this.#toFrontend(bytes);
      return;
    }
    this.#keptLength += bytes.length;
    this.#kept.push(bytes);
    if (this.#isLost && this.#keptLength > keptMax) this.#kept = [];
  }

  /** What was kept goes on, and what comes. */
  letGo(): void {
    this.#isWithholding = false;
    for (const bytes of this.#kept) this.#toFrontend(bytes);
    this.forget();
  }

  forget(): void {
    this.#kept = [];
    this.#keptLength = 0;
  }
}
