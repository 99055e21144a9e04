// What can be known of a device's state from outside.
import type { EventIndex } from "../history.ts";
import { type Installation, noEra, type Reading } from "./reading.ts";

/** Follows an installation's events and knows the era of the server from which everything in its state comes; `noEra`
 *  where that is not known. After a restore of the server only a device that began or read everything anew is sure to
 *  have nothing of the history that was lost: from a cursor at or below the new head, nobody can tell. */
export class StateEra {
  readonly #reading: Reading;
  #era: number;
  #restoresPassed = 0;
  #zeroAskedAt: EventIndex = -1;

  constructor(reading: Reading, installation: Installation) {
    this.#reading = reading;
    this.#era = installation.era === 0 || installation.isFresh ? installation.era : noEra;
  }

  /** The era of the state after this event, or `noEra` where the state is older than the server's data. */
  take(at: EventIndex): number {
    const { restores, history, calls } = this.#reading;
    if (restores.length === 0) return this.#era;
    while (this.#restoresPassed < restores.length && restores[this.#restoresPassed]! < at)
      this.#restoresPassed++;
    const event = history.events[at]!;
    if (event.kind === "accepted") {
      const call = calls.get(event.call);
      if (call?.request.kind === "pull" && call.request.since === 0) this.#zeroAskedAt = call.askedAt;
    } else if (event.kind === "noted" && event.note.kind === "applied" && event.note.via === "resync") {
      const restoredAt = restores[this.#restoresPassed - 1] ?? -1;
      this.#era = this.#zeroAskedAt > restoredAt ? this.#restoresPassed : noEra;
    }
    return this.#era === this.#restoresPassed ? this.#era : noEra;
  }
}

/** The era of an installation's state at an event of its own. */
export function eraOfState(reading: Reading, installation: Installation, until: EventIndex): number {
  const state = new StateEra(reading, installation);
  if (reading.restores.length === 0) return state.take(until);
  let era = noEra;
  for (const at of installation.events) {
    if (at > until) break;
    era = state.take(at);
  }
  return era;
}

/** How high a cursor can stand that was made durable without anybody noting it, because the device crashed in between:
 *  as high as what the device was given to read. */
export function highestGiven(reading: Reading, at: EventIndex): number {
  const event = reading.history.events[at]!;
  if (event.kind === "accepted" && event.reply.kind === "pull") {
    const { ops, head } = event.reply.reply;
    return Math.max(head, ops.at(-1)?.id ?? 0);
  }
  if (event.kind !== "frame") return 0;
  const { op } = (event.frame ?? {}) as { readonly op?: { readonly id?: unknown } };
  return typeof op?.id === "number" ? op.id : 0;
}

/** The state is whole: this installation has once read to the end. Before that it may have the pages of a first read
 *  from 0 only, and what a compacted op said may be on a page that is still to come. */
export function hasReadToTheEnd(
  { history }: Reading,
  installation: Installation,
  until: EventIndex,
): boolean {
  let end = -1;
  let cursor = 0;
  for (const at of installation.events) {
    if (at > until) return false;
    const event = history.events[at]!;
    if (event.kind === "accepted" && event.reply.kind === "pull") {
      const { head, has_more: hasMore } = event.reply.reply;
      end = hasMore ? -1 : head;
      if (end > 0 && end === cursor) return true;
    } else if (event.kind === "noted" && event.note.kind === "applied") {
      ({ cursor } = event.note);
      if (event.note.via === "resync" || cursor === end) return true;
    }
  }
  return false;
}
