// Which steps of a run could have come in another order with another effect: the races from which dynamic partial-order
// reduction learns what else to try.
// Source: Flanagan and Godefroid, "Dynamic partial-order reduction for model checking software", POPL 2005; for states
// that are known already: Yang, Chen, Gopalakrishnan and Kirby, "Efficient stateful dynamic partial order reduction",
// SPIN 2008.
import type { Lane } from "./choosing-queue.ts";
import type { Footprint } from "./footprint.ts";

/** One step of a run. */
export interface Step {
  readonly lane: Lane;
  /** The step in which the lane's event came about; -1 for before the first. */
  readonly createdBy: number;
  readonly footprint: Footprint;
}

/** What lanes may still do from some state on, by lane, and in which steps what they have pending came about. */
export interface Future {
  readonly footprints: readonly (Footprint | undefined)[];
  readonly createdBy: readonly number[];
}

/** Calls `onRace` for each step that another lane's later step could have gone before, with that lane. `future`: what
 *  follows the last step, where the run was cut at a state that is known. */
export function findRaces(
  steps: readonly Step[],
  future: Future | undefined,
  onRace: (step: number, lane: Lane) => void,
): void {
  const words = (steps.length + 31) >>> 5;
  // Row by row: the steps that have to come before this one.
  const before = new Int32Array(words * (steps.length + 1));
  const lastOfLane: number[] = [];
  for (let at = 0; at < steps.length; at++) {
    const { lane, createdBy, footprint } = steps[at]!;
    const row = at * words;
    follow(before, { row, words, step: lastOfLane[lane] ?? -1 });
    follow(before, { row, words, step: createdBy });
    if (!footprint.isEmpty) {
      for (let other = at - 1; other >= 0; other--) {
        const earlier = steps[other]!;
        // What comes before a step that this one has just been found to follow is in the row already.
        if (earlier.lane === lane || has(before, row, other) || !footprint.conflictsWith(earlier.footprint))
          continue;
        onRace(other, lane);
        follow(before, { row, words, step: other });
      }
    }
    lastOfLane[lane] = at;
  }
  if (future === undefined) return;
  const row = steps.length * words;
  for (let lane = 0; lane < future.footprints.length; lane++) {
    const footprint = future.footprints[lane];
    if (footprint === undefined || footprint.isEmpty) continue;
    before.fill(0, row, row + words);
    follow(before, { row, words, step: lastOfLane[lane] ?? -1 });
    follow(before, { row, words, step: future.createdBy[lane] ?? -1 });
    for (let other = steps.length - 1; other >= 0; other--) {
      const { lane: otherLane, footprint: otherFootprint } = steps[other]!;
      if (otherLane === lane || has(before, row, other) || !footprint.conflictsWith(otherFootprint)) continue;
      onRace(other, lane);
    }
  }
}

/** `step` comes before the row's step, and so does all that comes before it. */
function follow(
  before: Int32Array,
  { row, words, step }: { readonly row: number; readonly words: number; readonly step: number },
): void {
  if (step < 0) return;
  const from = step * words;
  for (let word = 0; word < words; word++) before[row + word]! |= before[from + word]!;
  before[row + (step >>> 5)]! |= 1 << (step & 31);
}

const has = (before: Int32Array, row: number, step: number): boolean =>
  (before[row + (step >>> 5)]! & (1 << (step & 31))) !== 0;
