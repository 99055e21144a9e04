// The server's clock: that of the machine, plus what an operator has moved it by.
import type { Clock, Timer } from "../waveflow/index.ts";

/** A timer of Node runs at once when it is set for longer than this. */
const stepMaxMs = 2 ** 31 - 1;

export class SystemClock implements Clock {
  /** Units: milliseconds. Moves `now`; timers wait in the machine's time. */
  offsetMs = 0;
  readonly #onFault: (error: unknown) => void;

  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  now(): number {
    return Date.now() + this.offsetMs;
  }

  after(delayMs: number, run: () => void | Promise<void>): Timer {
    let timer: NodeJS.Timeout;
    const step = (remainingMs: number): void => {
      const waitMs = Math.min(Math.max(remainingMs, 0), stepMaxMs);
      timer = setTimeout(() => {
        if (remainingMs > waitMs) step(remainingMs - waitMs);
        else void this.#run(run);
      }, waitMs);
    };
    step(delayMs);
    return { cancel: () => clearTimeout(timer) };
  }

  async #run(run: () => void | Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#onFault(error);
    }
  }
}
