// The runner: scenarios × worlds → results, told to the reporters as they come. Every selected scenario ends up in the
// results exactly once per world, whatever happens on the way: passed, failed, blocked, skipped, or an error of ours.
import assert from "node:assert/strict";
import type { History } from "../invariants/history.ts";
import type { RunResult, ScenarioResult } from "../invariants/result.ts";
import type { Judgement } from "../invariants/verdict.ts";
import type { Reporter } from "../reports/reporter.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { missingAbilities } from "../scenarios/format/world.ts";
import { type Attempt, assess, blockedResult, errorResult, skippedResult } from "./assess.ts";
import { SetupError } from "./errors.ts";
import { replayCommand } from "./invocation.ts";
import type { WorldRunner } from "./world-runner.ts";

/** The seed of a scenario that names none, where the command line names none either. */
export const defaultSeed = "1";
/** How long a world may take to clean up after it was told to stop. Units: milliseconds. */
const cleanupGraceMs = 15_000;

/** Scenarios and the world that they run in. */
export interface RunPart {
  readonly world: WorldRunner;
  readonly scenarios: readonly Scenario[];
  /** Each scenario that carries a digest has to be that run again. */
  readonly isReplay?: true;
}

export interface RunRequest {
  /** One after another, in this order. */
  readonly parts: readonly RunPart[];
  /** Applies the laws of the scenario's protocol. */
  readonly judge: (scenario: Scenario, history: History) => readonly Judgement[];
  readonly reporters: readonly Reporter[];
  /** What is made of the whole run before it is reported; the worlds are still up. */
  readonly finish?: (run: RunResult) => Promise<RunResult>;
  /** Over all scenarios; absent means that each runs under its own, or the default. */
  readonly seed?: string;
  /** Failures after which the rest is skipped. */
  readonly bail?: number;
  readonly signal: AbortSignal;
  readonly version: string;
  readonly command: string;
}

/** Runs everything that was asked for. Errors: none of a scenario; a reporter that throws is a bug and ends the run. */
export async function runScenarios(request: RunRequest): Promise<RunResult> {
  const startedAt = new Date();
  const { reporters, parts } = request;
  for (const reporter of reporters) {
    reporter.onRunBegin?.({
      version: request.version,
      command: request.command,
      worlds: parts.map(({ world, scenarios }) => ({ world: world.world, scenarios: scenarios.length })),
    });
  }
  const run = new Run(request);
  for (const part of parts) await run.part(part);
  const asked = parts.reduce((sum, { scenarios }) => sum + scenarios.length, 0);
  assert.equal(run.results.length, asked, "every scenario has one result per world");
  const ran: RunResult = {
    version: request.version,
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    command: request.command,
    node: process.version,
    interrupted: request.signal.aborted || run.results.some(({ outcome }) => outcome === "skipped"),
    results: run.results,
  };
  const result = (await request.finish?.(ran)) ?? ran;
  for (const reporter of reporters) reporter.onRunEnd?.(result);
  return result;
}

class Run {
  readonly results: ScenarioResult[] = [];
  readonly #request: RunRequest;
  #failures = 0;
  /** Set when a world cannot be brought up: the rest of that world is skipped instead of failing one by one. */
  #brokenWorld: WorldRunner | undefined;
  /** Why nothing can be run in a world. */
  #unready: { readonly world: WorldRunner; readonly error: unknown } | undefined;

  constructor(request: RunRequest) {
    this.#request = request;
  }

  get isCutShort(): boolean {
    return this.#request.signal.aborted || this.#failures >= (this.#request.bail ?? Infinity);
  }

  /** Workers take scenarios from one list; results keep the order of the list. */
  async part({ world, scenarios, isReplay }: RunPart): Promise<void> {
    await this.#bringUp(world, scenarios);
    const queue = scenarios.map((scenario) => this.#attempt(scenario, world, isReplay));
    const results: ScenarioResult[] = Array.from({ length: queue.length });
    const order = longestFirst(scenarios, world);
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < order.length) {
        const index = order[next++]!;
        const result = await this.#one(queue[index]!, world);
        results[index] = result;
        if (result.outcome === "fail" || result.outcome === "error") this.#failures++;
        for (const reporter of this.#request.reporters) reporter.onScenarioEnd?.(result);
      }
    };
    await Promise.all(Array.from({ length: Math.max(1, world.workers) }, work));
    this.results.push(...results);
  }

  /** Where that fails, the first result says so. */
  async #bringUp(world: WorldRunner, scenarios: readonly Scenario[]): Promise<void> {
    if (scenarios.length === 0) return;
    try {
      await world.ready?.(scenarios);
      world.prepare?.(scenarios.filter((scenario) => whatIsMissing(scenario, world).length === 0));
    } catch (error) {
      this.#unready = { world, error };
    }
  }

  async #one(attempt: Attempt, world: WorldRunner): Promise<ScenarioResult> {
    if (this.#unready?.world === world) {
      if (this.isCutShort || this.#brokenWorld === world) return skippedResult(attempt);
      this.#brokenWorld = world;
      return errorResult(attempt, this.#unready.error, 0);
    }
    const missing = whatIsMissing(attempt.scenario, world);
    if (missing.length > 0) return blockedResult(attempt, missing);
    if (this.isCutShort || this.#brokenWorld === world) return skippedResult(attempt);
    const { id, title } = attempt.scenario;
    for (const reporter of this.#request.reporters) {
      reporter.onScenarioBegin?.({ id, title, world: world.world });
    }
    await breathe();
    return this.isCutShort ? skippedResult(attempt) : this.#run(attempt, world);
  }

  async #run(attempt: Attempt, world: WorldRunner): Promise<ScenarioResult> {
    const { signal, judge } = this.#request;
    const startedAt = performance.now();
    const elapsed = (): number => Math.round((performance.now() - startedAt) * 10) / 10;
    try {
      const observed = await orAbandoned(
        () => world.run(attempt.scenario, { seed: attempt.seed, signal }),
        signal,
      );
      return assess(attempt, observed, {
        judge: (history) => judge(attempt.scenario, history),
        durationMs: elapsed(),
      });
    } catch (error) {
      if (signal.aborted) return skippedResult(attempt);
      if (error instanceof SetupError) this.#brokenWorld = world;
      return errorResult(attempt, error, elapsed());
    }
  }

  #attempt(scenario: Scenario, runner: WorldRunner, isReplay?: true): Attempt {
    const { world } = runner;
    const ownSeed = scenario.seed ?? defaultSeed;
    const seed = this.#request.seed ?? ownSeed;
    const words = runner.replayWords?.(scenario, seed) ?? [world, scenario.id, "--seed", seed];
    const attempt = { scenario, world, seed, replay: replayCommand(words) };
    const { digest, recordedWith } = scenario;
    // Under another seed it is meant to be another run; the live world has no digest.
    if (isReplay !== true || digest === undefined || seed !== ownSeed) return attempt;
    return {
      ...attempt,
      recorded: { digest, ...(recordedWith === undefined ? {} : { version: recordedWith }) },
    };
  }
}

/** Places in the list, those that wait longest first: a long one that began last would hold up the end. */
function longestFirst(scenarios: readonly Scenario[], world: WorldRunner): readonly number[] {
  const waits = scenarios.map((scenario) => world.waitsMs?.(scenario) ?? 0);
  return [...scenarios.keys()].sort((left, right) => waits[right]! - waits[left]! || left - right);
}

/** Lets signals be heard and progress be painted: a simulated run never returns to the event loop by itself. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Waits for a run; once the signal is aborted, for its cleaning up, but not for ever. */
async function orAbandoned<T>(run: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const abandoned = Promise.withResolvers<never>();
  let grace: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    grace = setTimeout(
      () => abandoned.reject(new Error("the world did not stop when told to")),
      cleanupGraceMs,
    );
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([run(), abandoned.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    clearTimeout(grace);
  }
}

const whatIsMissing = (scenario: Scenario, world: WorldRunner): readonly string[] => [
  ...missingAbilities(scenario, world),
  ...(world.lacks?.(scenario) ?? []),
];
