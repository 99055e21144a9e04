// The time of the machine.
import type { Clock, Timer } from "../waveflow/ports.ts";

export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  after(delayMs: number, run: () => void | Promise<void>): Timer {
    const timer = setTimeout(() => void run(), delayMs);
    return { cancel: () => clearTimeout(timer) };
  }
}
