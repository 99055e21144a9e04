// Keeps two things apart that share the servers: accounts that have been promised calm, and what befalls all servers at
// once. Any number of accounts may be in their calm at the same time, and nothing strikes while one is. From the moment
// at which somebody wants to strike until it is done, no other calm begins; so a coming and going of accounts cannot put
// it off for ever, nor can one strike after the other put off the calms.
import assert from "node:assert/strict";

export class CalmGate {
  #calms = 0;
  #isStriking = false;
  /** Told when the last calm has ended. */
  #strike: (() => void) | undefined;
  #waiting: (() => void)[] = [];

  /** Runs work during which nothing strikes. */
  async calmly<T>(work: () => Promise<T>): Promise<T> {
    while (this.#isStriking) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#calms++;
    try {
      return await work();
    } finally {
      this.#calms--;
      if (this.#calms === 0) this.#strike?.();
    }
  }

  /** Runs work that strikes everybody, as soon as nobody is in a calm. One at a time. */
  async strike<T>(work: () => Promise<T>): Promise<T> {
    assert(!this.#isStriking, "whoever strikes waits for the end of the strike before");
    this.#isStriking = true;
    try {
      if (this.#calms > 0) await new Promise<void>((resolve) => (this.#strike = resolve));
      this.#strike = undefined;
      return await work();
    } finally {
      this.#isStriking = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const enter of waiting) enter();
    }
  }
}
