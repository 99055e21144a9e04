// A WaveFlow server on the simulated engine without a kernel: no distance to the database unless a test puts some there,
// and a clock that moves when it is cranked. For the tests of the server's laws.
import type { HttpResponse } from "../../protocol/http.ts";
import type { PullReply, PushReply } from "../../protocol/waveflow/types.ts";
import { StatementFailed, type Timer } from "../../reference-server/waveflow/ports.ts";
import type { Hearing } from "../world/database-line.ts";
import { type DatabaseWire, hear, type StatementAddress, type StatementName } from "./wire.ts";

/** Lets everything happen that needs no time. */
export const settle = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** Time that stands still until `advance`. */
export class HandClock {
  #now: number;
  #order = 0;
  readonly #due: { at: number; order: number; run: () => unknown }[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => unknown): Timer {
    const timer = { at: this.#now + delayMs, order: this.#order++, run };
    this.#due.push(timer);
    return {
      cancel: () => {
        const place = this.#due.indexOf(timer);
        if (place >= 0) this.#due.splice(place, 1);
      },
    };
  }

  get timersDue(): number {
    return this.#due.length;
  }

  /** Somebody sets the clock; timers are not told. */
  jump(byMs: number): void {
    this.#now += byMs;
  }

  /** Moves on, stopping at every timer on the way. */
  async advance(byMs: number): Promise<void> {
    const until = this.#now + byMs;
    await settle();
    for (;;) {
      const [next] = this.#due
        .filter(({ at }) => at <= until)
        .sort((one, other) => one.at - other.at || one.order - other.order);
      if (next === undefined) break;
      this.#due.splice(this.#due.indexOf(next), 1);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await settle();
    }
    this.#now = until;
  }
}

/** What befalls a statement. `hold` stops it until `release`, before it starts or before its answer is heard; `lose`
 *  lets it happen and breaks the connection; `drop` breaks it before; `refuse` has the database say no. */
export type StatementFate =
  | { readonly kind: "hold"; readonly position: "before" | "after" }
  | { readonly kind: "lose" | "drop" }
  | { readonly kind: "refuse"; readonly sqlstate: string };

interface Plan {
  readonly purpose: string;
  readonly statement: StatementName;
  readonly fate: StatementFate;
  times: number;
}

/** A wire on which a test can place accidents, each struck `times` times. */
export class ScriptedWire implements DatabaseWire {
  /** Every round trip so far, as "purpose statement". */
  readonly trace: string[] = [];
  readonly #plans: Plan[] = [];
  #held: (() => void)[] = [];

  plan(purpose: string, statement: StatementName, fate: StatementFate, times = 1): void {
    this.#plans.push({ purpose, statement, fate, times });
  }

  get heldCount(): number {
    return this.#held.length;
  }

  /** Lets go what is held, oldest first. */
  release(): void {
    const held = this.#held;
    this.#held = [];
    for (const go of held) go();
  }

  roundTrip<Answer, Result>(
    address: StatementAddress,
    start: (done: (answer: Answer) => void) => void,
    hearing: Hearing<Answer, Result>,
  ): Promise<Result> {
    this.trace.push(`${address.purpose} ${address.statement}`);
    const fate = this.#fateOf(address);
    return new Promise((resolve, reject) => {
      const lost = (): void => reject(hearing.lost(new Error("the connection broke")));
      const heard = (answer: Answer): void => hear(hearing, answer, { resolve, reject });
      switch (fate?.kind) {
        case "refuse":
          reject(hearing.lost(new StatementFailed(fate.sqlstate, "as the test has it")));
          break;
        case "drop":
          lost();
          break;
        case "lose":
          start(lost);
          break;
        case "hold":
          if (fate.position === "before") this.#held.push(() => start(heard));
          else start((answer) => this.#held.push(() => heard(answer)));
          break;
        case undefined:
          start(heard);
      }
    });
  }

  #fateOf(address: StatementAddress): StatementFate | undefined {
    const plan = this.#plans.find(
      ({ purpose, statement, times }) =>
        times > 0 && purpose === address.purpose && statement === address.statement,
    );
    if (plan === undefined) return undefined;
    plan.times--;
    return plan.fate;
  }
}

/** A socket whose peer takes every frame at once, until told to lag. */
export class HandSocket {
  readonly frames: unknown[] = [];
  pings = 0;
  pending = 0;
  closed: { readonly code: number; readonly reason: string } | undefined;

  send(frame: unknown): void {
    this.frames.push(frame);
  }

  pendingFrames(): number {
    return this.pending;
  }

  ping(): void {
    this.pings++;
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }
}

/** The members that replies have, the ones of refusals too; a test names the ones that it expects. */
export interface ReplyBody extends PullReply, PushReply {
  readonly type: string;
  readonly index: number | undefined;
  readonly stored_max: number;
  readonly compacted_up_to: number;
  readonly errors: readonly { readonly path: string; readonly message: string }[];
}

export const bodyOf = (reply: HttpResponse): ReplyBody => (reply.body ?? {}) as unknown as ReplyBody;
