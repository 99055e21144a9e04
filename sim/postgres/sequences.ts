// Sequences hand out numbers to everybody at once and take none back: a rollback leaves a gap, and a number that was
// taken first may be committed last. PostgreSQL logs 32 numbers ahead, so a crash of the server leaves a gap as well.
// Source: PostgreSQL manual, 9.17 "Sequence Manipulation Functions"; CREATE SEQUENCE, "Notes".

/** Source: PostgreSQL manual, 9.17 "Sequence Manipulation Functions". */
export class Sequence {
  #last: number;
  #logged: number;

  constructor(last = 0) {
    this.#last = last;
    this.#logged = last;
  }

  /** The last number handed out; 0 for none. */
  get last(): number {
    return this.#last;
  }

  /** Takes `count` consecutive numbers and answers the first. */
  take(count: number): number {
    const first = this.#last + 1;
    this.#last += count;
    if (this.#last > this.#logged) this.#logged = this.#last + loggedAhead;
    return first;
  }

  set(last: number): void {
    this.#last = last;
    this.#logged = last;
  }

  /** After a crash it goes on behind what was logged. */
  crash(): void {
    this.#last = this.#logged;
  }
}

// SEQ_LOG_VALS in src/backend/commands/sequence.c.
const loggedAhead = 32;
