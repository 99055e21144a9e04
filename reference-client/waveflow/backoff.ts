// How long to wait after a failure: doubling to a bound, back to the first by a success.

export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #nextMs: number;

  constructor(bounds: { firstMs: number; maxMs: number }) {
    this.#firstMs = bounds.firstMs;
    this.#maxMs = bounds.maxMs;
    this.#nextMs = bounds.firstMs;
  }

  /** The wait after one more failure. Units: milliseconds.  Source: WF-DEV-5. */
  failedMs(): number {
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(this.#nextMs * 2, this.#maxMs);
    return delayMs;
  }

  succeeded(): void {
    this.#nextMs = this.#firstMs;
  }
}
