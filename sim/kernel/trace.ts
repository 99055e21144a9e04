// What a run has done, event by event, small enough to keep: for whoever has to say where two runs part. Kernel events,
// and between them what was written into the history.
import type { VirtualMs } from "./event-queue.ts";

/** Rows in order. Owners and labels are indices of the two tables of names. */
export interface RunTrace {
  /** The kernel's number of the event, from 1; for a line of the history, of the event in which it was written. */
  readonly event: Uint32Array;
  readonly at: Float64Array;
  readonly owner: Uint16Array;
  readonly label: Uint16Array;
  readonly owners: readonly string[];
  readonly labels: readonly string[];
}

export class TraceRecorder {
  readonly #event: number[] = [];
  readonly #at: number[] = [];
  readonly #owner: number[] = [];
  readonly #label: number[] = [];
  readonly #labels = new Map<string, number>();
  readonly #owners = new Map<string, number>();
  #events = 0;

  addEvent(at: VirtualMs, owner: string, label: string): void {
    this.#events++;
    this.#add(at, owner, label);
  }

  addRecord(at: VirtualMs, owner: string, kind: string): void {
    this.#add(at, owner, `history: ${kind}`);
  }

  finish(): RunTrace {
    return {
      event: Uint32Array.from(this.#event),
      at: Float64Array.from(this.#at),
      owner: Uint16Array.from(this.#owner),
      label: Uint16Array.from(this.#label),
      owners: [...this.#owners.keys()],
      labels: [...this.#labels.keys()],
    };
  }

  #add(at: VirtualMs, owner: string, label: string): void {
    this.#event.push(this.#events);
    this.#at.push(at);
    this.#owner.push(indexIn(this.#owners, owner));
    this.#label.push(indexIn(this.#labels, label));
  }
}

function indexIn(names: Map<string, number>, name: string): number {
  const known = names.get(name);
  if (known !== undefined) return known;
  names.set(name, names.size);
  return names.size - 1;
}
