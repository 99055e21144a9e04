// What each part of a shrunk plan is needed for: the run without it, held against the run that breaks the law. The first
// thing that goes otherwise in what the law looked at is the consequence.
import type { Explanation, NecessaryPart } from "../../invariants/explanation.ts";
import type { History, HistoryEvent } from "../../invariants/history.ts";
import type { Storytelling } from "../../invariants/story.ts";
import type { Judgement } from "../../invariants/verdict.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import type { Vocabulary } from "../../scenarios/format/vocabulary.ts";
import type { Build, Trial } from "../trial.ts";
import { type Alignment, alignHistories } from "./alignment.ts";
import { failsAlike, tryAgain } from "./attempts.ts";
import { type PlanPart, partsOf } from "./parts.ts";
import type { Shrunk } from "./shrink.ts";

export interface NecessaryOptions {
  readonly storytelling: Storytelling;
  readonly vocabulary: Vocabulary;
  readonly onProgress?: ((part: string) => void | Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A run that does without one part, and does not break the law. */
export interface PassingRun {
  readonly part: string;
  readonly trial: Trial;
  readonly alignment: Alignment;
}

export interface NecessarySet {
  readonly parts: Explanation["necessary"];
  readonly passing: readonly PassingRun[];
  /** The plan without a part that turned out not to be needed. */
  readonly smaller?: Scenario;
}

/** Runs the plan without each of its parts. Stops at the first that is not needed. */
export async function necessarySet(
  build: Build,
  shrunk: Shrunk,
  options: NecessaryOptions,
): Promise<NecessarySet> {
  const parts: NecessaryPart[] = [];
  const passing: PassingRun[] = [];
  for (const part of partsOf(shrunk.scenario, options.vocabulary)) {
    if (options.signal?.aborted === true) break;
    await options.onProgress?.(part.words);
    const trial = await tryAgain(build, part.without, eventsMaxOf(shrunk));
    if (trial !== undefined && failsAlike(trial, shrunk.signature))
      return { parts, passing, smaller: part.without };
    const told = tellPart(part, shrunk, trial, options.storytelling);
    parts.push(told.part);
    if (told.run !== undefined) passing.push(told.run);
  }
  return { parts, passing };
}

/** A run that has not ended by then waits for what the part would have brought. */
const eventsMaxOf = ({ trial }: Shrunk): number => Math.max(200_000, trial.run.events * 10);

function tellPart(
  part: PlanPart,
  shrunk: Shrunk,
  trial: Trial | undefined,
  storytelling: Storytelling,
): { readonly part: NecessaryPart; readonly run?: PassingRun } {
  const { words } = part;
  if (trial === undefined) {
    const sentence = `Without ${words} the rest of the plan cannot be carried out.`;
    return { part: { part: words, outcome: "senseless", sentence } };
  }
  const alignment = alignHistories(shrunk.trial.run.history, trial.run.history, storytelling);
  const judgement = trial.judgements.find(({ law }) => law === shrunk.law)!;
  const outcome = outcomeOf(trial, judgement);
  const sentence = sentenceOf(words, {
    consequence: consequenceOf(shrunk, trial, alignment, storytelling),
    outcome,
    other: trial.violations[0],
  });
  return {
    part: { part: words, outcome, sentence },
    ...(outcome === "another law" ? {} : { run: { part: words, trial, alignment } }),
  };
}

function outcomeOf({ violations }: Trial, { verdict }: Judgement): NecessaryPart["outcome"] {
  if (violations.length > 0) return "another law";
  return verdict.outcome === "holds" ? "holds" : "nothing to judge";
}

interface Consequence {
  readonly text: string;
  /** It does not happen any more, instead of happening otherwise. */
  readonly isMissing: boolean;
}

function sentenceOf(
  words: string,
  told: {
    readonly consequence: Consequence | undefined;
    readonly outcome: NecessaryPart["outcome"];
    readonly other: Judgement | undefined;
  },
): string {
  const { consequence, outcome, other } = told;
  if (outcome === "another law") {
    const { law, verdict } = other!;
    const seen = verdict.outcome === "violated" ? verdict.witness.explanation : "";
    return `Without ${words} another law is broken, ${law}: ${seen}`;
  }
  const end = outcome === "holds" ? "the law holds" : "there is nothing to judge";
  if (consequence === undefined) return `Without ${words} nothing comes of it, and ${end}.`;
  const { text, isMissing } = consequence;
  return isMissing
    ? `Without ${words} it never comes to “${text}”, and ${end}.`
    : `Without ${words}, ${text}, and ${end}.`;
}

/** The first thing that happens in the passing run only and bears on the witness, else what of the witness is missing. */
function consequenceOf(
  shrunk: Shrunk,
  trial: Trial,
  alignment: Alignment,
  storytelling: Storytelling,
): Consequence | undefined {
  const failing = shrunk.trial.run.history;
  const passing = trial.run.history;
  const witness = witnessOf(shrunk.trial, shrunk.law);
  const only = alignment.onlySecond.map((index) => passing.events[index]!).filter(isTelling);
  const otherwise = firstThatMatters(only, { history: failing, witness }, storytelling);
  if (otherwise !== undefined) return { text: sayWho(otherwise, storytelling), isMissing: false };
  const paired = new Set(alignment.pairs.map(([first]) => first));
  const missing = witness.find((index) => !paired.has(index));
  if (missing === undefined) return undefined;
  return { text: sayWho(failing.events[missing]!, storytelling), isMissing: true };
}

export function witnessOf({ judgements }: Trial, law: string): readonly number[] {
  const verdict = judgements.find((judgement) => judgement.law === law)?.verdict;
  return verdict?.outcome === "violated" ? verdict.witness.events : [];
}

/** About what the witness is about, by those who are in it; then what they do otherwise at all; then anything. */
function firstThatMatters(
  events: readonly HistoryEvent[],
  { history, witness }: { readonly history: History; readonly witness: readonly number[] },
  { subjects }: Storytelling,
): HistoryEvent | undefined {
  const facts = witness.map((index) => history.events[index]!);
  const about = new Set(facts.flatMap((event) => subjects(event)).filter((subject) => !isOfCall(subject)));
  const actors = new Set(facts.map(({ actor }) => actor));
  const kinds = new Set(facts.map(({ actor, kind }) => `${actor} ${outcomeKind(kind)}`));
  return (
    events.find((event) => actors.has(event.actor) && subjects(event).some((one) => about.has(one))) ??
    events.find((event) => subjects(event).some((one) => about.has(one))) ??
    events.find((event) => kinds.has(`${event.actor} ${outcomeKind(event.kind)}`)) ??
    events.find((event) => actors.has(event.actor))
  );
}

/** Calls are numbered anew in every run, so their numbers say nothing across two. */
const isOfCall = (subject: string): boolean => subject.startsWith("call ");

/** An answer is an answer, whatever it says. */
const outcomeKind = (kind: HistoryEvent["kind"]): string =>
  kind === "accepted" || kind === "refused" || kind === "unknown" ? "answer" : kind;

/** What is asked, or who is there, is no consequence: what comes of it is. */
const isTelling = ({ kind }: HistoryEvent): boolean =>
  kind !== "invoked" && kind !== "joined" && kind !== "calm" && kind !== "restart";

function sayWho(event: HistoryEvent, { describe }: Storytelling): string {
  const text = describe(event);
  if (event.actor === "world") return text;
  return `${event.actor === "server" ? "the server" : event.actor} ${text}`;
}
