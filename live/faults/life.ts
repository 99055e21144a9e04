// One life of a device: from its start to its end or crash. Whatever a device began must not go on after its life, as
// if its process had died: its timers do not fire, its waits are not answered, its sockets are gone.

/** Longer delays than this would fire at once.  Units: milliseconds.  Source: Node, "Timers", setTimeout. */
const delayMaxMs = 2 ** 31 - 1;

export class Life {
  readonly #onEnd = new Set<() => void>();
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const onEnd = [...this.#onEnd];
    this.#onEnd.clear();
    for (const run of onEnd) run();
  }

  /** Runs `run` when the life ends, unless cancelled before. */
  onEnd(run: () => void): { cancel(): void } {
    if (this.#isOver) run();
    else this.#onEnd.add(run);
    return { cancel: () => this.#onEnd.delete(run) };
  }

  /** A timer that dies with this life. */
  after(delayMs: number, run: () => void): { cancel(): void } {
    if (this.#isOver) return { cancel: () => undefined };
    const ended = this.onEnd(() => clearTimeout(timer));
    const timer = setTimeout(
      () => {
        ended.cancel();
        run();
      },
      Math.min(Math.max(0, delayMs), delayMaxMs),
    );
    return {
      cancel: () => {
        ended.cancel();
        clearTimeout(timer);
      },
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  /** The promise as this life sees it: once it is over, never settled. */
  guard<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => {
          if (!this.#isOver) resolve(value);
        },
        (error: unknown) => {
          if (!this.#isOver) reject(error as Error);
        },
      );
    });
  }
}
