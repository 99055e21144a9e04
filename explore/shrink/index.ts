// A finding explained: shrunk, told, each of its parts shown to be needed, the nearest passing run beside it, and when
// it was decided.
import type { Explanation } from "../../invariants/explanation.ts";
import { tellStory } from "../../invariants/story.ts";
import type { Judgement } from "../../invariants/verdict.ts";
import { neededAbilities } from "../../scenarios/format/needs.ts";
import { parseScenario } from "../../scenarios/format/parse.ts";
import { stringifyScenario } from "../../scenarios/format/stringify.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import { likelihoodOf } from "../likelihood.ts";
import { nearestRun } from "../nearest.ts";
import type { SearchProtocol } from "../search-protocol.ts";
import type { Build, Trial } from "../trial.ts";
import { failsAlike, tryAgain } from "./attempts.ts";
import { type NecessarySet, necessarySet, witnessOf } from "./necessary.ts";
import { planLines } from "./plan-lines.ts";
import { shrink, type Shrunk, type ShrinkProgress } from "./shrink.ts";

export interface ExplainProgress {
  readonly stage: "shrinking" | "what is needed" | "likelihood";
  /** What is being done, in a few words. */
  readonly text: string;
  readonly shrinking: ShrinkProgress | undefined;
}

export interface ExplainOptions {
  /** The law to explain; absent means the one that is broken first in the run. */
  readonly law?: string | undefined;
  /** Hears of every run; what it returns is waited for, so that it can let the world breathe. */
  readonly onProgress?: ((progress: ExplainProgress) => void | Promise<void>) | undefined;
  /** Ends the work; what there is so far is handed back. */
  readonly signal?: AbortSignal | undefined;
  /** Candidates that shrinking may run. */
  readonly trialsMax?: number | undefined;
  /** The id of the scenario that comes out; absent means one made of the law's name. */
  readonly id?: string | undefined;
  /** Moments of the run that are asked how it might have gone on, and how often; 0 asks none. */
  readonly moments?: number | undefined;
  readonly branches?: number | undefined;
}

export interface FindingExplanation extends Explanation {
  /** The shrunk plan as a scenario that replays on its own. */
  readonly scenario: Scenario;
  /** Its file. */
  readonly file: string;
  /** Its run. */
  readonly trial: Trial;
}

/** Rounds of shrinking that a part which turns out not to be needed can cause. */
const roundsMax = 5;

/** Shrinks a failing trial and says all that there is to say about it.
 *  Errors: an Error for a trial in which no law is violated. */
export async function explainFinding(
  build: Build,
  protocol: SearchProtocol,
  trial: Trial,
  options: ExplainOptions = {},
): Promise<FindingExplanation> {
  const { shrunk, necessary } = await shrinkToTheNecessary(build, protocol, trial, options);
  const written = await writeDown(build, protocol, shrunk, options.id);
  const { history } = written.trial.run;
  const judgement = judgementOf(written.trial, shrunk.law);
  const nearest = nearestRun(shrunk.trial.run.history, necessary.passing, {
    witness: witnessOf(shrunk.trial, shrunk.law),
    storytelling: protocol.storytelling,
  });
  const { moments = 12, branches = 40, signal, onProgress } = options;
  const likelihood =
    moments === 0 || signal?.aborted === true
      ? undefined
      : await likelihoodOf(build, trial, {
          signature: shrunk.signature,
          law: shrunk.law,
          storytelling: protocol.storytelling,
          moments,
          branches,
          signal,
          onProgress: (text) => onProgress?.({ stage: "likelihood", text, shrinking: undefined }),
        });
  return {
    law: shrunk.law,
    promise: judgement.promise,
    requirements: judgement.requirements,
    explanation: explanationOf(judgement),
    signature: shrunk.signature,
    before: shrunk.before,
    after: shrunk.after,
    tried: shrunk.tried,
    isComplete: shrunk.isComplete,
    plan: planLines(written.scenario, protocol.vocabulary),
    story: tellStory(history, judgement, protocol.storytelling)?.lines ?? [],
    necessary: necessary.parts,
    ...(nearest === undefined ? {} : { nearest }),
    ...(likelihood === undefined ? {} : { likelihood }),
    ...written,
  };
}

async function shrinkToTheNecessary(
  build: Build,
  { vocabulary, storytelling }: SearchProtocol,
  trial: Trial,
  { law, signal, trialsMax, onProgress }: ExplainOptions,
): Promise<{ readonly shrunk: Shrunk; readonly necessary: NecessarySet }> {
  const onShrinking = (progress: ShrinkProgress): void | Promise<void> =>
    onProgress?.({ stage: "shrinking", text: progress.pass, shrinking: progress });
  const onPart = (part: string): void | Promise<void> =>
    onProgress?.({ stage: "what is needed", text: part, shrinking: undefined });
  const shrinkFrom = (from: Trial, wanted: string | undefined): Promise<Shrunk> =>
    shrink(build, from, { law: wanted, vocabulary, signal, trialsMax, onProgress: onShrinking });
  let shrunk = await shrinkFrom(trial, law);
  const { before } = shrunk;
  for (let round = 0; ; round++) {
    const necessary = await necessarySet(build, shrunk, {
      storytelling,
      vocabulary,
      signal,
      onProgress: onPart,
    });
    const smaller = necessary.smaller && (await tryAgain(build, necessary.smaller));
    if (smaller === undefined || round >= roundsMax) return { shrunk: { ...shrunk, before }, necessary };
    const { tried, signature } = shrunk;
    const again = await shrinkFrom(smaller, shrunk.law);
    shrunk = { ...again, tried: tried + again.tried, signature };
  }
}

/** The plan as a file says it, read back from there and run once more: what is handed out is what replays. It names no digest: it is there to be
 *  run against builds that differ, and the one that is right has to pass, where a digest would call its run DRIFTED. Steps,
 *  accidents and seed say all that happens.
 *  Errors: an Error where the file is no scenario or does not fail alike, which is a bug of ours. */
async function writeDown(
  build: Build,
  protocol: SearchProtocol,
  shrunk: Shrunk,
  id: string | undefined,
): Promise<{ readonly scenario: Scenario; readonly file: string; readonly trial: Trial }> {
  const { vocabulary, requirements } = protocol;
  const judgement = judgementOf(shrunk.trial, shrunk.law);
  const plain: Scenario = {
    ...shrunk.scenario,
    id: id ?? `${protocol.name}/found/${shrunk.law}`,
    title: judgement.promise,
    why: explanationOf(judgement),
    requirements: judgement.requirements,
    needs: [...neededAbilities(shrunk.scenario, vocabulary).keys()],
  };
  const file = stringifyScenario(plain, vocabulary);
  const parsed = parseScenario(file, {
    protocols: [{ vocabulary, requirements: requirements.map((requirement) => requirement.id) }],
  });
  if (!parsed.ok)
    throw new Error(
      `a shrunk plan does not read back: ${parsed.errors.map(({ message }) => message).join("; ")}\n${file}`,
    );
  const trial = await tryAgain(build, parsed.scenario);
  if (trial === undefined || !failsAlike(trial, shrunk.signature))
    throw new Error(`a shrunk plan does not fail when it is read back:\n${file}`);
  return { scenario: parsed.scenario, file, trial };
}

const judgementOf = ({ judgements }: Trial, law: string): Judgement =>
  judgements.find((judgement) => judgement.law === law)!;

const explanationOf = ({ verdict }: Judgement): string =>
  verdict.outcome === "violated" ? verdict.witness.explanation : "";
