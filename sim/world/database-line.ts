// The line between a server process and its database. Every statement of the store is a round trip on it, and so a
// point at which a scenario may crash the server, hold it, fail it, or lose the answer; a storm does the same by
// chance.
import type { Accident, AccidentKind } from "../../scenarios/format/types.ts";
import type { Decisions } from "../kernel/addressed-random.ts";
import type { SimProcess, Wait } from "../kernel/process.ts";
import type { StatementAddress, StatementTraps, Trap } from "./statement-traps.ts";

/** The answer of the database was lost, with the connection. */
export class LineBroken extends Error {
  readonly code = "line_broken";
  override readonly name = "LineBroken";
}

/** What the asker makes of how a round trip ended, in the very event that ends it. */
export interface Hearing<Answer, Result> {
  /** May throw: then the round trip fails with that. */
  answered(answer: Answer): Result;
  /** No answer came: the refusal for a statement that the world has the database refuse, anything else when the
   *  connection is gone and the statement may have happened or not. Returns what the round trip fails with. */
  lost(error: Error): Error;
}

export interface DatabaseLineOptions {
  readonly process: SimProcess;
  readonly latency: Decisions;
  /** A round trip takes between 0 and this. Units: virtual milliseconds. */
  readonly latencyMaxMs: number;
  /** Crashes the server process, now; by chance if there is an accident. */
  readonly crash: (text: string, accident: Accident | undefined) => void;
  readonly onFault: (fault: { readonly kind: string; readonly text: string }) => void;
  readonly traps: StatementTraps;
  /** The scenario's name of a device that the server knows by its id. */
  readonly deviceNamed: (deviceId: string) => string | undefined;
  /** By chance: asked once for each round trip. */
  readonly accident: (address: StatementAddress) => Accident | undefined;
  /** Told of accidents that have their effect. */
  readonly onAccident: (accident: Accident) => void;
  readonly failure: (sqlstate: string, text: string) => Error;
}

/** A round trip that something befalls. */
interface Disturbance<Answer, Result> {
  readonly address: StatementAddress;
  readonly start: (done: (answer: Answer) => void) => void;
  readonly wait: Wait<Result>;
  readonly hearing: Hearing<Answer, Result>;
  readonly trap: Trap | undefined;
  readonly accident: Accident | undefined;
}

export class DatabaseLine {
  /** Why the process gets no connection; absent while it does. Those that it has go on. */
  refusal: string | undefined;
  /** Told of each connection that was refused. */
  onRefused: (() => void) | undefined;
  readonly #options: DatabaseLineOptions;
  #held: { readonly address: StatementAddress; readonly go: () => void }[] = [];

  #calms = 0;

  constructor(options: DatabaseLineOptions) {
    this.#options = options;
  }

  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** What chance has decided and has not struck yet does not strike any more, and what was held goes on. */
  calm(): void {
    this.#calms++;
    this.release();
  }

  /** The process crashed: what was held is gone with it. */
  noteCrash(): void {
    this.#held = [];
  }

  /** Lets go what a `hold-during` holds: all of it, or one purpose's, or one device's. */
  release(which: { readonly purpose?: string; readonly device?: string } = {}): void {
    const isMeant = ({ address }: { readonly address: StatementAddress }): boolean =>
      (which.purpose === undefined || which.purpose === address.purpose) &&
      (which.device === undefined || which.device === this.#deviceOf(address));
    const going = this.#held.filter(isMeant);
    this.#held = this.#held.filter((held) => !isMeant(held));
    for (const held of going) this.#options.process.scheduleOwn(0, "release", held.go);
  }

  /** One round trip: the statement starts when the database hears it, and its answer travels back.
   *  Errors: what `hearing` makes of `LineBroken` and of its answer. */
  roundTrip<Answer, Result>(
    address: StatementAddress,
    start: (done: (answer: Answer) => void) => void,
    hearing: Hearing<Answer, Result>,
  ): Promise<Result> {
    const { process, traps, deviceNamed } = this.#options;
    const wait = process.wait<Result>(address.statement);
    if (this.refusal !== undefined && address.statement === "begin") {
      this.onRefused?.();
      const lost = hearing.lost(new LineBroken(this.refusal));
      process.scheduleOwn(0, address.statement, () => wait.failNow(lost));
      return wait.promise;
    }
    const accident = this.#options.accident(address);
    const trap = traps.spring(address, deviceNamed);
    // Apart, because it is the rule, and shares no closures with what disturbs a statement.
    if (trap === undefined && accident === undefined) this.#pass(wait, start, hearing);
    else {
      const mine = trap === undefined ? accident : undefined;
      this.#disturb({ address, start, wait, hearing, trap, accident: mine });
    }
    return wait.promise;
  }

  #pass<Answer, Result>(
    wait: Wait<Result>,
    start: (done: (answer: Answer) => void) => void,
    hearing: Hearing<Answer, Result>,
  ): void {
    const { process, latency, latencyMaxMs } = this.#options;
    start((answer) => {
      // The statement may have waited for a lock while its process crashed; then nobody hears the answer.
      if (wait.isOver) return;
      process.scheduleOwn(latency.nextBetween(0, latencyMaxMs), wait.label, () =>
        hear(wait, hearing, answer),
      );
    });
  }

  #disturb<Answer, Result>(disturbance: Disturbance<Answer, Result>): void {
    const { address, start, wait, hearing, trap, accident } = disturbance;
    const { process, latency, latencyMaxMs } = this.#options;
    const calms = this.#calms;
    const strikes = (kind: AccidentKind): boolean => {
      if (accident?.kind !== kind || this.#calms !== calms) return false;
      this.#options.onAccident(accident);
      return true;
    };
    const place = `${address.purpose}, ${address.statement}`;
    const crash = (position: string): void => this.#options.crash(`crash ${position} ${place}`, accident);
    const begin = (): void => {
      start((answer) => {
        if (wait.isOver) return;
        process.scheduleOwn(latency.nextBetween(0, latencyMaxMs), address.statement, () => {
          if (strikes("crash-after") || (trap?.verb === "crash-during" && trap.position === "after")) {
            crash("after");
          } else if (strikes("lose-answer") || trap?.verb === "lose-answer-during") {
            this.#options.onFault({ kind: "database answer lost", text: `the answer to ${place} is lost` });
            wait.failNow(hearing.lost(new LineBroken(`the answer to ${place} was lost`)));
          } else if (trap?.verb === "hold-during" && trap.position === "after") {
            this.#options.onFault({ kind: "held", text: `held after ${place}` });
            this.#held.push({ address, go: () => hear(wait, hearing, answer) });
          } else {
            hear(wait, hearing, answer);
          }
        });
      });
    };
    if (strikes("crash-before") || (trap?.verb === "crash-during" && trap.position === "before")) {
      process.scheduleOwn(0, address.statement, () => crash("before"));
    } else if (trap?.verb === "fail-during") {
      this.#options.onFault({ kind: "database error", text: `${trap.sqlstate ?? "XX000"} at ${place}` });
      const refusal = this.#options.failure(trap.sqlstate ?? "XX000", `injected at ${place}`);
      process.scheduleOwn(0, address.statement, () => wait.failNow(hearing.lost(refusal)));
    } else if (trap?.verb === "hold-during" && trap.position === "before") {
      this.#options.onFault({ kind: "held", text: `held before ${place}` });
      this.#held.push({ address, go: begin });
    } else {
      begin();
    }
  }

  #deviceOf(address: StatementAddress): string | undefined {
    return address.device === undefined ? undefined : this.#options.deviceNamed(address.device);
  }
}

/** Within the event that resumes the waiter. */
function hear<Answer, Result>(wait: Wait<Result>, hearing: Hearing<Answer, Result>, answer: Answer): void {
  let result: Result;
  try {
    result = hearing.answered(answer);
  } catch (error) {
    wait.failNow(error);
    return;
  }
  wait.answerNow(result);
}
