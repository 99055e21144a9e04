// Where a lawful run writes down what happens, and what it draws its choices from.
import type { HistoryEvent } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";

/** Draws a whole number from 0 to below `count`; 0 is always the harmless choice. */
export type Pick = (count: number) => number;

/** How often what came up in a lawful history, so that a property can show that it met what it is about. */
export type Happenings = Map<string, number>;

type Bare<Event> = Event extends HistoryEvent ? Omit<Event, "at"> : never;

export class LawfulNotebook {
  readonly events: WaveflowEvent[] = [];
  readonly happened: Happenings = new Map();
  /** No more faults from here on. */
  isCalm = false;
  readonly #pick: Pick;
  #ids = 0;
  #calls = 0;

  constructor(pick: Pick) {
    this.#pick = pick;
  }

  get now(): number {
    return this.events.length;
  }

  pick(count: number): number {
    return this.#pick(count);
  }

  /** What may go wrong: 0, where nothing does, once it is calm. */
  pickLuck(count: number): number {
    return this.isCalm ? 0 : this.#pick(count);
  }

  nextCall(): number {
    this.#calls++;
    return this.#calls;
  }

  /** Ids count up, so that their order is the order in which they were made. */
  uuid(): string {
    this.#ids++;
    return `${this.#ids.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
  }

  record(event: Bare<WaveflowEvent>): void {
    this.events.push({ at: this.events.length + 1, ...event } as WaveflowEvent);
  }

  fault(fault: string, target: string): void {
    this.count(fault);
    this.record({ kind: "fault", actor: "world", fault, target, text: `${fault}: ${target}` });
  }

  count(what: string): void {
    this.happened.set(what, (this.happened.get(what) ?? 0) + 1);
  }
}

/** The place of an id of `uuid` in the order of all. */
export const placeOf = (uuid: string): number => Number.parseInt(uuid.slice(0, 8), 16);
