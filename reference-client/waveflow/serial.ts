// Two ways of doing one thing at a time: durable steps queue up behind each other; passes do too, and a wake-up that
// comes while one of its kind is still waiting joins that one.

/** Runs what it is given one after the other, in the order given. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const next = afterwards(this.#last, work);
    this.#last = next;
    return next;
  }

  /** Resolves when everything given so far has ended, well or not. */
  async idle(): Promise<void> {
    await this.#last.then(nothing, nothing);
  }
}

/** Passes over the wire: never two at once, and at most one of a kind waiting.  Source: WF-DEV-5. */
export class Passes {
  readonly #serial = new Serial();
  readonly #waiting = new Map<string, Promise<unknown>>();

  /** A call during a pass leads to another pass after it; a second such call shares it. */
  run<T>(kind: string, pass: () => Promise<T>): Promise<T> {
    const waiting = this.#waiting.get(kind);
    if (waiting !== undefined) return waiting as Promise<T>;
    const started = this.#serial.run(() => {
      this.#waiting.delete(kind);
      return pass();
    });
    this.#waiting.set(kind, started);
    return started;
  }

  /** As `run`, for passes that differ in what they carry and cannot share. */
  runAlone<T>(pass: () => Promise<T>): Promise<T> {
    return this.#serial.run(pass);
  }
}

/** Runs `work` when `before` has ended, well or not. A `then` whose handler returns a promise would take three turns
 *  more. */
async function afterwards<T>(before: Promise<unknown>, work: () => Promise<T>): Promise<T> {
  try {
    await before;
  } catch {
    // Its own caller hears of it.
  }
  return await work();
}

const nothing = (): void => {};
