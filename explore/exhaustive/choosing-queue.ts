// A kernel's queue in which somebody else decides what happens next. Every event belongs to a lane: a device's program
// with whatever the server does for it, a repeated request, the compaction, a crash. A lane is sequential, so at most
// one of its events is a choice at any moment, and a run is told by the order of its lanes.
//
// Most events are no choice: answers that only carry on what their lane has begun follow at once. Time stands still
// but for one millisecond per event, and timers run only when nothing else can.
import { EventQueue, type PendingEvents, type QueuedEvent } from "../../sim/kernel/event-queue.ts";

/** The number of a lane, from 0. */
export type Lane = number;

/** How an event comes up: by choice; at once; at once unless there is a crash just before; when all else is over. */
export type Arrival = "choice" | "at once" | "at once or crash" | "last";

/** Asked for the next lane. `options` has one bit for each lane that can go on. `isWithin`: its lane has not come to the
 *  end of its step, and only a crash may come between. */
export type Chooser = (options: number, isWithin: boolean) => Lane;

export interface ChoosingQueueOptions {
  readonly choose: Chooser;
  readonly crashLane: Lane;
  readonly repeatLane: Lane;
  /** Of timers, which run when nothing else can. */
  readonly timerLane: Lane;
  readonly lanes: number;
  /** Whether everybody has come to the end, so that timers may stay where they are. */
  readonly isFinished: () => boolean;
}

/** Labels of the kernel whose events are not what they seem. */
export interface KnownLabels {
  readonly timers: readonly number[];
  readonly toServer: number;
}

interface Entry {
  readonly event: QueuedEvent;
  readonly lane: Lane;
  readonly arrival: Arrival;
  /** In which step it came about. */
  readonly step: number;
}

export class ChoosingQueue implements PendingEvents {
  /** Whose event is running. */
  lane: Lane;
  /** Steps begun; the number of the present one is one less. */
  steps = 0;
  readonly #options: ChoosingQueueOptions;
  readonly #laneByOwner = new Map<number, Lane>();
  readonly #choices: (Entry | undefined)[];
  readonly #timers = new EventQueue();
  #atOnce: Entry[] = [];
  #last: Entry | undefined;
  #labels: KnownLabels | undefined;
  #isTaking = false;
  #next: { readonly lane: Lane; readonly arrival: Arrival } | undefined;
  #sentAt = -1;
  #events = 0;
  #now = 0;

  constructor(options: ChoosingQueueOptions) {
    this.#options = options;
    this.lane = options.timerLane;
    this.#choices = Array.from({ length: options.lanes });
  }

  get size(): number {
    return (
      this.#timers.size + this.#atOnce.length + this.#choices.filter((entry) => entry !== undefined).length
    );
  }

  /** From here on the order is a choice. Before and after, what is due first comes first. */
  beginChoices(labels: KnownLabels): void {
    this.#labels = labels;
    this.#isTaking = true;
  }

  endChoices(): void {
    this.#isTaking = false;
  }

  get isChoosing(): boolean {
    return this.#isTaking;
  }

  /** Events of this process are always of this lane. */
  assignOwner(owner: number, lane: Lane): void {
    this.#laneByOwner.set(owner, lane);
  }

  /** What `push` schedules is of this lane and arrives so. */
  as(lane: Lane, arrival: Arrival, push: () => void): void {
    const before = this.#next;
    this.#next = { lane, arrival };
    push();
    this.#next = before;
  }

  push(event: QueuedEvent): QueuedEvent {
    const labels = this.#labels;
    if (!this.#isTaking || labels === undefined || labels.timers.includes(event.label)) {
      return this.#timers.push(event);
    }
    event.sequence = notInTimers;
    const step = this.steps - 1;
    const next = this.#next;
    if (next !== undefined) this.#enter({ event, ...next, step });
    else if (event.label === labels.toServer && this.#sentAt === this.#events) {
      this.#enter({ event, lane: this.#options.repeatLane, arrival: "choice", step });
    } else {
      if (event.label === labels.toServer) this.#sentAt = this.#events;
      this.#enter({ event, lane: this.#laneByOwner.get(event.owner) ?? this.lane, arrival: "at once", step });
    }
    return event;
  }

  cancel(event: QueuedEvent): void {
    if (event.sequence === notInTimers) event.run = undefined;
    else this.#timers.cancel(event);
  }

  pop(): QueuedEvent | undefined {
    if (!this.#isTaking) return this.#due();
    for (let entry = this.#atOnce.shift(); entry !== undefined; entry = this.#atOnce.shift()) {
      if (!isAlive(entry.event)) continue;
      const crash = this.#options.crashLane;
      if (entry.arrival === "at once or crash" && this.#aliveChoice(crash) !== undefined) {
        const chosen = this.#ask((1 << entry.lane) | (1 << crash), true);
        if (chosen === crash) {
          this.#atOnce.unshift(entry);
          return this.#take(this.#removeChoice(crash));
        }
      }
      return this.#take(entry);
    }
    const options = this.options();
    if (options === 0) {
      if (this.#last !== undefined && this.#options.isFinished()) return this.#take(this.#last);
      this.lane = this.#options.timerLane;
      return this.#due();
    }
    return this.#take(this.#removeChoice(this.#ask(options, false)));
  }

  /** One bit for each lane that can go on. */
  options(): number {
    let options = 0;
    for (let lane = 0; lane < this.#choices.length; lane++) {
      if (this.#aliveChoice(lane) !== undefined) options |= 1 << lane;
    }
    return options;
  }

  /** The step in which the pending event of a lane came about; -1 for none, or from before the first. */
  stepOfPending(lane: Lane): number {
    const entry = this.#aliveChoice(lane) ?? this.#atOnce.find((entry) => entry.lane === lane);
    return entry?.step ?? -1;
  }

  /** A choice that is no more. */
  withdraw(lane: Lane): void {
    this.#choices[lane] = undefined;
  }

  /** What a lane has under way goes on as another one. */
  move(from: Lane, to: Lane): void {
    const entry = this.#aliveChoice(from);
    this.#choices[from] = undefined;
    if (entry !== undefined) this.#choices[to] = { ...entry, lane: to };
    this.#atOnce = this.#atOnce.map((entry) => (entry.lane === from ? { ...entry, lane: to } : entry));
  }

  #enter(entry: Entry): void {
    if (entry.arrival === "last") this.#last = entry;
    else if (entry.arrival !== "choice") this.#atOnce.push(entry);
    else if (this.#aliveChoice(entry.lane) === undefined) this.#choices[entry.lane] = entry;
    else throw new Error(`lane ${entry.lane} has two choices at once; expected a lane to be sequential`);
  }

  #ask(options: number, isWithin: boolean): Lane {
    const lane = this.#options.choose(options, isWithin);
    this.steps++;
    return lane;
  }

  #removeChoice(lane: Lane): Entry {
    const entry = this.#choices[lane]!;
    this.#choices[lane] = undefined;
    return entry;
  }

  #aliveChoice(lane: Lane): Entry | undefined {
    const entry = this.#choices[lane];
    return entry !== undefined && isAlive(entry.event) ? entry : undefined;
  }

  #take({ event, lane }: Entry): QueuedEvent {
    this.lane = lane;
    this.#events++;
    event.at = ++this.#now;
    return event;
  }

  #due(): QueuedEvent | undefined {
    const event = this.#timers.pop();
    if (event === undefined) return undefined;
    this.#events++;
    this.#now = event.at = Math.max(event.at, this.#now);
    return event;
  }
}

const notInTimers = -1;

const isAlive = (event: QueuedEvent): boolean => event.run !== undefined && event.life.epoch === event.epoch;
