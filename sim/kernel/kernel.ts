// The deterministic world's heart: one thread, virtual time, one event at a time.
//
// The kernel takes one event, which resumes at most one waiter, and lets the microtasks run dry before it takes the
// next. The whole run is one `process.nextTick` (see microtasks.ts): Node never turns its event loop meanwhile, so
// nothing from outside can step in between two events. Code under test
// waits for its ports only; a wait for anything else would never end here, and is found out by name.
import { AddressedRandom } from "./addressed-random.ts";
import { Digest } from "./digest.ts";
import {
  EventQueue,
  type Life,
  type PendingEvents,
  type QueuedEvent,
  type VirtualMs,
} from "./event-queue.ts";
import { runBetweenMicrotasks } from "./microtasks.ts";
import type { TraceRecorder } from "./trace.ts";
import { SimProcess } from "./process.ts";

/** The run used more events than it may. Raise the bound or look for a loop. */
export class EventBoundReached extends Error {
  readonly code = "event_bound_reached";
  override readonly name = "EventBoundReached";
}

/** Somebody waits for something that is no port. */
export class ForeignWait extends Error {
  readonly code = "foreign_wait";
  override readonly name = "ForeignWait";
}

export interface KernelOptions {
  readonly seed: string;
  /** A bound on all events of the run. */
  readonly eventsMax?: number;
  /** Decides what comes next. Default: what is due first. */
  readonly queue?: PendingEvents;
  /** Hears of every event. */
  readonly trace?: TraceRecorder;
}

/** Every so many events a run writes down its digest. */
export const eventsPerCheckpoint = 256;

export class Kernel {
  readonly random: AddressedRandom;
  readonly digest = new Digest();
  /** The digest after each `eventsPerCheckpoint` events: where two runs part can be told from these alone. */
  readonly checkpoints: string[] = [];
  readonly trace: TraceRecorder | undefined;
  readonly #queue: PendingEvents;
  readonly #eventsMax: number;
  readonly #processes: SimProcess[] = [];
  readonly #labels = new Map<string, number>();
  #labelNames: Map<number, string> | undefined;
  #now: VirtualMs = 0;
  #events = 0;
  #resumed = false;
  #failure: unknown;
  #hasFailed = false;

  constructor(options: KernelOptions) {
    this.random = new AddressedRandom(options.seed);
    this.#queue = options.queue ?? new EventQueue();
    this.#eventsMax = options.eventsMax ?? 50_000_000;
    this.trace = options.trace;
    this.digest.addText(options.seed);
  }

  now(): VirtualMs {
    return this.#now;
  }

  /** Events taken so far. */
  get events(): number {
    return this.#events;
  }

  /** Events that are due some day. */
  get eventsDue(): number {
    return this.#queue.size;
  }

  /** Makes a process: the owner of tasks, waits and timers that end together in a crash. */
  process(name: string): SimProcess {
    const process = new SimProcess({ kernel: this, name, index: this.#processes.length + 1 });
    this.#processes.push(process);
    return process;
  }

  /** Labels are numbers on the hot path. The same text gives the same number within a run. */
  label(text: string): number {
    let label = this.#labels.get(text);
    if (label === undefined) {
      label = this.#labels.size + 1;
      this.#labels.set(text, label);
    }
    return label;
  }

  /** Runs `run` at `afterMs` from now. `owner` 0 is the world itself. */
  schedule(afterMs: VirtualMs, owner: number, label: number, run: () => void): QueuedEvent {
    return this.#queue.push({
      at: this.#now + afterMs,
      sequence: 0,
      owner,
      label,
      run,
      life: world,
      epoch: world.epoch,
    });
  }

  /** As `schedule`, for the present life of a process: the event has no effect once that is over. */
  scheduleWithin(process: SimProcess, afterMs: VirtualMs, label: number, run: () => void): QueuedEvent {
    return this.#queue.push({
      at: this.#now + afterMs,
      sequence: 0,
      owner: process.index,
      label,
      run,
      life: process,
      epoch: process.epoch,
    });
  }

  /** At `atMs`, before anything else of that time, all decisions to come become others. */
  branchAt(atMs: VirtualMs, salt: string): void {
    if (atMs <= this.#now) this.random.branchOff(salt);
    else this.schedule(atMs - this.#now, 0, branchLabel, () => this.random.branchOff(salt));
  }

  cancel(event: QueuedEvent): void {
    if (event.life.parked?.delete(event) !== true) this.#queue.cancel(event);
  }

  /** What came due while its process stood still comes now, in its order. */
  requeue(events: Iterable<QueuedEvent>): void {
    for (const event of events) {
      event.at = this.#now;
      this.#queue.push(event);
    }
  }

  /** Marks that the present event resumed a waiter, so that its microtasks run dry before the next event. */
  noteResumed(): void {
    this.#resumed = true;
  }

  /** Ends the run with an error: a bug in what runs here, or in us. */
  fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#failure = error;
  }

  /** Runs `main` as a task of `process` and takes events until it is done.
   *  Errors: whatever `main` throws; `ForeignWait`; `EventBoundReached`; a failure of any task. */
  run<T>(process: SimProcess, main: () => Promise<T>): Promise<T> {
    let outcome: { readonly value: T } | undefined;
    process.task("main", async () => {
      outcome = { value: await main() };
    });
    return new Promise((resolve, reject) => {
      runBetweenMicrotasks(() => {
        try {
          if (this.#hasFailed) throw this.#failure;
          if (outcome === undefined) return this.#takeEvents();
          resolve(outcome.value);
        } catch (error) {
          reject(error);
        }
        return "over";
      });
    });
  }

  /** Tasks that wait for something that is no port of their process. Empty when all is well. */
  foreignWaits(): readonly string[] {
    return this.#processes.flatMap((process) => process.foreignWaits());
  }

  /** Takes events up to the first that resumes somebody. */
  #takeEvents(): void {
    do {
      const event = this.#queue.pop();
      if (event === undefined) throw this.#explainStandstill();
      if (++this.#events > this.#eventsMax) {
        throw new EventBoundReached(
          `expected the run to end within ${this.#eventsMax} events, still running at ${this.#now} ms`,
        );
      }
      this.#now = event.at;
      this.digest.add(event.at);
      this.digest.add((event.owner << 16) | event.label);
      if (this.#events % eventsPerCheckpoint === 0) this.checkpoints.push(this.digest.toString());
      if (this.trace !== undefined) this.#traceEvent(this.trace, event);
      const { life } = event;
      if (life.parked !== undefined && life.epoch === event.epoch) {
        life.parked.add(event);
        continue;
      }
      const run = event.run!;
      event.run = undefined;
      if (life.epoch === event.epoch) run();
    } while (!this.#resumed);
    this.#resumed = false;
  }

  #traceEvent(trace: TraceRecorder, { at, owner, label }: QueuedEvent): void {
    this.#labelNames ??= new Map();
    let name = this.#labelNames.get(label);
    if (name === undefined) {
      name = [...this.#labels].find(([, number]) => number === label)?.[0] ?? "branch";
      this.#labelNames.set(label, name);
    }
    trace.addEvent(at, this.#processes[owner - 1]?.name ?? "the world", name);
  }

  #explainStandstill(): Error {
    const foreign = this.foreignWaits();
    if (foreign.length > 0) {
      return new ForeignWait(
        `nothing is left to happen, and these wait for something that is no port: ${foreign.join(", ")}`,
      );
    }
    const waits = this.#processes.flatMap((process) => process.waits());
    return new ForeignWait(
      `nothing is left to happen, and these still wait: ${waits.join(", ") || "nobody"}`,
    );
  }
}

/** No label of the run's own, so that the others have the same numbers with a branch and without. */
const branchLabel = 0;

/** The world itself lives once. */
const world: Life = { epoch: 1, parked: undefined };
