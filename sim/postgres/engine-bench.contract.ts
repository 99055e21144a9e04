// What the unit tests of the engine share: a small table, virtual time, and answers kept as they come.
import { Engine, type EngineOptions, type Outcome, type Session } from "./engine.ts";
import { defineTable } from "./schema.ts";
import { select, type Statement } from "./statements.ts";

export interface Song {
  readonly id: number;
  readonly title: string;
  readonly plays: number;
}

export const songs = defineTable<Song>({
  name: "song",
  indexes: [
    { name: "song_pkey", kind: "ordered", columns: ["id"], unique: true },
    { name: "song_title_key", kind: "hash", columns: ["title"], unique: true },
  ],
});

export const song = (id: number, plays = 0): Song => ({ id, title: `title ${id}`, plays });
export const byId = (id: number) => ({ index: "song_pkey", equals: [id] });
export const everySong = { index: "song_pkey" };

/** What a statement answered; `undefined` while it waits. An error is its SQLSTATE. */
export interface Reply<R> {
  answer: R | string | undefined;
}

export class Bench {
  readonly engine: Engine;
  #now = 0;
  #timers: { readonly at: number; readonly run: () => void }[] = [];

  constructor(options: Pick<EngineOptions, "deadlockTimeoutMs" | "pickNext"> = {}) {
    this.engine = new Engine({
      schema: { tables: [songs], sequences: ["ids"] },
      timers: {
        after: (delayMs, run) => {
          const timer = { at: this.#now + delayMs, run };
          this.#timers.push(timer);
          return {
            cancel: () => {
              this.#timers = this.#timers.filter((other) => other !== timer);
            },
          };
        },
      },
      ...options,
    });
  }

  get timersPending(): number {
    return this.#timers.length;
  }

  advance(ms: number): void {
    this.#now += ms;
    for (;;) {
      const due = this.#timers
        .filter((timer) => timer.at <= this.#now)
        .sort((one, other) => one.at - other.at)[0];
      if (due === undefined) return;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      due.run();
    }
  }

  plays(): readonly (readonly [number, number])[] {
    const rows = run(this.engine.connect(), select(songs, everySong)).answer as readonly Song[];
    return rows.map((row) => [row.id, row.plays] as const);
  }
}

export function run<R>(session: Session, statement: Statement<R>): Reply<R> {
  const reply: Reply<R> = { answer: undefined };
  session.execute(statement, (outcome: Outcome<R>) => {
    reply.answer = outcome.ok ? outcome.value : outcome.error.sqlstate;
  });
  return reply;
}
