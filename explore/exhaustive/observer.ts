// Watches a run of a small scope from within: what every lane has been told so far, which is all that its state can
// depend on, and what each step touches. It stands between the protocol's parts and the simulated world, and changes
// nothing but the clocks, which stand still for everybody as long as the order is a choice.
import type { EngineBackup } from "../../sim/postgres/engine.ts";
import type { DatabaseLine, Hearing } from "../../sim/world/database-line.ts";
import type {
  SimActorOptions,
  SimClock,
  SimDatabase,
  SimProtocol,
  SimServer,
  SimServerOptions,
} from "../../sim/world/protocol.ts";
import type { ChoosingQueue, Lane } from "./choosing-queue.ts";
import { Footprint, type SharedObjects } from "./footprint.ts";
import type { ScopeProtocol, StatementTouch } from "./scope-protocol.ts";
import { StateHash, type Texts } from "./state-hash.ts";

export interface ObserverOptions {
  readonly protocol: ScopeProtocol;
  readonly queue: ChoosingQueue;
  readonly objects: SharedObjects;
  readonly texts: Texts;
  readonly lanes: number;
  readonly laneOf: (device: string) => Lane;
  /** A device sends its n-th request, or has its answer. */
  readonly onRequest: (event: {
    readonly lane: Lane;
    readonly request: number;
    readonly isAnswered: boolean;
  }) => void;
}

/** Something that the server does for somebody: a request, a compaction. */
interface Handling {
  lane: Lane;
  /** By how much its clock is past the beginning: the same for all that it does. */
  readonly pastMs: number;
  /** What it was asked and what the database has answered so far. */
  hash: number;
  sharesMemory: boolean;
}

interface OpenTransaction {
  readonly isSnapshot: boolean;
  /** The step that took the snapshot: what is read later was decided there. */
  snapshot: Footprint | undefined;
  readonly writes: Set<number>;
  readonly locks: Set<number>;
}

type Recorder = SimActorOptions["recorder"];
type Address = Parameters<DatabaseLine["roundTrip"]>[0];
type Start<Answer> = (done: (answer: Answer) => void) => void;

export class Observer {
  /** What the present step touches. */
  footprint = new Footprint();
  readonly sim: SimProtocol;
  readonly #options: ObserverOptions;
  readonly #told: number[];
  readonly #calls: number[];
  readonly #requests: number[];
  readonly #handlings: (Handling | undefined)[];
  readonly #handled: number[];
  readonly #transactions = new WeakMap<object, OpenTransaction>();
  readonly #rowHashes = new WeakMap<object, number>();
  readonly #devices = new Set<string>();
  #waiting: Handling[] = [];
  #memory = 0;
  #database: SimDatabase | undefined;
  #stored: number | undefined;
  #began: number | undefined;
  readonly #life: number;
  readonly #sharedMemory: number;

  constructor(options: ObserverOptions) {
    const { protocol, objects, lanes } = options;
    this.#options = options;
    const zeros = (): number[] => Array.from({ length: lanes }, () => 0);
    this.#told = zeros();
    this.#calls = zeros();
    this.#requests = zeros();
    this.#handled = zeros();
    this.#handlings = Array.from({ length: lanes });
    this.#life = objects.number("life of the server");
    this.#sharedMemory = objects.number("memory of the server");
    const { sim } = protocol;
    this.sim = {
      ...sim,
      createDatabase: (timers) => (this.#database = sim.createDatabase(timers)),
      createServer: (options) => this.#watchServer(options),
      createActor: (options) => {
        const lane = this.#options.laneOf(options.spec.name);
        this.#options.queue.assignOwner(options.process.index, lane);
        return sim.createActor({
          ...options,
          recorder: this.#watchDevice(options.recorder, lane),
          clock: this.#stillClock(options.clock, () => 0),
          // Numbered by device: one device's calls must not depend on how many another has made.
          nextCall: () => (lane + 1) * callsMax + ++this.#calls[lane]!,
        });
      },
    };
  }

  /** A lane has heard something, or goes on in its program. */
  tell(lane: Lane, what: unknown): void {
    this.#told[lane] = this.#hash(this.#told[lane]!).addValue(what).value();
  }

  /** What a lane has under way at the server goes on without it. */
  orphan(from: Lane, to: Lane): void {
    const handling = this.#handlings[from];
    this.#handlings[from] = undefined;
    this.#handlings[to] = handling;
    if (handling !== undefined) handling.lane = to;
  }

  /** Everything that the rest of the run can depend on.  Units: 53 bits. */
  stateKey(options: number, isWithin: boolean): number {
    const hash = this.#hash(options).add(isWithin ? 1 : 0);
    for (let lane = 0; lane < this.#told.length; lane++) {
      hash.addHash(this.#told[lane]!);
      hash.addHash(this.#handlings[lane]?.hash ?? 0).add(this.#handled[lane]!);
    }
    hash.addHash(this.#memory).addHash(this.#storedHash());
    for (const { lane } of this.#waiting) hash.add(lane);
    return hash.value();
  }

  #watchDevice(recorder: Recorder, lane: Lane): Recorder {
    return {
      record: (event) => {
        recorder.record(event);
        if (!this.#options.queue.isChoosing) return;
        const hash = this.#hash(this.#told[lane]!);
        for (const member in event) {
          if (member !== "call" && member !== "at") hash.addText(member).addValue(event[member]);
        }
        this.#told[lane] = hash.value();
        const { kind } = event;
        if (kind === "invoked")
          this.#options.onRequest({ lane, request: ++this.#requests[lane]!, isAnswered: false });
        else if (kind === "accepted" || kind === "refused" || kind === "unknown") {
          this.#options.onRequest({ lane, request: this.#requests[lane]!, isAnswered: true });
        }
      },
    };
  }

  #watchServer(options: SimServerOptions): SimServer {
    const { protocol, queue } = this.#options;
    const server = protocol.sim.createServer({
      ...options,
      clock: this.#stillClock(options.clock, () => this.#handlings[queue.lane]?.pastMs ?? 0),
      line: { roundTrip: (...trip) => this.#roundTrip(options.line, ...trip) },
    });
    return {
      start: () => server.start(),
      stop: () => server.stop(),
      openSocket: (request, accept) => server.openSocket(request, accept),
      handle: (request) => this.#handling(request, () => server.handle(request)),
      compact: (user) => this.#handling(user, () => server.compact(user)),
      loseConnections: () => server.loseConnections(),
      abandon: () => {
        server.abandon();
        this.footprint.write(this.#life);
        this.#handlings.fill(undefined);
        this.#waiting = [];
        this.#memory = 0;
        this.#stored = undefined;
      },
    };
  }

  /** As many milliseconds past the beginning as `pastMs` says, while the order is a choice. Time that moved with every
   *  step would make each order a state of its own. */
  #stillClock(clock: SimClock, pastMs: () => number): SimClock {
    const began = (this.#began ??= clock.now());
    return {
      now: () => (this.#options.queue.isChoosing ? began + pastMs() : clock.now()),
      after: (delayMs, run) => clock.after(delayMs, run),
    };
  }

  async #handling<Answer>(asked: unknown, work: () => Promise<Answer>): Promise<Answer> {
    const { queue } = this.#options;
    if (!queue.isChoosing) return work();
    const { lane } = queue;
    const pastMs = contactStepMs * ++this.#handled[lane]!;
    const handling: Handling = { ...idle, lane, pastMs, hash: this.#hash(0).addValue(asked).value() };
    this.#handlings[lane] = handling;
    this.footprint.read(this.#life);
    try {
      return await work();
    } finally {
      if (this.#handlings[handling.lane] === handling) {
        this.#handlings[handling.lane] = undefined;
        if (handling.sharesMemory) {
          this.footprint.write(this.#sharedMemory);
          this.#memory = this.#hash(this.#memory).addHash(handling.hash).value();
        }
      }
    }
  }

  #roundTrip<Answer, Result>(
    line: SimServerOptions["line"],
    address: Address,
    start: Start<Answer>,
    hearing: Hearing<Answer, Result>,
  ): Promise<Result> {
    const { queue } = this.#options;
    if (!queue.isChoosing) return line.roundTrip(address, start, hearing);
    const handling = this.#handlings[queue.lane] ?? { ...idle, lane: queue.lane };
    const transaction = this.#transactionOf(address);
    const touch = this.#touchOf(address);
    const { statement } = address;
    this.#note(address, touch, transaction, handling);
    const observed: Start<Answer> = (done) => {
      const { footprint } = this;
      this.#waiting.push(handling);
      start((answer) => {
        this.#waiting = this.#waiting.filter((one) => one !== handling);
        // Let in by somebody else's step, of which its own effect is now a part.
        if (this.footprint !== footprint) this.#note(address, touch, transaction, handling);
        if (statement === "commit" || touch.takes !== undefined) this.#stored = undefined;
        handling.hash = this.#hash(handling.hash).addValue(answer).value();
        queue.as(handling.lane, arrivalOf(statement), () => done(answer));
      });
    };
    return line.roundTrip(address, observed, hearing);
  }

  #note(address: Address, touch: StatementTouch, transaction: OpenTransaction, handling: Handling): void {
    const { footprint } = this;
    const { objects } = this.#options;
    const { reads = [], writes = [], locks = [], takes = [] } = touch;
    const { purpose, statement } = address;
    if (this.#options.protocol.sharesMemory(purpose, statement)) {
      handling.sharesMemory = true;
      footprint.write(this.#sharedMemory);
    }
    if (transaction.isSnapshot && statement !== "begin" && transaction.snapshot === undefined) {
      transaction.snapshot = footprint;
      handling.hash = this.#hash(handling.hash).addHash(this.#storedHash()).value();
    }
    for (const name of reads) (transaction.snapshot ?? footprint).read(objects.number(name));
    for (const name of writes) {
      const number = objects.number(name);
      footprint.read(number);
      transaction.writes.add(number);
    }
    // A job chooses its rows by what is there, and its answer need not tell.
    if (writes.length > 0 && address.device === undefined) {
      handling.hash = this.#hash(handling.hash).addHash(this.#storedHash()).value();
    }
    for (const name of locks) {
      const number = objects.number(`lock on ${name}`);
      footprint.write(number);
      transaction.locks.add(number);
    }
    for (const name of takes) footprint.write(objects.number(name));
    if (takes.length > 0 || statement === "begin") footprint.read(this.#life);
    if (statement !== "commit" && statement !== "rollback") return;
    footprint.read(this.#life);
    for (const number of transaction.locks) footprint.write(number);
    if (statement === "commit") for (const number of transaction.writes) footprint.write(number);
  }

  #touchOf({ purpose, statement, device }: Address): StatementTouch {
    if (device !== undefined) this.#devices.add(device);
    return this.#options.protocol.touch({ purpose, statement, device, devices: [...this.#devices] });
  }

  #transactionOf({ transaction }: Address): OpenTransaction {
    let open = this.#transactions.get(transaction);
    if (open === undefined) {
      const isSnapshot = "isolation" in transaction && transaction.isolation === "repeatable read";
      open = { isSnapshot, snapshot: undefined, writes: new Set(), locks: new Set() };
      this.#transactions.set(transaction, open);
    }
    return open;
  }

  /** Committed rows and sequences, whatever the order in which they came. */
  #storedHash(): number {
    if (this.#stored !== undefined) return this.#stored;
    const { tables, sequences } = this.#database!.backup() as EngineBackup;
    const hash = this.#hash(0);
    for (const rows of tables.values()) {
      let high = 0;
      let low = 0;
      for (const row of rows) {
        const value = this.#rowHash(row);
        high = (high + Math.trunc(value / 0x1_0000_0000)) | 0;
        low = (low + value) | 0;
      }
      hash.add(rows.length).add(high).add(low);
    }
    this.#stored = hash.addValue(sequences).value();
    return this.#stored;
  }

  #rowHash(row: object): number {
    let hash = this.#rowHashes.get(row);
    if (hash === undefined) this.#rowHashes.set(row, (hash = this.#hash(0).addValue(row).value()));
    return hash;
  }

  /** A hash to which more is added. */
  #hash(from: number): StateHash {
    return new StateHash(this.#options.texts).addHash(from);
  }
}

function arrivalOf(statement: string): "choice" | "at once" | "at once or crash" {
  if (statement === "begin") return "at once";
  return statement === "commit" || statement === "rollback" ? "at once or crash" : "choice";
}

const idle = { pastMs: 0, hash: 0, sharesMemory: false };

const callsMax = 1_000;
/** One device's contacts lie so far apart, so that a later one counts as later. Units: milliseconds. */
const contactStepMs = 10;
