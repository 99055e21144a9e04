// One queue ordered by (time, sequence): what was scheduled first comes first among equals, so the order is total.
// A binary heap over plain objects; cancelled entries stay until they surface, and are swept out when they are most.

/** Milliseconds since the run began, whole numbers. */
export type VirtualMs = number;

export interface QueuedEvent {
  at: VirtualMs;
  sequence: number;
  /** Who it belongs to, for the digest and for explanations. */
  owner: number;
  label: number;
  /** `undefined` once cancelled. */
  run: (() => void) | undefined;
  /** Whose life it belongs to: once `life.epoch` is another one, the event has no effect. Two fields and not a closure
   *  around `run`, because every event would pay for it. */
  readonly life: Life;
  readonly epoch: number;
}

/** Something that lives more than once, and counts its lives. */
export interface Life {
  readonly epoch: number;
  /** While it stands still: what has come due for it meanwhile, in order. */
  readonly parked: Set<QueuedEvent> | undefined;
}

/** Where a kernel keeps what is due. The order is its own: by time here, anybody's choice where every order is tried. */
export interface PendingEvents {
  readonly size: number;
  push(event: QueuedEvent): QueuedEvent;
  cancel(event: QueuedEvent): void;
  pop(): QueuedEvent | undefined;
}

export class EventQueue implements PendingEvents {
  #heap: QueuedEvent[] = [];
  #sequence = 0;
  #cancelled = 0;

  /** Events that are due some day. */
  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** Takes the event in, behind all others of its time. */
  push(event: QueuedEvent): QueuedEvent {
    event.sequence = this.#sequence++;
    const heap = this.#heap;
    heap.push(event);
    this.#rise(heap.length - 1, event);
    return event;
  }

  cancel(event: QueuedEvent): void {
    if (event.run === undefined) return;
    event.run = undefined;
    this.#cancelled++;
    if (this.#cancelled > 64 && this.#cancelled * 2 > this.#heap.length) this.#sweep();
  }

  /** The next event, or `undefined` when nothing is due any more. */
  pop(): QueuedEvent | undefined {
    const heap = this.#heap;
    for (;;) {
      const top = heap[0];
      if (top === undefined) return undefined;
      const last = heap.pop()!;
      if (heap.length > 0) this.#sink(0, last);
      if (top.run !== undefined) return top;
      this.#cancelled--;
    }
  }

  #sweep(): void {
    const alive = this.#heap.filter((event) => event.run !== undefined);
    // A sorted array is a heap.
    alive.sort((left, right) => left.at - right.at || left.sequence - right.sequence);
    this.#heap = alive;
    this.#cancelled = 0;
  }

  #rise(from: number, event: QueuedEvent): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt]!;
      if (!isBefore(event, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = event;
  }

  #sink(from: number, event: QueuedEvent): void {
    const heap = this.#heap;
    const length = heap.length;
    let at = from;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= length) break;
      const right = childAt + 1;
      if (right < length && isBefore(heap[right]!, heap[childAt]!)) childAt = right;
      const child = heap[childAt]!;
      if (!isBefore(child, event)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = event;
  }
}

const isBefore = (left: QueuedEvent, right: QueuedEvent): boolean =>
  left.at < right.at || (left.at === right.at && left.sequence < right.sequence);
