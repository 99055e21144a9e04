// Another way to order what happens: each actor has a priority, and of what is due within a short while the actor with
// the highest one goes first; at a few random moments whoever is running falls to the bottom. Known to find orders that
// need few reversals; here to be compared with chance by fates.
// Source: Burckhardt and others, "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010.
import { Stream } from "../explore/stream.ts";
import { EventQueue, type PendingEvents, type QueuedEvent } from "../sim/kernel/event-queue.ts";

/** What is due within this of the first is a choice. Units: virtual milliseconds. */
const windowMs = 50;
/** Events of a plan, about: the moments of change are drawn from so many. */
const eventsExpected = 1_000;
const changes = 3;

export class PriorityQueue implements PendingEvents {
  readonly #queue = new EventQueue();
  readonly #choices: Stream;
  readonly #priorityByOwner = new Map<number, number>();
  readonly #changesAt: ReadonlySet<number>;
  /** Taken out of the queue and not chosen yet, what is due first at the front. */
  #due: QueuedEvent[] = [];
  #taken = 0;
  #now = 0;
  #lowest = 0;

  constructor(seed: string) {
    this.#choices = new Stream(seed, "priorities");
    this.#changesAt = new Set(
      Array.from({ length: changes }, () => this.#choices.between(1, eventsExpected)),
    );
  }

  get size(): number {
    return this.#queue.size + this.#due.filter(isPending).length;
  }

  push(event: QueuedEvent): QueuedEvent {
    return this.#queue.push(event);
  }

  cancel(event: QueuedEvent): void {
    // What is out of the queue already is only marked.
    if (this.#due.includes(event)) event.run = undefined;
    else this.#queue.cancel(event);
  }

  pop(): QueuedEvent | undefined {
    this.#fill();
    const first = this.#due[0];
    if (first === undefined) return undefined;
    const until = Math.max(first.at, this.#now) + windowMs;
    let chosen = first;
    for (const event of this.#due) {
      if (event.at > until) break;
      if (this.#priorityOf(event.owner) > this.#priorityOf(chosen.owner)) chosen = event;
    }
    this.#due.splice(this.#due.indexOf(chosen), 1);
    // Time does not go back for whoever had to wait.
    this.#now = chosen.at = Math.max(this.#now, chosen.at);
    if (this.#changesAt.has(++this.#taken)) this.#priorityByOwner.set(chosen.owner, --this.#lowest);
    return chosen;
  }

  /** Takes out what is due within the window, and the first that is not: put back, it would lose its place. */
  #fill(): void {
    this.#due = this.#due.filter(isPending);
    for (let event = this.#queue.pop(); event !== undefined; event = this.#queue.pop()) {
      this.#due.push(event);
      if (event.at > Math.max(Math.min(event.at, this.#due[0]!.at), this.#now) + windowMs) break;
    }
    this.#due.sort((left, right) => left.at - right.at || left.sequence - right.sequence);
  }

  #priorityOf(owner: number): number {
    let priority = this.#priorityByOwner.get(owner);
    if (priority === undefined)
      this.#priorityByOwner.set(owner, (priority = this.#choices.between(1, 1_000_000)));
    return priority;
  }
}

const isPending = ({ run }: QueuedEvent): boolean => run !== undefined;
