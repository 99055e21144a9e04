// What can be known of a device's state from outside.
import type { EventIndex } from "../history.ts";
import { type Installation, type Moment, noteOf, type Reading } from "./reading.ts";
import { noEra } from "./user-log.ts";

/** Follows an installation's moments and knows the era of the server from which everything in its state comes; `noEra`
 *  where that is not known. After a restore of the server only a device that began or read everything anew is sure to
 *  have nothing of the history that was lost: from a cursor at or below the new head, nobody can tell. */
export class StateEra {
  readonly #restores: readonly EventIndex[];
  #era: number;
  #restoresPassed = 0;
  #zeroAskedAt: EventIndex = -1;

  constructor({ restores }: Reading, { era, isFresh }: Installation) {
    this.#restores = restores;
    this.#era = era === 0 || isFresh ? era : noEra;
  }

  take(moment: Moment): void {
    if (this.#restores.length === 0) return;
    const { call } = moment;
    if (moment.kind === "page" && call?.request.kind === "pull" && call.request.since === 0) {
      this.#zeroAskedAt = call.askedAt;
    } else if (noteOf(moment, "applied")?.via === "resync") {
      this.#pass(moment.at);
      const restoredAt = this.#restores[this.#restoresPassed - 1] ?? -1;
      this.#era = this.#zeroAskedAt > restoredAt ? this.#restoresPassed : noEra;
    }
  }

  /** The era of the state at an event, or `noEra` where the state is older than the server's data. */
  at(at: EventIndex): number {
    this.#pass(at);
    return this.#era === this.#restoresPassed ? this.#era : noEra;
  }

  #pass(at: EventIndex): void {
    while (this.#restoresPassed < this.#restores.length && this.#restores[this.#restoresPassed]! < at) {
      this.#restoresPassed++;
    }
  }
}

/** The era of an installation's state at an event. */
export function eraOfState(reading: Reading, installation: Installation, until: EventIndex): number {
  const state = new StateEra(reading, installation);
  if (reading.restores.length > 0) {
    for (const moment of installation.moments) {
      if (moment.at > until) break;
      state.take(moment);
    }
  }
  return state.at(until);
}

/** The state is whole: this installation has once read to the end of the server's present history, and that was not
 *  empty. Before that it may have the pages of a read from 0 only, which no watermark guards, and what a compacted op
 *  said may be on a page that is still to come. */
export function hasReadToTheEnd(
  { restores }: Reading,
  installation: Installation,
  until: EventIndex,
): boolean {
  const since = restores.findLast((at) => at < until) ?? -1;
  let end = -1;
  let cursor = 0;
  for (const moment of installation.moments) {
    if (moment.at > until) return false;
    if (moment.at < since) continue;
    const reply = moment.kind === "page" ? moment.call?.reply : undefined;
    if (reply !== undefined) {
      const { head, has_more: hasMore } = reply as unknown as {
        readonly head: number;
        readonly has_more: boolean;
      };
      end = hasMore ? -1 : head;
      if (end > 0 && end === cursor) return true;
      continue;
    }
    const applied = noteOf(moment, "applied");
    if (applied === undefined) continue;
    ({ cursor } = applied);
    if (cursor > 0 && (applied.via === "resync" || cursor === end)) return true;
  }
  return false;
}
