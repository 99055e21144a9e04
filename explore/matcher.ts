// Matchers for vitest, jest and whoever else takes `expect.extend`: a run keeps all laws, a run converges. A failure
// tells the law, the two facts that contradict each other, and the events between them.
import { storyTime, tellStory } from "../invariants/story.ts";
import { judge } from "../invariants/judge.ts";
import { isFailing, type Judgement, type Law } from "../invariants/verdict.ts";
import type { SimRun } from "../sim/run.ts";
import { searchProtocolOf } from "./protocols.ts";

/** What a matcher hands to its test runner. */
export interface MatchResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** For `expect.extend(matchers)`. */
export const matchers = { toKeepAllLaws, toConverge };

/** The types of the matchers, for a runner's own interface. */
export interface RunMatchers<Result = unknown> {
  /** No law of the run's protocol is violated; laws that only advise are left out. */
  toKeepAllLaws(laws?: readonly Law[]): Result;
  /** Everybody came to rest after the faults, with one and the same state. */
  toConverge(): Result;
}

function toKeepAllLaws(run: SimRun, only?: readonly Law[]): MatchResult {
  const broken = judge(run.history, only ?? searchProtocolOf(run.history.protocol).laws).filter(isFailing);
  return {
    pass: broken.length === 0,
    message: () =>
      broken.length === 0
        ? "expected the run to break a law, and it kept all of them"
        : [...broken.slice(0, toldMax).map((one) => tale(run, one)), rest(broken.slice(toldMax))]
            .filter((text) => text !== "")
            .join("\n\n"),
  };
}

/** What the laws say of the end of a run, whatever else they say. */
const ofTheEnd: ReadonlySet<string> = new Set(["it-ends", "same-everywhere"]);

function toConverge(run: SimRun): MatchResult {
  const { laws } = searchProtocolOf(run.history.protocol);
  const settled = run.history.events.findLast(({ kind }) => kind === "settled");
  if (settled?.kind !== "settled") {
    return {
      pass: false,
      message: () => "expected a run with a settle step, and nobody was asked to settle",
    };
  }
  const { pass, message } = toKeepAllLaws(
    run,
    laws.filter(({ id }) => ofTheEnd.has(id)),
  );
  return {
    pass: pass && settled.quiet,
    message: () =>
      pass && !settled.quiet
        ? `expected everybody to come to rest; still busy: ${settled.waiting.join("; ")}`
        : pass
          ? "expected the run not to converge, and it did"
          : message(),
  };
}

/** Violations that are told whole. */
const toldMax = 3;

function tale({ history }: SimRun, judgement: Judgement): string {
  const story = tellStory(history, judgement, searchProtocolOf(history.protocol).storytelling)!;
  const lanes = Math.max(...story.lines.map(({ lane }) => lane.length));
  const lines = story.lines.map(({ at, lane, text, highlighted }) => {
    return `${highlighted ? ">" : " "} ${storyTime(at).padStart(10)}  ${lane.padEnd(lanes)}  ${text}`;
  });
  return [`The law ${story.law} is broken: ${story.promise}`, story.explanation, "", ...lines].join("\n");
}

const rest = (broken: readonly Judgement[]): string =>
  broken.length === 0 ? "" : `Broken as well: ${broken.map(({ law }) => law).join(", ")}`;
