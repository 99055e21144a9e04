// A process of the simulated world: a server, a device, the scenario itself. It owns tasks, waits and timers. A crash
// abandons all of them at once and keeps what is outside it, such as its disk.
import type { Kernel } from "./kernel.ts";
import type { QueuedEvent, VirtualMs } from "./event-queue.ts";

export interface ProcessTimer {
  cancel(): void;
}

/** One wait of a process for the world. Exactly one of `answer` and `fail` has an effect, once, and none after a
 *  crash. The waiter is resumed by an event of its own. */
export class Wait<T> implements Open {
  readonly promise: Promise<T>;
  readonly label: string;
  previous: Open | undefined;
  next: Open | undefined;
  readonly #process: SimProcess;
  readonly #epoch: number;
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
    this.#process.forgetWait(this);
    return true;
  }
}

export class SimProcess {
  readonly kernel: Kernel;
  readonly name: string;
  readonly index: number;
  readonly #waits = new OpenList();
  readonly #tasks = new OpenList();
  #epoch = 1;
  #isUp = true;
  #parked: Set<QueuedEvent> | undefined;

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

  /** What has come due while it stands still; `undefined` while it does not. */
  get parked(): Set<QueuedEvent> | undefined {
    return this.#parked;
  }

  get isPaused(): boolean {
    return this.#parked !== undefined;
  }

  /** Tasks begun and not yet done. */
  get tasksUnfinished(): number {
    return this.#tasks.size;
  }

  /** Runs `work` as a task of this process. An error that it lets through ends the run, unless the process crashed. */
  task(name: string, work: () => void | Promise<void>): void {
    if (this.isPaused) {
      this.scheduleOwn(0, name, () => this.task(name, work));
      return;
    }
    const epoch = this.#epoch;
    const task: Open = { label: name, previous: undefined, next: undefined };
    this.#tasks.add(task);
    this.kernel.noteResumed();
    const end = (): void => {
      if (epoch === this.#epoch) this.#tasks.remove(task);
    };
    const failed = (error: unknown): void => {
      if (epoch !== this.#epoch) return;
      this.#tasks.remove(task);
      this.kernel.fail(error);
    };
    try {
      const running = work();
      // Most handlers of frames and timers are done at once.
      if (running instanceof Promise) running.then(end, failed);
      else end();
    } catch (error) {
      failed(error);
    }
  }

  /** Begins a wait: the caller returns its `promise` and arranges for an answer. */
  wait<T>(label: string): Wait<T> {
    const wait = new Wait<T>(this, label);
    this.#waits.add(wait);
    return wait;
  }

  forgetWait(wait: Open): void {
    this.#waits.remove(wait);
  }

  /** Waits for time to pass. */
  sleep(forMs: VirtualMs): Promise<void> {
    const wait = this.wait<void>("sleep");
    wait.answerAfter(forMs, undefined);
    return wait.promise;
  }

  /** Schedules an event that has no effect once this life of the process is over. */
  scheduleOwn(afterMs: VirtualMs, label: string, run: () => void): QueuedEvent {
    return this.kernel.scheduleWithin(this, afterMs, this.kernel.label(label), run);
  }

  /** Runs `run` as a task after a while, unless cancelled or crashed before. */
  after(delayMs: VirtualMs, run: () => void | Promise<void>): ProcessTimer {
    const event = this.scheduleOwn(Math.max(0, Math.round(delayMs)), "timer", () => {
      this.task("timer", run);
    });
    return { cancel: () => this.kernel.cancel(event) };
  }

  /** Stands still: nothing that comes due for it, a task, a timer, an answer, happens before `resume`. */
  pause(): void {
    this.#parked ??= new Set();
  }

  resume(): void {
    const parked = this.#parked;
    if (parked === undefined) return;
    this.#parked = undefined;
    this.kernel.requeue(parked);
  }

  /** Ends this life: every task, wait and timer is abandoned where it stands. */
  crash(): void {
    this.#epoch++;
    this.#isUp = false;
    this.#parked = undefined;
    this.#waits.clear();
    this.#tasks.clear();
  }

  restart(): void {
    this.#isUp = true;
  }

  waits(): readonly string[] {
    return this.#waits.labels().map((label) => `${this.name} (${label})`);
  }

  /** Names of unfinished tasks, when not one of them can be waiting for a port. */
  foreignWaits(): readonly string[] {
    if (this.#tasks.size === 0 || this.#waits.size > 0) return [];
    return this.#tasks.labels().map((label) => `${this.name} (${label})`);
  }
}

/** A wait or a task that is not over. */
interface Open {
  readonly label: string;
  previous: Open | undefined;
  next: Open | undefined;
}

/** What is open, oldest first. The links are in the entries: a Set would hash each of them, and rebuild itself again and
 *  again because nothing stays in it for long. */
class OpenList {
  #first: Open | undefined;
  #last: Open | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(entry: Open): void {
    const last = this.#last;
    entry.previous = last;
    if (last === undefined) this.#first = entry;
    else last.next = entry;
    this.#last = entry;
    this.#size++;
  }

  remove(entry: Open): void {
    const { previous, next } = entry;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    // Else one entry that has grown old would keep all that came after it from the young collector.
    entry.previous = undefined;
    entry.next = undefined;
    this.#size--;
  }

  clear(): void {
    this.#first = undefined;
    this.#last = undefined;
    this.#size = 0;
  }

  labels(): string[] {
    const labels: string[] = [];
    for (let entry = this.#first; entry !== undefined; entry = entry.next) labels.push(entry.label);
    return labels;
  }
}
