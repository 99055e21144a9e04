// What a run has to repeat of another one, beside its steps: accidents at places that only that run can name, counted over
// the whole run, and the order of statements.
import type { Accident } from "../../scenarios/format/types.ts";
import type { StatementOrder } from "../../scenarios/format/statement-order.ts";
import type { Life } from "./life.ts";
import type { PostgresWireProxy } from "./postgres-wire/proxy.ts";
import type { WireStatement } from "./postgres-wire/events.ts";
import { type OrderKept, StatementFollower } from "./statement-order.ts";
import type { StatementFaults, StatementTrap } from "./statement-faults.ts";
import { nameOf, plainName, tagsOf } from "./statement-tags.ts";

export interface Guide {
  /** At statements of servers and at durable steps of devices; all others are steps of the scenario. */
  readonly accidents: readonly Accident[];
  readonly order: StatementOrder;
}

export interface GuideKept extends OrderKept {
  /** Accidents that never came to pass. */
  readonly unstruck: readonly Accident[];
}

export interface GuidanceOptions {
  readonly guide: Guide;
  readonly lines: readonly PostgresWireProxy[];
  readonly statements: Pick<StatementFaults, "arm">;
  /** Names of the processes, in the order of their lines. */
  readonly servers: readonly string[];
  readonly deviceNamed: (deviceId: string) => string | undefined;
  /** Brings back who crashed, unless it is up again. */
  readonly restart: (who: string) => Promise<void>;
  readonly life: Life;
}

/** Holds a run to its guide, until everybody has come to rest. */
export class Guidance {
  readonly #options: GuidanceOptions;
  readonly #follower: StatementFollower;
  readonly #unstruck: Set<Accident>;
  readonly #places = new WeakMap<WireStatement, string>();
  readonly #endings: (() => void)[] = [];
  readonly #commits = new Map<string, number>();
  #isCalm = false;

  constructor(options: GuidanceOptions) {
    this.#options = options;
    const { guide, lines, deviceNamed } = options;
    this.#unstruck = new Set(guide.accidents);
    for (const [index, line] of lines.entries()) this.#count(line, options.servers[index]!);
    for (const accident of guide.accidents) if (accident.what !== durableStep) this.#arm(accident);
    this.#follower = new StatementFollower({ lines, order: guide.order, deviceNamed });
  }

  get kept(): GuideKept {
    return { ...this.#follower.outcome, unstruck: [...this.#unstruck] };
  }

  /** What befalls a device's next durable step. To be asked once for each. */
  nextCommit(device: string): Accident | undefined {
    const nth = (this.#commits.get(device) ?? 0) + 1;
    this.#commits.set(device, nth);
    if (this.#isCalm) return undefined;
    const accident = [...this.#unstruck].find(
      ({ who, what, nth: due }) => who === device && what === durableStep && due === nth,
    );
    if (accident !== undefined) this.#struck(accident);
    return accident;
  }

  /** No accident strikes any more. The order is kept: what was begun before goes on behind the calm. */
  calm(): void {
    this.#isCalm = true;
  }

  /** Everything comes as it comes from here on. May be called twice. */
  end(): void {
    this.calm();
    this.#follower.end();
    for (const end of this.#endings.splice(0)) end();
  }

  /** Numbers the statements of a process as they come, each once. */
  #count(line: PostgresWireProxy, server: string): void {
    const counts = new Map<string, number>();
    const window = line.openWindow({
      match: (statement) => {
        const purpose = tagsOf(statement).get("purpose");
        const what = `${server} ${purpose} ${plainName(nameOf(statement))}`;
        const nth = (counts.get(what) ?? 0) + 1;
        counts.set(what, nth);
        this.#places.set(statement, `${what} ${nth}`);
        return false;
      },
    });
    this.#endings.push(() => window.close());
  }

  #arm(accident: Accident): void {
    const { who, what, nth, kind } = accident;
    const [purpose = "", statement = ""] = what.split(" ");
    const place = `${who} ${purpose} ${plainName(statement)} ${nth}`;
    const trap: StatementTrap = {
      verb: kind === "lose-answer" ? "lose-answer-during" : "crash-during",
      purpose,
      position: kind === "crash-before" ? "before" : "after",
      statement,
      nth,
    };
    this.#options.statements.arm(trap, {
      isMeant: (met) => this.#places.get(met) === place,
      onStruck: () => this.#struck(accident),
    });
  }

  #struck(accident: Accident): void {
    this.#unstruck.delete(accident);
    const { life, restart } = this.#options;
    if (accident.extentMs === undefined) return;
    life.after(accident.extentMs, () => void restart(accident.who).catch(() => undefined));
  }
}

const durableStep = "durable step";
