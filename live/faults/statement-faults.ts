// Faults that a scenario places at statements of the server, on a real database: what `crash during push after
// insertOps` means in the simulation (sim/world/database-line.ts) happens here on the wire between the two.
// A server may say what a transaction is for in a comment of its BEGIN (`/*device='…',purpose='push'*/`, as sqlcommenter
// writes it) and name its prepared statements as the scenario does, in whichever case. Of one that does not, a
// transaction belongs to the only exchange that is under way when it begins, and only its begin, commit and rollback
// have names. What cannot be told runs into none of these faults, and they are reported as never fired.
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerAction } from "../../scenarios/format/types.ts";
import { type LockWait, watchLockWaits } from "../databases/lock-waits.ts";
import type { WireStatement } from "./postgres-wire/events.ts";
import type { Cut, Failing, Hold, PostgresWireProxy } from "./postgres-wire/proxy.ts";
import { nameOf, plainName, tagsOf } from "./statement-tags.ts";

export type StatementTrap = Extract<ServerAction, { purpose: string; position: "before" | "after" }>;

export interface StatementFaultsOptions {
  /** The lines of the processes, in their order. */
  readonly lines: readonly PostgresWireProxy[];
  /** Their database, past the lines. */
  readonly databaseUrl: string;
  /** The scenario's name of a device that the server knows by its id. */
  readonly deviceNamed: (deviceId: string) => string | undefined;
  /** What the servers have been asked for and have not answered. */
  readonly underWay: () => readonly Errand[];
  /** Kills the process with this place among the lines. */
  readonly kill: (place: number, text: string) => Promise<void>;
  readonly onFault: (fault: { readonly kind: string; readonly text: string }) => void;
  /** Hears what was noticed and is no fault. */
  readonly onObservation: (text: string) => void;
}

/** What a transaction is for: the message of a device, or a job of the server. */
export interface Errand {
  readonly message: string;
  /** As the scenario calls it. */
  readonly device?: string | undefined;
}

/** A trap of which something else knows the place. */
export interface PinnedTrap {
  readonly isMeant: (statement: WireStatement) => boolean;
  readonly onStruck: () => void;
}

interface Armed {
  readonly trap: StatementTrap;
  readonly pinned: PinnedTrap | undefined;
  /** One on each line; the first that is reached takes the others back. */
  readonly gates: (Hold | Cut | Failing)[];
}

interface Standing {
  readonly trap: StatementTrap;
  readonly place: number;
  readonly hold: Hold;
  /** Of what is held until somebody releases it. */
  readonly waits?: WaitsBehind;
}

export class StatementFaults {
  readonly #options: StatementFaultsOptions;
  readonly #armed = new Set<Armed>();
  readonly #standing = new Set<Standing>();
  readonly #striking = new Set<Promise<void>>();
  /** Of the present transaction of each connection, by its backend. */
  readonly #errands = new Map<number, Errand | undefined>();
  readonly #unsubscribe: readonly (() => void)[];
  #onHeld: (() => void)[] = [];

  constructor(options: StatementFaultsOptions) {
    this.#options = options;
    this.#unsubscribe = options.lines.map((line) =>
      line.subscribe((event) => {
        if (event.kind === "statement") this.#errandOf(event.statement);
      }),
    );
  }

  /** The next statement of that meaning runs into it, once, in whichever process. `pinned`: a place that is told in
   *  another way, and where nothing is expected to happen. */
  arm(trap: StatementTrap, pinned?: PinnedTrap): void {
    const { lines } = this.#options;
    const armed: Armed = { trap, pinned, gates: [] };
    this.#armed.add(armed);
    const isMeant = pinned?.isMeant ?? ((statement) => this.#isMeant(trap, statement));
    const at = { statement: isMeant };
    for (const [place, line] of lines.entries()) {
      const gate = this.#gateOn(line, trap, at);
      armed.gates.push(gate.gate);
      const struck = gate.reached.then(async (isReached) => {
        if (!isReached || !this.#armed.delete(armed)) return;
        for (const other of armed.gates) if (other !== gate.gate) withdraw(other);
        await this.#strike(trap, gate.gate, place);
        pinned?.onStruck();
      });
      this.#striking.add(struck);
      void struck.finally(() => this.#striking.delete(struck));
    }
  }

  /** Resolves when something is held, now or later. */
  untilHeld(): Promise<void> {
    if (this.#standing.size > 0) return Promise.resolve();
    return new Promise((resolve) => this.#onHeld.push(resolve));
  }

  /** Lets go what is held: all of it, or one purpose's, or one device's. */
  release(which: { readonly purpose?: string; readonly device?: string } = {}): void {
    for (const standing of this.#standing) {
      const { trap, hold } = standing;
      if (which.purpose !== undefined && which.purpose !== trap.purpose) continue;
      if (which.device !== undefined && which.device !== trap.device) continue;
      this.#letGo(standing);
      hold.release();
    }
  }

  /** The process is gone, and what was held of it goes with it. Resolves when the database has ended its sessions, or
   *  after a while: one that waits for a lock notices the end of its connection only when it has got the lock. */
  async noteKilled(place: number): Promise<void> {
    for (const standing of this.#standing) {
      if (standing.place !== place) continue;
      this.#letGo(standing);
      void standing.hold.cut();
    }
    const backendsGone = this.#options.lines[place]?.untilBackendsGone();
    if (backendsGone !== undefined) await Promise.race([backendsGone, sleep(backendsPatienceMs)]);
  }

  /** Every connection of a process to its database breaks; it lives on. What waits for a lock in the database goes on
   *  waiting there, and then finds nobody to answer. */
  loseConnections(place: number): void {
    void this.#options.lines[place]!.terminateAll();
  }

  /** What has not struck does not strike any more, and what is held goes on. */
  async calm(): Promise<void> {
    for (const { gates } of this.#armed) gates.forEach(withdraw);
    this.#armed.clear();
    this.release();
    await Promise.all(this.#striking);
  }

  /** The run is over. */
  end(): void {
    for (const stop of this.#unsubscribe) stop();
    void this.calm();
  }

  /** As scenario lines say them. */
  unsprung(): readonly string[] {
    const asked = [...this.#armed].filter(({ pinned }) => pinned === undefined);
    return asked.map(
      ({ trap }) =>
        `server: ${trap.verb.replace("-", " ")} ${trap.purpose} ${trap.position} ${trap.statement}`,
    );
  }

  #gateOn(
    line: PostgresWireProxy,
    trap: StatementTrap,
    at: { readonly statement: (statement: WireStatement) => boolean },
  ): { readonly gate: Hold | Cut | Failing; readonly reached: Promise<boolean> } {
    switch (trap.verb) {
      case "lose-answer-during": {
        const cut = line.cut({ at, side: "after" });
        return { gate: cut, reached: cut.done.then((report) => report !== undefined) };
      }
      case "fail-during": {
        const sqlstate = trap.sqlstate ?? "XX000";
        const failing = line.fail({ at, code: sqlstate, message: `injected at ${placeOf(trap)}` });
        return { gate: failing, reached: failing.done.then((report) => report !== undefined) };
      }
      case "crash-during":
      case "hold-during": {
        const hold = line.hold({ at, side: trap.position });
        return { gate: hold, reached: hold.reached.then((held) => held !== undefined) };
      }
    }
  }

  async #strike(trap: StatementTrap, gate: Hold | Cut | Failing, place: number): Promise<void> {
    const { onFault, kill } = this.#options;
    switch (trap.verb) {
      case "lose-answer-during":
        onFault({ kind: "database answer lost", text: `the answer to ${placeOf(trap)} is lost` });
        return;
      case "fail-during":
        onFault({ kind: "database error", text: `${trap.sqlstate ?? "XX000"} at ${placeOf(trap)}` });
        return;
      case "hold-during":
        onFault({ kind: "held", text: `held ${trap.position} ${placeOf(trap)}` });
        this.#standing.add({ trap, place, hold: gate as Hold, waits: this.#watchBehind(trap) });
        for (const tell of this.#onHeld) tell();
        this.#onHeld = [];
        return;
      case "crash-during":
        this.#standing.add({ trap, place, hold: gate as Hold });
        // What it has said before it came to the statement is on its way, as in the simulation.
        await sleep(lastWordsMs);
        await kill(place, `crash ${trap.position} ${placeOf(trap)}`);
        return;
    }
  }

  #watchBehind(trap: StatementTrap): WaitsBehind {
    const { databaseUrl, onObservation } = this.#options;
    return new WaitsBehind({
      databaseUrl,
      what: `${nameErrand({ message: trap.purpose, device: trap.device })}, which was held ${trap.position} ${trap.statement}`,
      errandOf: (processId) => this.#errands.get(processId),
      onObservation,
    });
  }

  #letGo(standing: Standing): void {
    this.#standing.delete(standing);
    const told = standing.waits?.tell();
    if (told === undefined) return;
    this.#striking.add(told);
    void told.finally(() => this.#striking.delete(told));
  }

  /** What the transaction of a statement is for. */
  #errandOf(statement: WireStatement): Errand | undefined {
    const { backendProcessId = 0 } = statement.connection;
    if (statement.earlier.length > 0) return this.#errands.get(backendProcessId);
    const tags = tagsOf(statement);
    const message = tags.get("purpose");
    const device = tags.get("device");
    const errand =
      message === undefined
        ? this.#loneErrand()
        : { message, device: device === undefined ? undefined : this.#options.deviceNamed(device) };
    this.#errands.set(backendProcessId, errand);
    return errand;
  }

  /** What alone is under way. What stands still at a gate has its transaction already. */
  #loneErrand(): Errand | undefined {
    const isStanding = ({ message, device }: Errand): boolean =>
      [...this.#standing].some(({ trap }) => trap.purpose === message && trap.device === device);
    const free = this.#options.underWay().filter((errand) => !isStanding(errand));
    return free.length === 1 ? free[0] : undefined;
  }

  #isMeant(trap: StatementTrap, statement: WireStatement): boolean {
    const errand = this.#errandOf(statement);
    if (errand?.message !== trap.purpose) return false;
    if (plainName(nameOf(statement)) !== plainName(trap.statement)) return false;
    if (trap.device !== undefined && errand.device !== trap.device) return false;
    const nth = 1 + statement.earlier.filter((text) => text === statement.text).length;
    return nth === trap.nth;
  }
}

interface WaitsOptions {
  readonly databaseUrl: string;
  /** What is held. */
  readonly what: string;
  readonly errandOf: (processId: number) => Errand | undefined;
  readonly onObservation: (text: string) => void;
}

/** Who waited while something was held. */
class WaitsBehind {
  readonly #options: WaitsOptions;
  readonly #watch: { stop(): Promise<void> };
  readonly #seen = new Map<number, { readonly wait: LockWait; readonly from: number; until: number }>();

  constructor(options: WaitsOptions) {
    this.#options = options;
    this.#watch = watchLockWaits(options.databaseUrl, (wait) => this.#note(wait));
  }

  /** Ends the watch and tells of each that was seen to wait, once. */
  async tell(): Promise<void> {
    await this.#watch.stop();
    for (const [processId, { wait, from, until }] of this.#seen) {
      const errand = this.#options.errandOf(processId);
      const who = errand === undefined ? `backend ${processId}` : nameErrand(errand);
      this.#options.onObservation(
        `${who} waited at least ${Math.round(until - from)} ms, at ${oneLine(wait.statement)}, for ${this.#options.what}`,
      );
    }
    this.#seen.clear();
  }

  #note(wait: LockWait): void {
    const now = performance.now();
    const known = this.#seen.get(wait.processId);
    if (known === undefined) this.#seen.set(wait.processId, { wait, from: now, until: now });
    else known.until = now;
  }
}

const nameErrand = ({ message, device }: Errand): string =>
  device === undefined ? `a ${message}` : `${device}'s ${message}`;

/** Of a statement, for one line of a report. */
function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/gu, " ").trim();
  return line.length > statementLengthMax ? `${line.slice(0, statementLengthMax - 1)}…` : line;
}

const statementLengthMax = 70;

/** How long a process that is to die at a statement may still write what it has to write.  Units: milliseconds. */
const lastWordsMs = 20;

/** Units: milliseconds. */
const backendsPatienceMs = 1_000;

function withdraw(gate: Hold | Cut | Failing): void {
  if ("release" in gate) gate.release();
  else gate.cancel();
}

const placeOf = ({ purpose, statement }: StatementTrap): string => `${purpose}, ${statement}`;
