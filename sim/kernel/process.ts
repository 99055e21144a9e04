// A process of the simulated world: a server, a device, the scenario itself. It owns tasks, waits and timers. A crash
// abandons all of them at once and keeps what is outside it, such as its disk.
import type { Kernel } from "./kernel.ts";
import type { QueuedEvent, VirtualMs } from "./event-queue.ts";

export interface ProcessTimer {
  cancel(): void;
}

/** One wait of a process for the world. Exactly one of `answer` and `fail` has an effect, once, and none after a
 *  crash. The waiter is resumed by an event of its own. */
export class Wait<T> {
  readonly promise: Promise<T>;
  readonly #process: SimProcess;
  readonly #epoch: number;
  readonly label: string;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  #isOver = false;

  constructor(process: SimProcess, label: string) {
    this.#process = process;
    this.#epoch = process.epoch;
    this.label = label;
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get isOver(): boolean {
    return this.#isOver || this.#process.epoch !== this.#epoch;
  }

  /** Resumes the waiter within the present event, which must resume nobody else. */
  answerNow(value: T): void {
    if (!this.#end()) return;
    this.#process.kernel.noteResumed();
    this.#resolve(value);
  }

  failNow(error: unknown): void {
    if (!this.#end()) return;
    this.#process.kernel.noteResumed();
    this.#reject(error);
  }

  /** Resumes the waiter by an event of its own. */
  answerAfter(afterMs: VirtualMs, value: T): void {
    this.#process.scheduleOwn(afterMs, this.label, () => this.answerNow(value));
  }

  failAfter(afterMs: VirtualMs, error: unknown): void {
    this.#process.scheduleOwn(afterMs, this.label, () => this.failNow(error));
  }

  #end(): boolean {
    if (this.isOver) return false;
    this.#isOver = true;
    this.#process.forgetWait(this as Wait<unknown>);
    return true;
  }
}

export class SimProcess {
  readonly kernel: Kernel;
  readonly name: string;
  readonly index: number;
  readonly #waits = new Set<Wait<unknown>>();
  readonly #tasks = new Map<number, string>();
  #epoch = 1;
  #nextTask = 0;
  #isUp = true;

  constructor(options: { kernel: Kernel; name: string; index: number }) {
    this.kernel = options.kernel;
    this.name = options.name;
    this.index = options.index;
  }

  /** Counts lives: a crash ends one. What belongs to an earlier life has no effect. */
  get epoch(): number {
    return this.#epoch;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Tasks begun and not yet done. */
  get tasksUnfinished(): number {
    return this.#tasks.size;
  }

  /** Runs `work` as a task of this process. An error that it lets through ends the run, unless the process crashed. */
  task(name: string, work: () => Promise<void>): void {
    const id = this.#nextTask++;
    const epoch = this.#epoch;
    this.#tasks.set(id, name);
    this.kernel.noteResumed();
    const end = (): void => {
      if (epoch === this.#epoch) this.#tasks.delete(id);
    };
    const failed = (error: unknown): void => {
      if (epoch !== this.#epoch) return;
      this.#tasks.delete(id);
      this.kernel.fail(error);
    };
    let running: Promise<void>;
    try {
      running = work();
    } catch (error) {
      failed(error);
      return;
    }
    running.then(end, failed);
  }

  /** Begins a wait: the caller returns its `promise` and arranges for an answer. */
  wait<T>(label: string): Wait<T> {
    const wait = new Wait<T>(this, label);
    this.#waits.add(wait as Wait<unknown>);
    return wait;
  }

  forgetWait(wait: Wait<unknown>): void {
    this.#waits.delete(wait);
  }

  /** Waits for time to pass. */
  sleep(forMs: VirtualMs): Promise<void> {
    const wait = this.wait<void>("sleep");
    wait.answerAfter(forMs, undefined);
    return wait.promise;
  }

  /** Schedules an event that has no effect once this life of the process is over. */
  scheduleOwn(afterMs: VirtualMs, label: string, run: () => void): QueuedEvent {
    const epoch = this.#epoch;
    return this.kernel.schedule(afterMs, this.index, this.kernel.label(label), () => {
      if (epoch === this.#epoch) run();
    });
  }

  /** Runs `run` as a task after a while, unless cancelled or crashed before. */
  after(delayMs: VirtualMs, run: () => void | Promise<void>): ProcessTimer {
    const event = this.scheduleOwn(Math.max(0, Math.round(delayMs)), "timer", () => {
      this.task("timer", async () => run());
    });
    return { cancel: () => this.kernel.cancel(event) };
  }

  /** Ends this life: every task, wait and timer is abandoned where it stands. */
  crash(): void {
    this.#epoch++;
    this.#isUp = false;
    this.#waits.clear();
    this.#tasks.clear();
  }

  restart(): void {
    this.#isUp = true;
  }

  waits(): readonly string[] {
    return [...this.#waits].map((wait) => `${this.name} (${wait.label})`);
  }

  /** Names of unfinished tasks, when not one of them can be waiting for a port. */
  foreignWaits(): readonly string[] {
    if (this.#tasks.size === 0 || this.#waits.size > 0) return [];
    return [...this.#tasks.values()].map((task) => `${this.name} (${task})`);
  }
}
