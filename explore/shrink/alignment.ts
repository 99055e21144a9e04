// Two histories side by side: which events of one are also in the other, in the same order. Times, numbers of calls and
// whatever else two runs never have in common are left out of the comparison: an event is what it says.
import type { History, HistoryEvent } from "../../invariants/history.ts";
import type { Storytelling } from "../../invariants/story.ts";

export interface Alignment {
  /** Places in the first history, each with its counterpart in the second. Both ascend. */
  readonly pairs: readonly (readonly [first: number, second: number])[];
  /** Places in the second history that have no counterpart, ascending. */
  readonly onlySecond: readonly number[];
}

/** Events that are compared; after so many, two runs have parted for good. */
const comparedMax = 1_500;

/** The longest sequence that both have in common. */
export function alignHistories(
  first: History,
  second: History,
  { describe }: Pick<Storytelling, "describe">,
): Alignment {
  const left = textsOf(first, describe);
  const right = textsOf(second, describe);
  const lengths = commonLengths(left, right);
  const pairs: (readonly [number, number])[] = [];
  const onlySecond: number[] = [];
  const width = right.length + 1;
  let at = 0;
  let other = 0;
  while (at < left.length && other < right.length) {
    if (left[at] === right[other]) pairs.push([at++, other++]);
    else if (lengths[(at + 1) * width + other]! >= lengths[at * width + other + 1]!) at++;
    else onlySecond.push(other++);
  }
  while (other < right.length) onlySecond.push(other++);
  return { pairs, onlySecond };
}

function textsOf({ events }: History, describe: (event: HistoryEvent) => string): readonly string[] {
  return events.slice(0, comparedMax).map((event) => `${event.kind} ${event.actor} ${describe(event)}`);
}

/** For each pair of places, how much the rests from there have in common. */
function commonLengths(left: readonly string[], right: readonly string[]): Uint16Array {
  const width = right.length + 1;
  const lengths = new Uint16Array((left.length + 1) * width);
  for (let at = left.length - 1; at >= 0; at--) {
    for (let other = right.length - 1; other >= 0; other--) {
      lengths[at * width + other] =
        left[at] === right[other]
          ? lengths[(at + 1) * width + other + 1]! + 1
          : Math.max(lengths[(at + 1) * width + other]!, lengths[at * width + other + 1]!);
    }
  }
  return lengths;
}
