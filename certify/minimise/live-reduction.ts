// A scenario that gets smaller by runs on a target. A run costs real time, most of it waiting, so several candidates are
// under way at once: before a move is made it is asked what it would propose if nothing helped, and the first of these
// begin. What was run once is not run again, and the best so far is there at any moment.
import { costOf } from "../../explore/shrink/plan-size.ts";
import type { Reduction } from "../../explore/shrink/reduction.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import { type Failure, showsFailure, type TargetRun } from "./failure.ts";
import type { Law } from "../../invariants/verdict.ts";
import type { Oracle } from "./oracle.ts";

export interface CandidateRunOptions {
  readonly seed: string;
  readonly signal: AbortSignal;
  /** However long the scenario may wait for rest.  Units: milliseconds. */
  readonly settleMaxMs?: number;
}

export type RunCandidate<Run extends TargetRun> = (
  scenario: Scenario,
  options: CandidateRunOptions,
) => Promise<Run>;

export interface LiveReductionOptions<Run extends TargetRun> {
  readonly scenario: Scenario;
  readonly run: Run;
  readonly seed: string;
  readonly failure: Failure;
  readonly laws: readonly Law[];
  readonly runCandidate: RunCandidate<Run>;
  /** Absent: every candidate is run. */
  readonly oracle?: Oracle | undefined;
  /** Runs of one candidate before it counts as passing. */
  readonly tries: number;
  /** Runs at the same time. */
  readonly width: number;
  readonly attemptsMax: number;
  /** One run may take this long.  Units: milliseconds. */
  readonly candidateMaxMs: number;
  readonly settleMaxMs?: number | undefined;
  /** Ends everything. */
  readonly signal: AbortSignal;
  readonly onAttempt?: ((pass: string, now: { attempts: number; scenario: Scenario }) => void) | undefined;
}

type Move = (reduction: Reduction) => Promise<void>;

export class LiveReduction<Run extends TargetRun> implements Reduction {
  readonly #options: LiveReductionOptions<Run>;
  /** The failing run of each candidate that was run, or that it has none; by content. */
  readonly #known = new Map<string, Promise<Run | undefined>>();
  readonly #sensible = new Map<string, Promise<boolean>>();
  #scenario: Scenario;
  #run: Run;
  #attempts = 0;
  #underWay = 0;
  #pass = "";
  #move: Move | undefined;

  constructor(options: LiveReductionOptions<Run>) {
    this.#options = options;
    this.#scenario = options.scenario;
    this.#run = options.run;
  }

  get scenario(): Scenario {
    return this.#scenario;
  }

  /** The failing run of the smallest plan so far. */
  get run(): Run {
    return this.#run;
  }

  /** Runs that were begun. */
  get attempts(): number {
    return this.#attempts;
  }

  get isOver(): boolean {
    return this.#options.signal.aborted || this.#attempts >= this.#options.attemptsMax;
  }

  begin(pass: string): void {
    this.#pass = pass;
  }

  /** Makes a move, with its first candidates under way at once. */
  async make(move: Move): Promise<void> {
    if (this.isOver) return;
    this.#move = move;
    await this.#lookAhead();
    await move(this);
    this.#move = undefined;
  }

  async take(candidate: Scenario, { orEqual = false } = {}): Promise<boolean> {
    if (!isSmaller(candidate, this.#scenario, orEqual) || !(await this.#isSensible(candidate))) return false;
    const isNew = !this.#known.has(contentOf(candidate));
    const running = this.#failing(candidate);
    if (isNew) await this.#lookAhead();
    const run = await running;
    if (run === undefined) return false;
    this.#scenario = candidate;
    this.#run = run;
    await this.#lookAhead();
    return true;
  }

  /** Resolves when nothing is under way any more. */
  async whenIdle(): Promise<void> {
    await Promise.allSettled(this.#known.values());
  }

  /** Begins what the move would try if nothing of it helped. */
  async #lookAhead(): Promise<void> {
    const { width } = this.#options;
    const room = width - this.#underWay;
    if (this.#move === undefined || room < 1) return;
    const proposed: Scenario[] = [];
    const base = this.#scenario;
    const isEnough = (): boolean => proposed.length >= room;
    await this.#move({
      scenario: base,
      get isOver() {
        return isEnough();
      },
      begin: (pass) => this.begin(pass),
      take: async (candidate, { orEqual = false } = {}) => {
        if (isEnough() || this.#known.has(contentOf(candidate))) return false;
        if (isSmaller(candidate, base, orEqual) && (await this.#isSensible(candidate)))
          proposed.push(candidate);
        return false;
      },
    });
    for (const candidate of proposed) void this.#failing(candidate);
  }

  #isSensible(candidate: Scenario): Promise<boolean> {
    const { oracle } = this.#options;
    if (oracle === undefined) return Promise.resolve(true);
    const content = contentOf(candidate);
    let answer = this.#sensible.get(content);
    if (answer === undefined) {
      answer = this.#options.signal.aborted ? Promise.resolve(false) : oracle(candidate);
      this.#sensible.set(content, answer);
    }
    return answer;
  }

  #failing(candidate: Scenario): Promise<Run | undefined> {
    const content = contentOf(candidate);
    let run = this.#known.get(content);
    if (run === undefined) {
      this.#underWay++;
      run = this.#tryAll(candidate).finally(() => this.#underWay--);
      this.#known.set(content, run);
    }
    return run;
  }

  async #tryAll(candidate: Scenario): Promise<Run | undefined> {
    for (let nth = 1; nth <= this.#options.tries; nth++) {
      if (this.isOver) return undefined;
      this.#attempts++;
      this.#options.onAttempt?.(this.#pass, this);
      const run = await this.#tryOnce(candidate);
      if (run !== undefined && showsFailure(run, this.#options.failure, this.#options.laws)) return run;
    }
    return undefined;
  }

  /** A plan that makes no sense any more, or takes too long, is no smaller story. */
  async #tryOnce(candidate: Scenario): Promise<Run | undefined> {
    const { runCandidate, seed, signal, candidateMaxMs, settleMaxMs } = this.#options;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(candidateMaxMs)]);
    try {
      return await runCandidate(candidate, {
        seed,
        signal: limit,
        ...(settleMaxMs === undefined ? {} : { settleMaxMs }),
      });
    } catch {
      return undefined;
    }
  }
}

function isSmaller(candidate: Scenario, than: Scenario, orEqual: boolean): boolean {
  const difference = costOf(candidate) - costOf(than);
  return orEqual ? difference <= 0 : difference < 0;
}

/** The plan without its names and the places where its steps stood. */
function contentOf({ id: _id, title: _title, why: _why, requirements: _rules, ...plan }: Scenario): string {
  return JSON.stringify(plan, (key, value: unknown) => (key === "source" ? undefined : value));
}
