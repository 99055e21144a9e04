// One exploration: the regressions first, then the search on all cores, then each cause shrunk and told. Ctrl-C ends the
// search, or the shrinking, and what there is by then is reported.
import { join, resolve } from "node:path";
import { createPool } from "../explore/pool.ts";
import { search, type SearchProgress } from "../explore/search.ts";
import type { SearchProtocol } from "../explore/search-protocol.ts";
import { type Finding, searchLines, type SearchReport } from "../explore/search-report.ts";
import { buildOf } from "../explore/search-trial.ts";
import type { Build } from "../explore/trial.ts";
import type { RunResult, ScenarioResult } from "../invariants/result.ts";
import type { Reporter, StormProgress } from "../reports/reporter.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import { loadCatalogue } from "../scenarios/catalogue.ts";
import { formatErrors } from "../scenarios/format/parse.ts";
import { emptyResult } from "./empty-result.ts";
import { UsageError } from "./errors.ts";
import { exitCodes } from "./exit-codes.ts";
import type { ExploreFlags } from "./explore.ts";
import { type Cause, explainCause } from "./explore-finding.ts";
import { runRegression } from "./explore-regressions.ts";
import { explorationExitCode, writeReport } from "./explore-report.ts";
import { type Interrupts, watchInterrupts } from "./interrupt.ts";
import { givenCommand } from "./invocation.ts";
import { mutantOrUsageError, protocolNamed } from "./protocols.ts";
import { createReporters, interruptReporters } from "./reporting.ts";
import { defaultSeed } from "./run-scenarios.ts";
import { version } from "./version.ts";

/** Units: milliseconds. */
const defaultForMs = 60_000;
/** Causes that are shrunk and told, where more were asked for; the others are named and counted. */
const causesToldMax = 5;

/** Explores, reports, sets the exit code of the process. */
export async function runExploration(flags: ExploreFlags): Promise<SearchReport> {
  const protocol = protocolNamed(flags.protocol);
  mutantOrUsageError(protocol, flags.mutant);
  const reporters = createReporters(flags);
  const interrupts = watchInterrupts(() => interruptReporters(reporters));
  try {
    return await new Exploration({ flags, protocol, reporters, interrupts }).run();
  } finally {
    interrupts.stopWatching();
  }
}

interface ExplorationOptions {
  readonly flags: ExploreFlags;
  readonly protocol: SearchProtocol;
  readonly reporters: readonly Reporter[];
  readonly interrupts: Interrupts;
}

class Exploration {
  readonly #options: ExplorationOptions;
  readonly #startedAt = new Date();
  readonly #seed: string;
  #progress: SearchProgress = { runs: 0, events: 0, situations: 0, faults: {}, findings: 0, violations: 0 };
  #searchedMs = 0;

  constructor(options: ExplorationOptions) {
    this.#options = options;
    this.#seed = options.flags.seed ?? defaultSeed;
  }

  async run(): Promise<SearchReport> {
    const { flags, protocol, reporters, interrupts } = this.#options;
    const head = { version: version(), command: givenCommand() } as const;
    for (const reporter of reporters)
      reporter.onRunBegin?.({ ...head, worlds: [{ world: "sim", scenarios: flags.seeds ?? 0 }] });
    const build = await buildOf(protocol, flags.mutant);
    const regressions = await this.#regressions(build);
    const report = await this.#search();
    const told = await this.#explainAll(build, report.findings);
    const result: RunResult = {
      ...head,
      startedAt: this.#startedAt.toISOString(),
      durationMs: this.#elapsedMs(),
      node: process.version,
      interrupted: interrupts.signal.aborted,
      results: [...regressions, cleanResult(report, { protocol, seed: this.#seed }), ...told],
    };
    this.#tell(searchLines(report, protocol));
    for (const reporter of reporters) reporter.onRunEnd?.(result);
    writeReport(join(flags.outputDir, "explore.json"), report, protocol);
    process.exitCode = interrupts.code() ?? this.#exitCode(report, regressions);
    return report;
  }

  #exitCode(report: SearchReport, regressions: readonly ScenarioResult[]): number {
    if (regressions.some(({ outcome }) => outcome === "error")) return exitCodes.broken;
    if (regressions.some(({ outcome }) => outcome === "fail")) return exitCodes.violation;
    return explorationExitCode(report, this.#options.protocol);
  }

  async #regressions(build: Build): Promise<readonly ScenarioResult[]> {
    const { protocol, interrupts } = this.#options;
    const { scenarios, errors } = loadCatalogue({ below: "regressions/" });
    if (errors.length > 0)
      throw new UsageError(`some scenario files cannot be read:\n${formatErrors(errors)}`);
    const results: ScenarioResult[] = [];
    for (const scenario of scenarios) {
      if (scenario.protocol !== protocol.id || interrupts.signal.aborted) continue;
      this.#tell(undefined, `regression ${scenario.id}`);
      results.push(await runRegression(build, scenario, protocol));
    }
    return results;
  }

  async #search(): Promise<SearchReport> {
    const { flags, protocol, interrupts } = this.#options;
    const pool = createPool({ workers: flags.workers });
    const startedAt = Date.now();
    const forMs = this.#forMs();
    // Ends a generation in the middle, so that a minute is a minute.
    const timeOver = new AbortController();
    const timer = forMs === undefined ? undefined : setTimeout(() => timeOver.abort(), forMs);
    try {
      return await search({
        protocol,
        pool,
        seed: this.#seed,
        plansMax: flags.seeds,
        mutant: flags.mutant,
        isUniform: flags.uniform,
        findingsMax: flags.bail,
        shard: flags.shard,
        signal: AbortSignal.any([interrupts.signal, timeOver.signal]),
        onProgress: (progress) => {
          this.#progress = progress;
          this.#searchedMs = Date.now() - startedAt;
          this.#tell();
        },
      });
    } finally {
      clearTimeout(timer);
      await pool.close();
    }
  }

  /** One result for each cause: findings that shrink to the same steps are one, told once and counted. */
  async #explainAll(build: Build, findings: readonly Finding[]): Promise<readonly ScenarioResult[]> {
    const results = new Map<string, ScenarioResult>();
    const told = findings.slice(0, Math.min(this.#options.flags.bail, causesToldMax));
    for (const [index, finding] of told.entries()) {
      const { key, result } = await this.#explain(build, finding, index + 1);
      const known = results.get(key);
      const more = ` ${finding.count} more ${finding.count === 1 ? "plan shrinks" : "plans shrink"} to the same steps.`;
      results.set(key, known === undefined ? result : { ...known, why: `${known.why ?? ""}${more}` });
    }
    return [...results.values()];
  }

  #explain(build: Build, finding: Finding, number: number): Promise<Cause> {
    const { flags, protocol, interrupts } = this.#options;
    return explainCause({
      build,
      protocol,
      finding,
      runs: this.#progress.runs,
      mutant: flags.mutant,
      seed: this.#seed,
      file: (name) => resolve(join(flags.outputDir, "found", `${number}-${name}.yaml`)),
      write: writeAtomically,
      signal: interrupts.signal,
      onProgress: (text) => this.#tell(undefined, `cause ${number}: ${text}`),
    });
  }

  #forMs(): number | undefined {
    const { flags } = this.#options;
    return flags.for ?? (flags.seeds === undefined ? defaultForMs : undefined);
  }

  #elapsedMs(): number {
    return Date.now() - this.#startedAt.getTime();
  }

  #tell(closing?: readonly string[], note?: string): void {
    const forMs = this.#forMs();
    const { runs, events, situations, faults, violations } = this.#progress;
    const progress: StormProgress = {
      name: "search",
      seedsDone: runs,
      seedsTotal: this.#options.flags.seeds ?? runs,
      events,
      elapsedMs: this.#searchedMs,
      faults,
      violations,
      situations,
      ...(forMs === undefined ? {} : { timeTotalMs: forMs }),
      ...(note === undefined ? {} : { note }),
      ...(closing === undefined ? {} : { closing }),
    };
    for (const reporter of this.#options.reporters) reporter.onProgress?.(progress);
  }
}

/** The clean plans are one result together: a hundred thousand lines that say "pass" help nobody. */
function cleanResult(
  report: SearchReport,
  { protocol, seed }: { readonly protocol: SearchProtocol; readonly seed: string },
): ScenarioResult {
  const found = report.findings.reduce((sum, { count }) => sum + count, 0);
  return {
    ...emptyResult({
      id: `${protocol.name}/explore/clean`,
      title: searchLines(report, protocol).join(". "),
      protocol: protocol.id,
      requirements: [],
      world: "sim",
      seed,
      replay: givenCommand(),
    }),
    outcome: report.runs > found ? "pass" : "skipped",
    judgements: protocol.laws.map(({ id, requirements, promise, isAdvice }) => {
      const cases = report.cases[id] ?? 0;
      const verdict =
        cases > 0
          ? ({ outcome: "holds", cases } as const)
          : ({ outcome: "inconclusive", reason: "no plan had a case" } as const);
      return { law: id, requirements, promise, ...(isAdvice === true ? { isAdvice } : {}), verdict };
    }),
    faults: report.faults,
  };
}
