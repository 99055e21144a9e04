// How far an operator has moved the server's clock: kept in the database, so that it survives a restart, and told to the
// other processes on it.
import type { ChannelListener } from "./listener.ts";
import type { SessionPool } from "./pool.ts";
import type { SqlStatement } from "./session.ts";

export interface SharedClockOptions {
  readonly listener: ChannelListener;
  readonly pool: SessionPool;
  readonly onOffset: (offsetMs: number) => void;
  readonly onFault: (error: unknown) => void;
}

const channel = "server_clock";

/** A clock moved further than this has left the calendar (9999-12-31). */
const offsetMaxMs = 7_000 * 365 * 86_400_000;

const readOffset: SqlStatement<{ offset_ms: number }> = {
  name: "read_clock_offset",
  text: "SELECT offset_ms FROM server_clock",
};

/** $1 by how much, $2 how far altogether, $3 channel. No row when it would go further. */
const advanceOffset: SqlStatement<{ offset_ms: number }> = {
  name: "advance_clock_offset",
  text: `WITH advanced AS (
           INSERT INTO server_clock AS present (offset_ms) VALUES ($1)
           ON CONFLICT (only_row) DO UPDATE SET offset_ms = present.offset_ms + excluded.offset_ms
           WHERE present.offset_ms + excluded.offset_ms <= $2::bigint
           RETURNING offset_ms)
         SELECT offset_ms, pg_notify($3, '') FROM advanced`,
};

export class SharedClock {
  readonly #options: SharedClockOptions;
  /** Moves made here. A reading that was begun before one of them is old news when it arrives. */
  #moves = 0;

  private constructor(options: SharedClockOptions) {
    this.#options = options;
  }

  /** Returns when `onOffset` has been told where the clock stands; it is told again whenever somebody moves it.
   *  Errors: those of the database. */
  static async open(options: SharedClockOptions): Promise<SharedClock> {
    const clock = new SharedClock(options);
    const readAgain = (): void => void clock.#read().catch(options.onFault);
    await options.listener.subscribe({ channel, onPayload: readAgain, onGap: readAgain });
    await clock.#read();
    return clock;
  }

  /** Answers false when the clock would leave the calendar. A move by nothing writes nothing.
   *  Errors: those of the database. */
  async advance(advanceMs: number): Promise<boolean> {
    if (advanceMs === 0) return true;
    const { pool, onOffset } = this.#options;
    const [row] = await pool.inTransaction("read committed", (session) =>
      session.run(advanceOffset, [advanceMs, offsetMaxMs, channel]),
    );
    if (row === undefined) return false;
    this.#moves++;
    onOffset(row.offset_ms);
    return true;
  }

  async #read(): Promise<void> {
    const { pool, onOffset } = this.#options;
    for (;;) {
      const moves = this.#moves;
      const [row] = await pool.inTransaction("read committed", (session) => session.run(readOffset, []));
      if (moves !== this.#moves) continue;
      onOffset(row?.offset_ms ?? 0);
      return;
    }
  }
}
