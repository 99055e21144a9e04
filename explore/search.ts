// The search: plans by the generation, each a function of the seed, the number of the generation, and what all plans
// before it have reached. Reports come from any number of cores in any order and are merged in the order of the plans,
// so the number of cores changes how long a search takes and nothing else.
import type { Scenario } from "../scenarios/format/types.ts";
import { Corpus } from "./corpus.ts";
import { Coverage } from "./coverage.ts";
import { mutatePlan } from "./mutate-plan.ts";
import type { Pool } from "./pool.ts";
import type { SearchProtocol } from "./search-protocol.ts";
import { Findings } from "./search-findings.ts";
import type { SearchReport } from "./search-report.ts";
import type { TrialJob, TrialReport } from "./search-trial.ts";
import { Stream } from "./stream.ts";

export interface SearchOptions {
  readonly protocol: SearchProtocol;
  readonly pool: Pool;
  readonly seed: string;
  /** Absent means without end: `mayGoOn` ends it. */
  readonly plansMax?: number | undefined;
  /** The name of a mutant to search instead of the reference. */
  readonly mutant?: string | undefined;
  /** Every plan from a seed of its own, whatever was reached before. */
  readonly isUniform?: boolean | undefined;
  /** Ends with the generation in which there are this many findings. */
  readonly findingsMax?: number | undefined;
  /** This search's part of all plans; `index` from 0. */
  readonly shard?: { readonly index: number; readonly of: number } | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Asked before every generation. */
  readonly mayGoOn?: (() => boolean) | undefined;
  /** Hears of the state after every few plans. */
  readonly onProgress?: ((progress: SearchProgress) => void) | undefined;
}

/** How far a search has come. */
export interface SearchProgress {
  readonly runs: number;
  /** Of the kernel. */
  readonly events: number;
  readonly situations: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Causes, and plans that showed one of them. */
  readonly findings: number;
  readonly violations: number;
}

/** Plans of a generation. The first ones are few, so that a defect which anything shows is shown at once. */
const generationSizes = [16, 32, 64] as const;
const generationSize = 128;
/** One run in so many is made twice. */
const repeatedOnceIn = 20;
/** A tenth of the runs, of which the rate of new situations is told. */
const lastPart = 10;

/** Searches until the plans are used up, there are enough findings, or somebody ends it.
 *  Errors: those of jobs that could not be run at all. */
export async function search(options: SearchOptions): Promise<SearchReport> {
  const { pool, plansMax = Infinity, findingsMax = Infinity, signal, mayGoOn, onProgress } = options;
  const state = new SearchState(options);
  for (let generation = 0; ; generation++) {
    const left = plansMax - state.runs;
    if (left <= 0 || state.findings.size >= findingsMax) break;
    if (signal?.aborted === true || mayGoOn?.() === false) break;
    const size = Math.min(left, generationSizes[generation] ?? generationSize);
    const jobs = state.jobsOf(generation, size);
    const reports: TrialReport[] = [];
    let merged = 0;
    await pool.run(
      jobs,
      (report, place) => {
        reports[place] = report;
        for (; reports[merged] !== undefined; merged++) state.merge(jobs[merged]!, reports[merged]!);
        onProgress?.(state.progress());
      },
      signal,
    );
  }
  return state.report();
}

class SearchState {
  readonly findings = new Findings();
  readonly #options: SearchOptions;
  readonly #coverage: Coverage;
  readonly #corpus = new Corpus();
  readonly #faults = new Map<string, number>();
  readonly #cases: number[] = [];
  readonly #newByRun: number[] = [];
  readonly #drifted: string[] = [];
  #events = 0;
  #kept = 0;
  #repeated = 0;

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#coverage = new Coverage(options.protocol.situationSpace, options.protocol.impossiblePairs);
  }

  get runs(): number {
    return this.#newByRun.length;
  }

  jobsOf(generation: number, size: number): readonly TrialJob[] {
    const { protocol, seed, mutant, shard = { index: 0, of: 1 }, isUniform = false } = this.#options;
    return Array.from({ length: size }, (_, place) => {
      const number = (this.runs + place) * shard.of + shard.index;
      const own = number === 0 ? seed : `${seed}-${number}`;
      const plan = isUniform ? own : this.#planOf(own, generation);
      return {
        protocol: protocol.id,
        plan,
        wantsSituations: true,
        isRepeated: number % repeatedOnceIn === 0,
        ...(mutant === undefined ? {} : { mutant }),
      };
    });
  }

  /** Half of the plans are new, the others are neighbours of what reached something. */
  #planOf(seed: string, generation: number): Scenario | string {
    const choices = new Stream(seed, "origin");
    if (generation === 0 || this.#corpus.size === 0 || choices.onceIn(2)) return seed;
    const plan = this.#corpus.pick(choices);
    const { vocabulary } = this.#options.protocol;
    return mutatePlan(plan, { seed, other: this.#corpus.pick(choices), vocabulary });
  }

  merge(job: TrialJob, report: TrialReport): void {
    const planOf = (): Scenario =>
      typeof job.plan === "string" ? this.#options.protocol.plan(job.plan) : job.plan;
    const { situations, pairs } = this.#coverage.add(report.situations);
    if (pairs > 0 || situations >= situationsToKeep) {
      this.#kept++;
      this.#corpus.add(planOf());
    }
    for (const [kind, count] of Object.entries(report.faults))
      this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + count);
    for (let index = 0; index < report.cases.length; index++)
      this.#cases[index] = (this.#cases[index] ?? 0) + report.cases[index]!;
    this.#events += report.events;
    if (job.isRepeated === true) this.#repeated++;
    if (report.drift !== undefined) this.#drifted.push(`${report.seed}: ${report.drift}`);
    this.findings.add(report, { run: this.runs, planOf });
    this.#newByRun.push(situations);
  }

  progress(): SearchProgress {
    return {
      runs: this.runs,
      events: this.#events,
      situations: this.#coverage.situations,
      faults: Object.fromEntries(this.#faults),
      findings: this.findings.size,
      violations: this.findings.count,
    };
  }

  report(): SearchReport {
    const { protocol, seed, mutant } = this.#options;
    const lastRuns = Math.ceil(this.runs / lastPart);
    const newInLast = this.#newByRun.slice(this.runs - lastRuns).reduce((sum, count) => sum + count, 0);
    return {
      protocol: protocol.id,
      seed,
      ...(mutant === undefined ? {} : { mutant }),
      runs: this.runs,
      events: this.#events,
      cases: Object.fromEntries(protocol.laws.map(({ id }, index) => [id, this.#cases[index] ?? 0])),
      faults: Object.fromEntries([...this.#faults].sort(([left], [right]) => (left < right ? -1 : 1))),
      situations: this.#coverage.numbers(),
      kept: this.#kept,
      lastRuns,
      newInLast,
      repeated: this.#repeated,
      drifted: this.#drifted,
      findings: this.findings.all(),
    };
  }
}

/** A plan that reached nothing new but combinations of known pairs is kept for several of them. */
const situationsToKeep = 3;
