// Tries candidates and keeps the smallest plan that still breaks the same law in the same way. What was tried once is
// not tried again, and whoever waits may stop it between any two tries: the best so far is always there.
import type { PlanCounts } from "../../invariants/explanation.ts";
import type { Scenario, Step } from "../../scenarios/format/types.ts";
import { type Build, tryPlan, type Trial } from "../trial.ts";
import { costOf, planSizeOf } from "./plan-size.ts";
import type { Reduction } from "./reduction.ts";
import { isSameWay, signatureOf } from "./signature.ts";

export interface ShrinkProgress {
  /** What is being tried, in a few words. */
  readonly pass: string;
  /** Candidates that were run. */
  readonly tried: number;
  /** Candidates that were smaller and failed alike. */
  readonly taken: number;
  /** Kernel events of all candidates together. */
  readonly eventsRun: number;
  readonly before: PlanCounts;
  readonly now: PlanCounts;
}

export interface AttemptOptions {
  /** Hears of every candidate; what it returns is waited for, so that it can let the world breathe. */
  readonly onProgress?: ((progress: ShrinkProgress) => void | Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Candidates that may be run. */
  readonly trialsMax?: number | undefined;
}

/** A seed that no candidate names stands for this one, as everywhere. */
const defaultSeed = "1";
/** A candidate that runs away is no smaller story. */
const eventsFactor = 3;
const eventsLeast = 8_000;

/** Shared by all branches of one shrinking. */
interface Ledger {
  readonly build: Build;
  readonly signature: string;
  readonly options: AttemptOptions;
  readonly before: PlanCounts;
  /** Whether candidates fail alike, by their content. Their runs are not kept: histories are large. */
  readonly known: Map<string, boolean>;
  pass: string;
  tried: number;
  taken: number;
  eventsRun: number;
}

/** `trial` has to break the law of the signature. */
export function createAttempts(
  build: Build,
  trial: Trial,
  { signature, ...options }: AttemptOptions & { readonly signature: string },
): Attempts {
  return new Attempts(trial, {
    build,
    signature,
    options,
    before: planSizeOf(trial.scenario, trial.run.events),
    known: new Map(),
    pass: "",
    tried: 0,
    taken: 0,
    eventsRun: 0,
  });
}

export class Attempts implements Reduction {
  #best: Trial;
  #cost: number;
  readonly #ledger: Ledger;

  constructor(trial: Trial, ledger: Ledger) {
    this.#best = trial;
    this.#cost = costOf(trial.scenario);
    this.#ledger = ledger;
  }

  get best(): Trial {
    return this.#best;
  }

  get scenario(): Scenario {
    return this.#best.scenario;
  }

  get tried(): number {
    return this.#ledger.tried;
  }

  get before(): PlanCounts {
    return this.#ledger.before;
  }

  /** Nothing more is tried: the candidates are used up, or somebody has had enough. */
  get isOver(): boolean {
    const { options, tried } = this.#ledger;
    return options.signal?.aborted === true || tried >= (options.trialsMax ?? Infinity);
  }

  /** Names what is being tried from here on. */
  begin(pass: string): void {
    this.#ledger.pass = pass;
  }

  /** Keeps the candidate if it is smaller and fails alike; `orEqual`: also if it only is what a file need not say. */
  async take(candidate: Scenario, { orEqual = false } = {}): Promise<boolean> {
    const cost = costOf(candidate);
    if (orEqual ? cost > this.#cost : cost >= this.#cost) return false;
    const trial = await this.#failing(candidate);
    if (trial === undefined) return false;
    this.#keep(trial);
    return true;
  }

  /** Keeps the candidate if it fails alike, whatever its size, and also when nothing more is tried. */
  async replace(candidate: Scenario): Promise<boolean> {
    const { build, signature } = this.#ledger;
    const trial = await tryAgain(build, candidate);
    if (trial === undefined || !failsAlike(trial, signature)) return false;
    this.#keep(trial);
    return true;
  }

  /** A way of its own from a candidate that fails alike and may be larger at first; `undefined` if it does not. */
  async branch(candidate: Scenario): Promise<Attempts | undefined> {
    const trial = await this.#failing(candidate);
    return trial === undefined ? undefined : new Attempts(trial, this.#ledger);
  }

  /** When each step of the best plan begins. Units: virtual milliseconds. */
  async stepTimes(): Promise<ReadonlyMap<Step, number>> {
    const { scenario } = this;
    const times = new Map<Step, number>();
    await tryPlan(this.#ledger.build, scenario, {
      seed: scenario.seed ?? defaultSeed,
      onStep: (step, atMs) => times.set(step, atMs),
    });
    return times;
  }

  /** Goes on from where a branch has come to, if that is smaller. */
  adopt(branch: Attempts): boolean {
    if (branch.#cost >= this.#cost) return false;
    this.#keep(branch.#best);
    return true;
  }

  #keep(trial: Trial): void {
    this.#best = trial;
    this.#cost = costOf(trial.scenario);
    this.#ledger.taken++;
  }

  async #failing(candidate: Scenario): Promise<Trial | undefined> {
    const ledger = this.#ledger;
    const content = contentOf(candidate);
    if (ledger.known.get(content) === false || this.isOver) return undefined;
    ledger.tried++;
    const trial = await tryAgain(
      ledger.build,
      candidate,
      Math.max(eventsLeast, this.#best.run.events * eventsFactor),
    );
    const isAlike = trial !== undefined && failsAlike(trial, ledger.signature);
    ledger.known.set(content, isAlike);
    ledger.eventsRun += trial?.run.events ?? 0;
    await this.#report();
    return isAlike ? trial : undefined;
  }

  async #report(): Promise<void> {
    const { options, pass, tried, taken, eventsRun, before } = this.#ledger;
    if (options.onProgress === undefined) return;
    const now = planSizeOf(this.scenario, this.#best.run.events);
    await options.onProgress({ pass, tried, taken, eventsRun, before, now });
  }
}

/** One run of a plan under the seed that it carries; `undefined` where the plan makes no sense any more (a device that
 *  is down is looked at, a backup that nobody made is put back), which is no failure of what is tested. */
export async function tryAgain(
  build: Build,
  scenario: Scenario,
  eventsMax?: number,
): Promise<Trial | undefined> {
  try {
    return await tryPlan(build, scenario, {
      seed: scenario.seed ?? defaultSeed,
      ...(eventsMax === undefined ? {} : { eventsMax }),
    });
  } catch {
    return undefined;
  }
}

/** Whether the law of a signature is broken in its way, whatever else is. */
export const failsAlike = ({ violations, run }: Trial, signature: string): boolean =>
  violations.some((judgement) => isSameWay(signature, signatureOf(judgement, run.history)));

/** The plan without its names and the places where its steps stood. */
function contentOf({ id: _id, title: _title, why: _why, requirements: _rules, ...plan }: Scenario): string {
  return JSON.stringify(plan, (key, value: unknown) => (key === "source" ? undefined : value));
}
