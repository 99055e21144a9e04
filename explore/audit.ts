// Whether a run can be repeated. The same plan, seed and build have to give the same events, the same digest and the
// same history; where they do not, something of the build stands outside the simulation (a counter that outlives a run,
// a clock, an order that nobody fixed), and the first event that differs is the place to look.
import type { History } from "../invariants/history.ts";
import { eventsPerCheckpoint } from "../sim/kernel/kernel.ts";
import { hashText } from "../sim/kernel/addressed-random.ts";
import type { RunTrace } from "../sim/kernel/trace.ts";
import { simulate, type SimRun } from "../sim/run.ts";
import type { Build, Trial } from "./trial.ts";

/** Where a run and its repetition part. */
export interface Parting {
  /** One sentence. */
  readonly firstDifference: string;
}

/** What two runs must have in common to be the same, small enough to be sent about. */
export interface RunPrint {
  readonly digest: string;
  readonly checkpoints: readonly string[];
  /** Eight hexadecimal digits over all that the history says: the digest knows only its kinds. */
  readonly historyDigest: string;
}

/** Runs a trial once more, in this process. `undefined`: it was the same run.
 *  Errors: none; a repetition that ends in an error is a difference. */
export async function sameAgain(
  build: Build,
  trial: Pick<Trial, "scenario" | "seed" | "run">,
): Promise<Parting | undefined> {
  const { scenario, seed, run } = trial;
  try {
    const again = await simulate({ scenario, seed, protocol: build.sim });
    if (again.digest === run.digest && firstOther(run.history.events, again.history.events) === undefined)
      return undefined;
    const left = await simulate({ scenario, seed, protocol: build.sim, trace: true });
    const right = await simulate({ scenario, seed, protocol: build.sim, trace: true });
    return {
      firstDifference: describeParting({ first: run, again, left: left.trace!, right: right.trace! }),
    };
  } catch (error) {
    return { firstDifference: `the run came to its end, its repetition to an error: ${String(error)}` };
  }
}

export const printOf = (run: SimRun): RunPrint => ({
  digest: run.digest,
  checkpoints: run.checkpoints,
  historyDigest: hashText(JSON.stringify(run.history, withEntries), 0).toString(16).padStart(8, "0"),
});

export const isSamePrint = (left: RunPrint, right: RunPrint): boolean =>
  left.digest === right.digest && left.historyDigest === right.historyDigest;

/** The first row in which two traces differ, in words; `undefined` where they are the same. */
export function firstOtherEvent(left: RunTrace, right: RunTrace): string | undefined {
  const rows = Math.min(left.at.length, right.at.length);
  for (let row = 0; row < rows; row++) {
    const isSame =
      left.at[row] === right.at[row] &&
      nameAt(left, "owner", row) === nameAt(right, "owner", row) &&
      nameAt(left, "label", row) === nameAt(right, "label", row);
    if (!isSame)
      return `${placeOf(left, row)}: ${rowText(left, row)} against ${otherRowText(left, right, row)}`;
  }
  if (left.at.length === right.at.length) return undefined;
  const [longer, which] = left.at.length > right.at.length ? [left, "second"] : [right, "first"];
  return `${placeOf(longer, rows)}: ${rowText(longer, rows)}, where the ${which} run is over`;
}

/** Between which events two runs part, as far as their prints tell. */
export function placeOfParting(left: RunPrint, right: RunPrint): string {
  const digests = `digest ${left.digest} against ${right.digest}`;
  if (left.digest === right.digest) return `the same events and digest ${left.digest}, but another history`;
  const rows = Math.min(left.checkpoints.length, right.checkpoints.length);
  for (let row = 0; row < rows; row++) {
    if (left.checkpoints[row] === right.checkpoints[row]) continue;
    const from = row * eventsPerCheckpoint + 1;
    return `between event ${count(from)} and event ${count(from + eventsPerCheckpoint - 1)}: ${digests}`;
  }
  return `after event ${count(rows * eventsPerCheckpoint)}: ${digests}`;
}

/** The first line of two histories that differs, with the first member that does; `undefined` where none does. */
export function firstOtherLine(left: History, right: History): string | undefined {
  const path = firstOther(left.events, right.events);
  if (path === undefined) return undefined;
  const [index, ...members] = path;
  const line = Number(index);
  const event = left.events[line] ?? right.events[line];
  if (event === undefined) return undefined;
  const what = `line ${count(line + 1)} of the history at ${seconds(event.at)}, ${event.actor}'s "${event.kind}"`;
  const values = [left, right].map(({ events }) => shortJson(partOf(events[line], members)));
  const member = members.length === 0 ? "" : `, ${members.join(".")}`;
  return `${what}${member}: ${values.join(" against ")}`;
}

function describeParting(runs: {
  readonly first: SimRun;
  readonly again: SimRun;
  readonly left: RunTrace;
  readonly right: RunTrace;
}): string {
  const event = firstOtherEvent(runs.left, runs.right);
  if (event !== undefined) return event;
  const line = firstOtherLine(runs.first.history, runs.again.history);
  if (line !== undefined) return line;
  return `${placeOfParting(printOf(runs.first), printOf(runs.again))}; two more repetitions were the same`;
}

/** The path to the first value that differs, depth first in the order of the members; values are those of JSON, Maps
 *  and Sets. */
function firstOther(left: unknown, right: unknown): readonly string[] | undefined {
  if (Object.is(left, right)) return undefined;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return [];
  if (left instanceof Map && right instanceof Map) return firstOther([...left], [...right]);
  if (left instanceof Set && right instanceof Set) return firstOther([...left], [...right]);
  const leftMembers = left as Readonly<Record<string, unknown>>;
  const rightMembers = right as Readonly<Record<string, unknown>>;
  for (const key in leftMembers) {
    if (!(key in rightMembers)) return [key];
    const path = firstOther(leftMembers[key], rightMembers[key]);
    if (path !== undefined) return [key, ...path];
  }
  for (const key in rightMembers) if (!(key in leftMembers)) return [key];
  return undefined;
}

function partOf(value: unknown, path: readonly string[]): unknown {
  let part = value;
  for (const key of path) {
    if (part instanceof Map || part instanceof Set) part = [...part];
    if (typeof part !== "object" || part === null) return undefined;
    part = (part as Readonly<Record<string, unknown>>)[key];
  }
  return part;
}

const nameAt = (trace: RunTrace, column: "owner" | "label", row: number): string =>
  column === "owner" ? trace.owners[trace.owner[row]!]! : trace.labels[trace.label[row]!]!;

const placeOf = (trace: RunTrace, row: number): string =>
  `event ${count(trace.event[row]!)} at ${seconds(trace.at[row]!)}`;

const rowText = (trace: RunTrace, row: number): string =>
  `${nameAt(trace, "owner", row)}'s '${nameAt(trace, "label", row)}'`;

/** With its time, where only that differs. */
const otherRowText = (left: RunTrace, right: RunTrace, row: number): string =>
  left.at[row] === right.at[row]
    ? rowText(right, row)
    : `${rowText(right, row)} at ${seconds(right.at[row]!)}`;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)} s`;
const count = (number: number): string => number.toLocaleString("en-US");

/** Maps and Sets by what is in them; JSON would leave them out. */
const withEntries = (_: string, value: unknown): unknown =>
  value instanceof Map || value instanceof Set ? [...value] : value;

const jsonLengthMax = 80;

function shortJson(value: unknown): string {
  const text = JSON.stringify(value, withEntries) ?? "nothing";
  return text.length > jsonLengthMax ? `${text.slice(0, jsonLengthMax)}…` : text;
}
