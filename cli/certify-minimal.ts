// Failures of a target made small by runs on the target itself, and written down: the scenario as a file that replays,
// and as a script that needs nothing of Seatrial's.
import { join, resolve } from "node:path";
import { minimiseOnTarget, type MinimalTrace } from "../certify/minimise/minimise.ts";
import { simulatedOracle } from "../certify/minimise/oracle.ts";
import { scriptOfTrace } from "../certify/script/trace-script.ts";
import type { MinimalTraceResult } from "../invariants/minimal-trace.ts";
import type { Certification } from "../invariants/certification-result.ts";
import type { RunResult, ScenarioResult } from "../invariants/result.ts";
import type { LiveRun } from "../live/run.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { replayCommand } from "./invocation.ts";
import type { LiveWorldRunner } from "./live-runner.ts";
import type { ProtocolEntry } from "./protocols.ts";

/** Runs of candidates for one failure.  */
const attemptsMax = 60;
/** How much time one failure gets.  Units: milliseconds of wall time. */
const budgetMs = 20_000;

export interface MinimalContext {
  readonly world: LiveWorldRunner;
  readonly protocol: ProtocolEntry;
  readonly laws: ProtocolEntry["laws"];
  readonly outputDir: string;
  /** The words that name the target on a command line. */
  readonly targetWords: readonly string[];
  /** Where it listens, if that is known beforehand. */
  readonly baseUrl?: string;
  readonly signal: AbortSignal;
  /** Told what is being done. */
  readonly tell: (text: string) => void;
}

/** One for each broken rule, and for no more than this many rules: the rest waits until these are mended. */
export const defaultTracesMax = 5;

export async function withMinimalTraces(
  run: RunResult,
  {
    certification,
    scenarios,
    tracesMax,
    context,
  }: {
    readonly certification: Certification;
    /** Those that can be made small, by id. */
    readonly scenarios: ReadonlyMap<string, Scenario>;
    readonly tracesMax: number;
    readonly context: MinimalContext;
  },
): Promise<RunResult> {
  const chosen = representatives(certification, scenarios).slice(0, tracesMax);
  const minimal = new Map<string, ScenarioResult>();
  for (const id of chosen) {
    if (context.signal.aborted) break;
    const result = run.results.find((one) => one.id === id)!;
    minimal.set(id, await withMinimalTrace(result, scenarios.get(id)!, context));
  }
  return { ...run, results: run.results.map((result) => minimal.get(result.id) ?? result) };
}

/** For each broken rule the failing scenario that has the fewest steps; a scenario that breaks two stands for both. */
function representatives(
  { checks }: Certification,
  scenarios: ReadonlyMap<string, Scenario>,
): readonly string[] {
  const failing = checks.filter(({ outcome, expected }) => outcome === "fail" && expected === undefined);
  const chosen = new Set<string>();
  for (const ofRule of Map.groupBy(failing, ({ requirement }) => requirement).values()) {
    const candidates = ofRule.flatMap(({ scenario }) => scenarios.get(scenario) ?? []);
    if (candidates.some(({ id }) => chosen.has(id))) continue;
    const [smallest] = candidates.toSorted((left, right) => left.steps.length - right.steps.length);
    if (smallest !== undefined) chosen.add(smallest.id);
  }
  return [...chosen];
}

/** The result with its smallest trace, or as it is where nothing of it failed again.
 *  Errors: none; what cannot be made small stays as it was. */
async function withMinimalTrace(
  result: ScenarioResult,
  scenario: Scenario,
  context: MinimalContext,
): Promise<ScenarioResult> {
  const { world, protocol, laws, signal, tell } = context;
  try {
    const trace = await minimiseOnTarget<LiveRun>({
      scenario,
      seed: result.seed,
      protocol: { ...protocol, laws },
      run: (candidate, options) => world.observe(candidate, options),
      oracle: simulatedOracle(protocol.sim, { laws, seed: result.seed }),
      budget: { attempts: attemptsMax, ms: budgetMs },
      signal,
      onProgress: ({ pass, attempts, steps }) =>
        tell(`making ${scenario.id} small: ${steps} steps left, ${attempts} runs, ${pass}`),
    });
    if (trace === undefined) {
      const note =
        "When it was run again with the same seed, it did not fail: what failed depends on timing.";
      return { ...result, observations: [...(result.observations ?? []), note] };
    }
    return { ...result, minimal: write(trace, result, context) };
  } catch (error) {
    if (signal.aborted) return result;
    const note = `It could not be made small: ${error instanceof Error ? error.message : String(error)}`;
    return { ...result, observations: [...(result.observations ?? []), note] };
  }
}

function write(
  trace: MinimalTrace<LiveRun>,
  { id, seed }: ScenarioResult,
  { protocol, laws, outputDir, targetWords, baseUrl }: MinimalContext,
): MinimalTraceResult {
  const file = join(outputDir, "traces", `${id}.yaml`);
  const script = join(outputDir, "traces", `${id}.sh`);
  const replay = replayCommand(["replay", file, "--seed", seed, ...targetWords]);
  writeAtomically(resolve(file), trace.file);
  const text = scriptOfTrace(trace, {
    words: protocol.wireWords,
    laws,
    replay,
    ...(baseUrl === undefined ? {} : { baseUrl }),
  });
  writeAtomically(resolve(script), text);
  const { story, explanation, requirements, deterministic, before, after, attempts, stoppedBy } = trace;
  return {
    file,
    script,
    replay,
    plan: trace.scenario.steps.map(({ source }) => source.text),
    story,
    explanation,
    requirements,
    isDeterministic: deterministic,
    before,
    after,
    attempts,
    ...(stoppedBy === undefined ? {} : { stoppedBy }),
  };
}
