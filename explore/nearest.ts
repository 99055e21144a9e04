// The nearest passing run: among the runs that do without one part of the plan and keep the law, the one that agrees
// longest with the failing one. Side by side, up to the first difference and what follows, the two show what decides.
import type { NearestRun } from "../invariants/explanation.ts";
import type { History, HistoryEvent } from "../invariants/history.ts";
import type { StoryLine, Storytelling } from "../invariants/story.ts";
import type { PassingRun } from "./shrink/necessary.ts";

/** Lines before the runs part, and of each after that. */
const beforeMax = 4;
const afterMax = 7;

/** `undefined` where no run passes without a part. */
export function nearestRun(
  failing: History,
  passing: readonly PassingRun[],
  { witness, storytelling }: { readonly witness: readonly number[]; readonly storytelling: Storytelling },
): NearestRun | undefined {
  const compared = passing.map((run) => ({ run, parting: partingOf(run, failing) }));
  const [nearest] = compared.sort(
    (left, right) =>
      Number(goesOn(right.run)) - Number(goesOn(left.run)) || right.parting.shared - left.parting.shared,
  );
  if (nearest === undefined) return undefined;
  const { run, parting } = nearest;
  const isWitness = new Set(witness);
  const end = Math.min(failing.events.length - 1, Math.max(parting.failingFrom, witness.at(-1) ?? 0));
  const line = (history: History, index: number, highlighted: boolean): StoryLine => {
    const event = history.events[index]!;
    return { at: event.at, lane: event.actor, text: storytelling.describe(event), highlighted };
  };
  const after = range(parting.failingFrom, end + 1);
  const other = range(parting.passingFrom, run.trial.run.history.events.length);
  return {
    without: run.part,
    shared: parting.shared,
    before: parting.before.slice(-beforeMax).map((index) => line(failing, index, false)),
    failing: nearestTo(after, isWitness).map((index) => line(failing, index, isWitness.has(index))),
    passing: other.slice(0, afterMax).map((index) => line(run.trial.run.history, index, false)),
  };
}

/** Something happens there instead; a run that only stops earlier shows nothing. */
const goesOn = ({ alignment }: PassingRun): boolean => alignment.onlySecond.length > 0;

interface Parting {
  /** Events that both have before they part. */
  readonly shared: number;
  /** Their places in the failing run. */
  readonly before: readonly number[];
  readonly failingFrom: number;
  readonly passingFrom: number;
}

/** The runs part where one has an event that the other lacks. A fault that only the failing run has is the part itself
 *  that was taken away, and parts nothing yet. */
function partingOf({ alignment, trial }: PassingRun, failing: History): Parting {
  const { pairs, onlySecond } = alignment;
  const counterpart = new Map(pairs);
  const passingEnd = onlySecond[0] ?? trial.run.history.events.length;
  const before: number[] = [];
  let passingFrom = 0;
  let failingFrom = 0;
  for (let index = 0; index < failing.events.length; index++) {
    const other = counterpart.get(index);
    if (other === undefined && !isUpheaval(failing.events[index]!)) break;
    if (other !== undefined) {
      if (other >= passingEnd) break;
      before.push(index);
      passingFrom = other + 1;
      failingFrom = index + 1;
    }
  }
  return { shared: before.length, before, failingFrom, passingFrom };
}

const isUpheaval = ({ kind }: HistoryEvent): boolean =>
  kind === "fault" || kind === "crash" || kind === "restart" || kind === "compacted";

/** As many as are shown: those of the witness, and what is nearest before them. */
function nearestTo(places: readonly number[], witness: ReadonlySet<number>): readonly number[] {
  if (places.length <= afterMax) return places;
  const head = places.slice(0, Math.ceil(afterMax / 2));
  const facts = places.filter((index) => witness.has(index) && !head.includes(index));
  const room = Math.max(0, afterMax - head.length - facts.length);
  const rest = places.slice(head.length).filter((index) => !witness.has(index));
  const tail = room === 0 ? [] : rest.slice(-room);
  return [...head, ...[...tail, ...facts].sort((left, right) => left - right)];
}

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
