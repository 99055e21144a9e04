// A cause that a search has found, as a result that reporters tell: shrunk, written down as a scenario that replays on
// its own, with the story of its run.
import { explainFinding, type FindingExplanation } from "../explore/shrink/index.ts";
import type { SearchProtocol } from "../explore/search-protocol.ts";
import type { Finding } from "../explore/search-report.ts";
import { type Build, type Trial, tryPlan } from "../explore/trial.ts";
import type { Explanation } from "../invariants/explanation.ts";
import { isFailing } from "../invariants/verdict.ts";
import type { ScenarioResult } from "../invariants/result.ts";
import { stringifyScenario } from "../scenarios/format/stringify.ts";
import { errorResult } from "./assess.ts";
import { emptyResult } from "./empty-result.ts";
import { replayCommand } from "./invocation.ts";

export interface CauseOptions {
  readonly build: Build;
  readonly protocol: SearchProtocol;
  readonly finding: Finding;
  /** Plans of the whole search. */
  readonly runs: number;
  readonly mutant: string | undefined;
  /** The seed of the whole search. */
  readonly seed: string;
  /** Where a scenario of this name goes. */
  readonly file: (name: string) => string;
  readonly write: (file: string, text: string) => void;
  /** Ends the shrinking; the best so far is told. */
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

/** How long one cause is shrunk. Units: milliseconds. */
const shrinkingMaxMs = 60_000;

export interface Cause {
  readonly result: ScenarioResult;
  /** Law and necessary set: two findings that have it in common have one cause. */
  readonly key: string;
}

/** Errors: none; a plan that cannot be shrunk is told as it is. */
export async function explainCause(options: CauseOptions): Promise<Cause> {
  const { build, protocol, finding, file, write } = options;
  const { plan, seed, law } = finding;
  const name = law.replaceAll(/[^a-z0-9]+/gu, "-");
  const path = file(name);
  // Written before it is shrunk: whatever happens to the shrinking, the finding is not lost.
  write(path, stringifyScenario({ ...plan, seed }, protocol.vocabulary));
  const attempt = { scenario: plan, world: "sim", seed, replay: replayOf(options, path) } as const;
  if (finding.isError)
    return { result: errorResult(attempt, finding.explanation, 0), key: finding.signature };
  const startedAt = performance.now();
  try {
    const trial = await tryPlan(build, plan, { seed });
    const told = await shrunkTrial(options, trial);
    write(path, told.file);
    const { run, judgements, scenario } = told.trial;
    const { id, title, requirements } = scenario;
    const result: ScenarioResult = {
      ...emptyResult({
        id,
        title,
        why: whyText(options, told.size),
        protocol: scenario.protocol,
        requirements,
        world: "sim",
        seed: told.trial.seed,
        replay: attempt.replay,
      }),
      outcome: "fail",
      // One cause, one story: what else it breaks is named.
      judgements: judgements.filter((judgement) => judgement.law === law || !isFailing(judgement)),
      history: run.history,
      digest: run.digest,
      virtualMs: run.virtualMs,
      durationMs: Math.round(performance.now() - startedAt),
      faults: Object.fromEntries(run.faultCounts),
      explanation: told.explanation,
    };
    return { result, key: [law, ...told.explanation.plan].join("\n") };
  } catch (error) {
    const result = errorResult(attempt, error, Math.round(performance.now() - startedAt));
    return { result, key: finding.signature };
  }
}

interface Told {
  readonly trial: Trial;
  readonly file: string;
  readonly size: string;
  readonly explanation: Explanation;
}

async function shrunkTrial(options: CauseOptions, trial: Trial): Promise<Told> {
  const { build, protocol, finding, signal, onProgress } = options;
  const explained = await explainFinding(build, protocol, trial, {
    law: finding.law,
    signal: AbortSignal.any([signal, AbortSignal.timeout(shrinkingMaxMs)]),
    moments: 0,
    onProgress: ({ stage, text }) => {
      onProgress(`${stage}: ${text}`);
      // Ctrl-C is heard, and the screen painted, between two tries.
      return new Promise((resolve) => setImmediate(resolve));
    },
  });
  const { before, after } = explained;
  return {
    trial: explained.trial,
    file: explained.file,
    size: `shrunk from ${before.devices} devices and ${before.steps} steps to ${after.devices} and ${after.steps}${explained.isComplete ? "" : " (not to the end)"}`,
    explanation: explanationOf(explained),
  };
}

/** Without what stands elsewhere in the result. */
function explanationOf({
  scenario: _,
  file: __,
  trial: ___,
  ...explanation
}: FindingExplanation): Explanation {
  return explanation;
}

function whyText({ finding, runs }: CauseOptions, size: string): string {
  const { count, runsBefore, alsoBroken } = finding;
  const also = alsoBroken.length === 0 ? "" : ` The first plan also breaks ${alsoBroken.join(", ")}.`;
  return `Plan ${runsBefore + 1} was the first of ${count} in ${runs} that show it; ${size}.${also}`;
}

/** A mutant is not there when a file is replayed, so the search that found it is made again, as far as it came. */
const replayOf = ({ finding, mutant, seed }: CauseOptions, path: string): string =>
  mutant === undefined
    ? replayCommand(["replay", path])
    : replayCommand([
        "explore",
        "--mutant",
        mutant,
        "--seed",
        seed,
        "--seeds",
        String(finding.runsBefore + 1),
      ]);
