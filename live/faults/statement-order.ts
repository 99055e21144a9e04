// Has the statements of real servers reach their database in the order of another run: each waits on the wire until those
// that came before it there have been answered here. So an interleaving that the simulation has found is brought about on
// a real database, between any two transactions, without anybody's steps saying so.
// Keeps the order of statements and of nothing else: who hears what first is left to the network. What never comes is not
// waited for: where everything stands still for a while, whoever is first in the order goes on, and the wait is told as
// given up.
import { placeKey, type StatementOrder } from "../../scenarios/format/statement-order.ts";
import type { WireStatement } from "./postgres-wire/events.ts";
import type { Hold, PostgresWireProxy } from "./postgres-wire/proxy.ts";
import { nameOf, tagsOf } from "./statement-tags.ts";

export interface StatementOrderOptions {
  /** The lines of the processes. */
  readonly lines: readonly PostgresWireProxy[];
  readonly order: StatementOrder;
  /** The name of a device that the server knows by its id; `undefined` for a stranger. */
  readonly deviceNamed: (deviceId: string) => string | undefined;
  /** Default: 400. */
  readonly standstillMs?: number;
}

export interface OrderKept {
  /** Statements that came after all that they had to come after. */
  readonly kept: number;
  /** Waits that were given up, in words. */
  readonly givenUp: readonly string[];
}

/** A server of which so much is missing is on another way altogether. */
const givenUpMax = 10;

interface Waiting {
  readonly place: number;
  hasGivenUp: boolean;
  readonly release: () => void;
}

interface Transaction {
  /** `undefined` for a stranger's. */
  readonly key:
    | { readonly device: string; readonly purpose: string; readonly transaction: number }
    | undefined;
  readonly occurrences: Map<string, number>;
}

export class StatementFollower {
  readonly #options: StatementOrderOptions;
  readonly #places = new Map<string, number>();
  readonly #answered = new Set<number>();
  readonly #placeOf = new WeakMap<WireStatement, number>();
  readonly #admitted = new WeakSet<WireStatement>();
  readonly #transactions = new Map<string, Transaction>();
  readonly #transactionsOf = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();
  readonly #gates = new Set<Hold>();
  readonly #givenUp: string[] = [];
  readonly #endings: (() => void)[] = [];
  #kept = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: StatementOrderOptions) {
    this.#options = options;
    for (const [place, one] of options.order.entries()) this.#places.set(placeKey(one), place);
    for (const [index, line] of options.lines.entries()) {
      // Every statement is offered to a window once, before anything else is made of it.
      const window = line.openWindow({ match: (statement) => this.#name(index, statement) });
      const unsubscribe = line.subscribe((event) => {
        if (event.kind === "answered") this.#noteAnswer(event.statement);
      });
      this.#endings.push(() => window.close(), unsubscribe);
      this.#guard(line);
    }
  }

  /** How far the order was kept. */
  get outcome(): OrderKept {
    return { kept: this.#kept, givenUp: [...this.#givenUp] };
  }

  /** From here on everything comes as it comes. May be called twice. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    for (const end of this.#endings) end();
    for (const gate of this.#gates) gate.release();
    this.#waiting.clear();
  }

  /** Says which place of the order the statement has. Never has it counted. */
  #name(line: number, statement: WireStatement): boolean {
    const transaction = this.#transactionOf(line, statement);
    if (transaction.key !== undefined) {
      const name = nameOf(statement);
      const nth = (transaction.occurrences.get(name) ?? 0) + 1;
      transaction.occurrences.set(name, nth);
      const place = this.#places.get(placeKey({ ...transaction.key, statement: name, nth }));
      if (place !== undefined) this.#placeOf.set(statement, place);
    }
    this.#isAlive();
    return false;
  }

  #transactionOf(line: number, statement: WireStatement): Transaction {
    const connection = `${line} ${statement.connection.id}`;
    const present = this.#transactions.get(connection);
    if (statement.earlier.length > 0 && present !== undefined) return present;
    const begun: Transaction = { key: this.#keyOf(statement), occurrences: new Map() };
    this.#transactions.set(connection, begun);
    return begun;
  }

  #keyOf(statement: WireStatement): Transaction["key"] {
    const tags = tagsOf(statement);
    const purpose = tags.get("purpose");
    const deviceId = tags.get("device");
    const device = deviceId === undefined ? "" : this.#options.deviceNamed(deviceId);
    if (purpose === undefined || device === undefined) return undefined;
    const kind = `${device} ${purpose}`;
    const transaction = (this.#transactionsOf.get(kind) ?? 0) + 1;
    this.#transactionsOf.set(kind, transaction);
    return { device, purpose, transaction };
  }

  /** Keeps one gate on the line: whoever has to wait takes it and leaves another. */
  #guard(line: PostgresWireProxy): void {
    if (this.#isOver) return;
    let taken: WireStatement | undefined;
    const gate = line.hold({
      side: "before",
      at: {
        statement: (statement) => {
          if (taken !== undefined || !this.#hasToWait(statement)) return false;
          taken = statement;
          this.#guard(line);
          return true;
        },
      },
    });
    this.#gates.add(gate);
    void gate.reached.then((held) => {
      const statement = taken;
      if (held === undefined || statement === undefined || this.#isOver) return gate.release();
      const release = (): void => {
        this.#gates.delete(gate);
        this.#admitted.add(statement);
        gate.release();
      };
      const place = this.#placeOf.get(statement)!;
      if (this.#missing(place).length === 0) return release();
      this.#waiting.add({ place, hasGivenUp: false, release });
      this.#isAlive();
    });
  }

  #hasToWait(statement: WireStatement): boolean {
    const place = this.#placeOf.get(statement);
    if (place === undefined || this.#isOver || this.#admitted.has(statement)) return false;
    if (this.#missing(place).length > 0) return true;
    if (this.#options.order[place]!.after.length > 0) this.#kept++;
    this.#admitted.add(statement);
    return false;
  }

  #missing(place: number): readonly number[] {
    return this.#options.order[place]!.after.filter((earlier) => !this.#answered.has(earlier));
  }

  #noteAnswer(statement: WireStatement): void {
    const place = this.#placeOf.get(statement);
    this.#isAlive();
    if (place === undefined) return;
    this.#answered.add(place);
    this.#letGo();
  }

  #letGo(): void {
    for (const waiting of this.#waiting) {
      if (this.#missing(waiting.place).length > 0) continue;
      this.#waiting.delete(waiting);
      if (!waiting.hasGivenUp) this.#kept++;
      waiting.release();
    }
  }

  /** Something moves: whoever waits may go on waiting. */
  #isAlive(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.size === 0 || this.#isOver) return;
    this.#timer = setTimeout(() => this.#giveUp(), this.#options.standstillMs ?? 400);
  }

  #giveUp(): void {
    const [first] = [...this.#waiting].sort((left, right) => left.place - right.place);
    if (first === undefined) return;
    const { order } = this.#options;
    first.hasGivenUp = true;
    for (const missing of this.#missing(first.place)) {
      this.#answered.add(missing);
      this.#givenUp.push(`${wordsOf(order[first.place]!)} does not wait for ${wordsOf(order[missing]!)}`);
    }
    if (this.#givenUp.length >= givenUpMax) this.end();
    else this.#letGo();
    this.#isAlive();
  }
}

const wordsOf = ({ device, purpose, statement, transaction }: StatementOrder[number]): string =>
  `${device === "" ? "the server" : device}'s ${purpose}${transaction === 1 ? "" : `#${transaction}`}, ${statement}`;
