// A violated law as a story for a person: what was promised, the facts that cannot both be, and the few events that
// lead from one to the other. Lines are data; terminal and page lay them out.
import type { EventIndex, History, HistoryEvent, RunMs } from "./history.ts";
import { brokenRules, type Judgement } from "./verdict.ts";

/** One line: who did what, when. */
export interface StoryLine {
  /** Units: milliseconds since the run began. */
  readonly at: RunMs;
  /** A device's name, `server` or `world`. */
  readonly lane: string;
  readonly text: string;
  /** One of the events that contradict the law. */
  readonly highlighted: boolean;
}

export interface Story {
  readonly law: string;
  readonly promise: string;
  readonly requirements: readonly string[];
  readonly explanation: string;
  readonly lines: readonly StoryLine[];
}

/** What a protocol adds to the telling. `subjects`: what an event is about (operations, calls, ids), as texts that
 *  other events about the same thing give too. */
export interface Storytelling {
  describe(event: HistoryEvent): string;
  subjects(event: HistoryEvent): readonly string[];
  /** What events let somebody conclude about those who write no history themselves (the database), to be told just
   *  before them, by their place. */
  asides?(history: History): ReadonlyMap<EventIndex, readonly StoryAside[]>;
}

export interface StoryAside {
  readonly lane: string;
  readonly text: string;
}

/** Lines of a story, the counts of what is left out among them. A longer witness is told whole. */
const linesMax = 16;
/** A history that is no longer than this up to its contradiction is told whole. */
const wholeMax = 20;
/** Events before a failed expectation. */
const lastLinesMax = 8;

/** The story of a violated judgement; `undefined` for any other.
 *  The chain: events up to the last one of the witness that are about what the witness is about, by those who are in
 *  it; crashes and faults that lie between; where that is too much, what is nearest to the witness. */
export function tellStory(
  history: History,
  judgement: Judgement,
  { describe, subjects, asides }: Storytelling,
): Story | undefined {
  const { law, promise, verdict } = judgement;
  if (verdict.outcome !== "violated") return undefined;
  const { events: witness, explanation } = verdict.witness;
  const whole = wholeStory(history, witness, subjects);
  const chosen = whole ?? chooseEvents(history, witness, subjects);
  const isWitness = new Set(witness);
  const besides = asides?.(history);
  const lines: StoryLine[] = [];
  let last = -1;
  for (const index of chosen) {
    const event = history.events[index]!;
    const isBeginning = last < 0 && whole !== undefined;
    const between = history.events.slice(last + 1, index).filter(({ kind }) => kind !== "joined").length;
    if (between > 0 && !isBeginning) lines.push(leftOut(between, event.at));
    last = index;
    for (const aside of besides?.get(index) ?? []) lines.push({ at: event.at, ...aside, highlighted: false });
    lines.push({ at: event.at, lane: event.actor, text: describe(event), highlighted: isWitness.has(index) });
  }
  return { law, promise, requirements: brokenRules(judgement), explanation, lines: explainedOnce(lines) };
}

/** What stands in brackets behind a thing explains it, and does so once. */
function explainedOnce(lines: readonly StoryLine[]): readonly StoryLine[] {
  const explained = new Set<string>();
  return lines.map((line) => {
    const text = line.text.replaceAll(/(\w+ \w+) \([^()]*\)/gu, (whole, thing: string) => {
      if (explained.has(whole)) return thing;
      explained.add(whole);
      return whole;
    });
    return { ...line, text };
  });
}

/** What happened last before a moment: for a failed expectation, which has no witness but its time. */
export function tellLast(
  history: History,
  before: RunMs,
  { describe }: Pick<Storytelling, "describe">,
): readonly StoryLine[] {
  const told = history.events.filter(({ at, kind }) => at <= before && kind !== "found");
  const last = told.slice(-lastLinesMax);
  const lines = last.map((event): StoryLine => {
    return { at: event.at, lane: event.actor, text: describe(event), highlighted: false };
  });
  const left = told.length - last.length;
  return left === 0 ? lines : [{ ...leftOut(left, lines[0]!.at), text: `… ${left} events before` }, ...lines];
}

/** A time of a run as people read it: `12.340 s`. */
export const storyTime = (at: RunMs): string =>
  `${Math.trunc(at / 1000)}.${String(at % 1000).padStart(3, "0")} s`;

const leftOut = (count: number, at: RunMs): StoryLine => ({
  at,
  lane: "world",
  text: count === 1 ? "… 1 event that does not bear on it" : `… ${count} events that do not bear on it`,
  highlighted: false,
});

/** Every event up to the last of the witness, where they are few: from the first on that is about something, because
 *  that somebody is there and has nothing needs no telling. */
function wholeStory(
  { events }: History,
  witness: readonly EventIndex[],
  subjects: Storytelling["subjects"],
): readonly EventIndex[] | undefined {
  const end = witness.at(-1);
  if (end === undefined) return undefined;
  const first = events.findIndex((event) => isUpheaval(event) || subjects(event).length > 0);
  const begin = Math.min(witness[0]!, first < 0 ? Infinity : first);
  const isWitness = new Set(witness);
  const told: EventIndex[] = [];
  for (let index = begin; index <= end; index++) {
    if (events[index]!.kind === "joined" && !isWitness.has(index)) continue;
    told.push(index);
    if (told.length > wholeMax) return undefined;
  }
  return told;
}

function chooseEvents(
  history: History,
  witness: readonly EventIndex[],
  subjects: Storytelling["subjects"],
): readonly EventIndex[] {
  const { events } = history;
  const first = witness[0] ?? 0;
  const end = witness.at(-1) ?? -1;
  const about = new Set(witness.flatMap((index) => subjects(events[index]!)));
  const actors = new Set(witness.map((index) => events[index]!.actor));
  const related: EventIndex[] = [];
  for (let index = 0; index <= end; index++) {
    const event = events[index]!;
    if (
      isUpheaval(event)
        ? index > first && concerns(event, actors)
        : subjects(event).some((one) => about.has(one))
    ) {
      related.push(index);
    }
  }
  const isWitness = new Set(witness);
  const nearest = related
    .filter((index) => !isWitness.has(index))
    .sort((left, right) => distance(left, witness) - distance(right, witness) || left - right)
    .slice(0, linesMax);
  for (let count = nearest.length; count > 0; count--) {
    const chosen = [...witness, ...nearest.slice(0, count)].sort((left, right) => left - right);
    if (countLines(chosen) <= linesMax) return chosen;
  }
  return witness;
}

/** With a line for every gap. */
function countLines(chosen: readonly EventIndex[]): number {
  let lines = 0;
  let last = -1;
  for (const index of chosen) {
    lines += index > last + 1 ? 2 : 1;
    last = index;
  }
  return lines;
}

const isUpheaval = ({ kind }: HistoryEvent): boolean =>
  kind === "fault" || kind === "crash" || kind === "restart" || kind === "calm" || kind === "compacted";

/** Upheavals of a device that is not in the witness are somebody else's. */
const concerns = (event: HistoryEvent, actors: ReadonlySet<string>): boolean =>
  !("target" in event) || actors.has(event.target) || event.target.startsWith("server");

const distance = (index: EventIndex, witness: readonly EventIndex[]): number =>
  Math.min(...witness.map((one) => Math.abs(one - index)));
