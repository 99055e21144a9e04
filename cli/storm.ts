// Storms: one random plan after another, each from its own seed, in the simulation. What passes is only counted; what
// fails is written down as a scenario file, so that it can be replayed, read and kept.
import { join, resolve } from "node:path";
import { residualRisk } from "../explore/residual-risk.ts";
import { stormScenario } from "../explore/storm.ts";
import { judge } from "../invariants/judge.ts";
import type { RunResult, ScenarioResult } from "../invariants/result.ts";
import type { Judgement } from "../invariants/verdict.ts";
import type { Reporter } from "../reports/reporter.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import { neededAbilities } from "../scenarios/format/needs.ts";
import { stringifyScenario } from "../scenarios/format/stringify.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { assess, errorResult } from "./assess.ts";
import { emptyResult } from "./empty-result.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { type Interrupts, watchInterrupts } from "./interrupt.ts";
import { givenCommand, replayCommand } from "./invocation.ts";
import type { RunFlags } from "./options.ts";
import { protocolOf } from "./protocols.ts";
import { createReporters, interruptReporters } from "./reporting.ts";
import { defaultSeed } from "./run-scenarios.ts";
import { createSimRunner } from "./sim-runner.ts";
import { version } from "./version.ts";
import type { Observed } from "./world-runner.ts";

const defaultSeeds = 100;
const defaultBail = 1;

export interface StormFlags extends Pick<RunFlags, "seed" | "bail" | "reporter" | "json" | "outputDir"> {
  readonly seeds?: number;
}

/** Runs the storms, reports, sets the exit code of the process. */
export async function runStorms(flags: StormFlags): Promise<RunResult> {
  const reporters = createReporters(flags);
  const interrupts = watchInterrupts(() => interruptReporters(reporters));
  try {
    const storms = new Storms(flags, reporters, interrupts);
    const run = await storms.run();
    process.exitCode = interrupts.code() ?? exitCodeOf(run);
    return run;
  } finally {
    interrupts.stopWatching();
  }
}

/** The seeds of a series: whole numbers count up; behind any other text stands its place. The first is the base, so
 *  that one seed can be run again with `--seeds 1`. */
export function stormSeed(base: string, index: number): string {
  if (/^\d{1,15}$/.test(base)) return String(Number(base) + index);
  return index === 0 ? base : `${base}-${index}`;
}

class Storms {
  readonly #flags: StormFlags;
  readonly #reporters: readonly Reporter[];
  readonly #interrupts: Interrupts;
  readonly #runner = createSimRunner();
  readonly #startedAt = new Date();
  readonly #base: string;
  readonly #seedsTotal: number;
  readonly #faults = new Map<string, number>();
  readonly #laws = new Map<string, Judgement>();
  readonly #failures: ScenarioResult[] = [];
  #seedsDone = 0;
  #events = 0;

  constructor(flags: StormFlags, reporters: readonly Reporter[], interrupts: Interrupts) {
    this.#flags = flags;
    this.#reporters = reporters;
    this.#interrupts = interrupts;
    this.#base = flags.seed ?? defaultSeed;
    this.#seedsTotal = flags.seeds ?? defaultSeeds;
  }

  async run(): Promise<RunResult> {
    const begin = {
      version: version(),
      command: givenCommand(),
      worlds: [{ world: "sim", scenarios: this.#seedsTotal }],
    } as const;
    for (const reporter of this.#reporters) reporter.onRunBegin?.(begin);
    const bail = this.#flags.bail ?? defaultBail;
    while (
      this.#seedsDone < this.#seedsTotal &&
      this.#failures.length < bail &&
      !this.#interrupts.signal.aborted
    ) {
      await this.#one(stormSeed(this.#base, this.#seedsDone));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const result = this.#result();
    for (const reporter of this.#reporters) reporter.onRunEnd?.(result);
    return result;
  }

  async #one(seed: string): Promise<void> {
    const scenario = stormScenario(seed);
    const file = join(this.#flags.outputDir, `storm-${seed.replaceAll(/[^\w.-]/g, "_")}.yaml`);
    const attempt = { scenario, world: "sim", seed, replay: replayCommand(["replay", file]) } as const;
    const startedAt = performance.now();
    const durationMs = (): number => Math.round(performance.now() - startedAt);
    let result: ScenarioResult;
    try {
      const observed = await this.#runner.run(scenario, { seed, signal: this.#interrupts.signal });
      this.#count(observed);
      const laws = protocolOf(scenario.protocol).laws;
      result = assess(attempt, observed, {
        judge: (history) => judge(history, laws),
        durationMs: durationMs(),
      });
    } catch (error) {
      result = errorResult(attempt, error, durationMs());
    }
    this.#seedsDone++;
    for (const judgement of result.judgements) this.#countLaw(judgement);
    if (result.outcome !== "pass") this.#keep(result, scenario, file);
    for (const reporter of this.#reporters) reporter.onProgress?.(this.#progress());
  }

  #keep(result: ScenarioResult, scenario: Scenario, file: string): void {
    this.#failures.push(result);
    const { vocabulary } = protocolOf(scenario.protocol);
    const needs = [...neededAbilities(scenario, vocabulary).keys()];
    const { digest } = result;
    const recorded = digest === undefined ? {} : { digest, recordedWith: version() };
    writeAtomically(resolve(file), stringifyScenario({ ...scenario, needs, ...recorded }, vocabulary));
  }

  #count({ events = 0, faults }: Observed): void {
    this.#events += events;
    for (const [kind, count] of Object.entries(faults)) {
      this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + count);
    }
  }

  /** Keeps the strongest thing that any storm had to say about a law. */
  #countLaw(judgement: Judgement): void {
    const known = this.#laws.get(judgement.law)?.verdict;
    const { verdict } = judgement;
    if (known === undefined || known.outcome === "inconclusive") this.#laws.set(judgement.law, judgement);
    else if (known.outcome === "holds" && verdict.outcome === "holds") {
      const cases = known.cases + verdict.cases;
      this.#laws.set(judgement.law, { ...judgement, verdict: { outcome: "holds", cases } });
    }
  }

  #progress(): Parameters<NonNullable<Reporter["onProgress"]>>[0] {
    return {
      seedsDone: this.#seedsDone,
      seedsTotal: this.#seedsTotal,
      events: this.#events,
      elapsedMs: Date.now() - this.#startedAt.getTime(),
      faults: Object.fromEntries(this.#faults),
      violations: this.#failures.length,
    };
  }

  /** The clean storms are one result together: a hundred thousand lines that say "pass" help nobody. */
  #result(): RunResult {
    const clean = this.#seedsDone - this.#failures.length;
    const durationMs = Date.now() - this.#startedAt.getTime();
    const last = stormSeed(this.#base, Math.max(0, this.#seedsDone - 1));
    const seeds = this.#seedsTotal === 1 ? this.#base : `${this.#base} … ${last}`;
    const first = stormScenario(this.#base);
    const together: ScenarioResult = {
      ...emptyResult({
        id: `${first.protocol.split("/")[0]}/storm/clean`,
        title: residualRisk(clean, "storms"),
        protocol: first.protocol,
        requirements: [],
        world: "sim",
        seed: seeds,
        replay: replayCommand(["sim", "--storm", "--seeds", String(this.#seedsTotal), "--seed", this.#base]),
      }),
      outcome: clean > 0 ? "pass" : "skipped",
      judgements: [...this.#laws.values()].filter(({ verdict }) => verdict.outcome !== "violated"),
      durationMs,
      faults: Object.fromEntries(this.#faults),
    };
    return {
      version: version(),
      startedAt: this.#startedAt.toISOString(),
      durationMs,
      command: givenCommand(),
      node: process.version,
      interrupted: this.#seedsDone < this.#seedsTotal,
      results: [together, ...this.#failures],
    };
  }
}
