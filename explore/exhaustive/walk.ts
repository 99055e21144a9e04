// Walks every order of one walk, depth first, by replay: code under test is async functions, whose continuations nobody
// can copy, so a state is reached again by doing again what led to it. What need not be tried is left out twice over:
// orders that differ only in steps that have nothing to do with each other (races.ts), and states that were there before
// (observer.ts says what a state is).
import type { Lane } from "./choosing-queue.ts";
import { Footprint, SharedObjects } from "./footprint.ts";
import { findRaces, type Future, type Step } from "./races.ts";
import { laneNames, type ScopeOutcome, ScopeRun } from "./scope-run.ts";
import type { ScopeProtocol } from "./scope-protocol.ts";
import type { Walk } from "./scope.ts";
import { Texts } from "./state-hash.ts";

export interface WalkOptions {
  readonly walk: Walk;
  readonly protocol: ScopeProtocol;
  /** Off: every lane is tried at every step. For checking the reduction against it. */
  readonly reduces?: boolean;
  /** Off: what is known is walked again. */
  readonly remembers?: boolean;
  /** Given where the ends of several searches are compared. */
  readonly texts?: Texts;
}

export interface WalkCounts {
  /** Runs begun. */
  readonly runs: number;
  readonly states: number;
  /** Different ends, each of them judged. */
  readonly ends: number;
  /** Steps of the longest run. */
  readonly depthMax: number;
}

/** A run of the walk that broke a law, or that ended in an error. */
export interface Finding {
  /** The lanes, in order: enough to do it again. */
  readonly choices: readonly Lane[];
  readonly outcome: ScopeOutcome | undefined;
  readonly error: unknown;
}

/** A moment of the present run at which the order was chosen. */
interface Frame {
  readonly key: number;
  readonly options: number;
  readonly isWithin: boolean;
  chosen: Lane;
  /** Lanes that have to be tried here, and those that were. */
  wanted: number;
  tried: number;
  /** What each lane was seen to touch from here on. */
  readonly seen: (Footprint | undefined)[];
}

/** Thrown to cut a run whose rest is known. One for all: to make an error costs as much as a dozen events. */
class RestIsKnown extends Error {}
const restIsKnown = new RestIsKnown();

export class WalkSearch {
  readonly #options: WalkOptions;
  readonly #objects = new SharedObjects();
  readonly #texts: Texts;
  readonly #lanes: number;
  readonly #crashLane: Lane;
  readonly #frames: Frame[] = [];
  readonly #futures = new Map<number, readonly (Footprint | undefined)[]>();
  readonly #sameFutures = new Map<string, readonly (Footprint | undefined)[]>();
  readonly #ends = new Set<number>();
  readonly #cases = new Map<string, number>();
  #steps: Step[] = [];
  #future: Future | undefined;
  #runs = 0;
  #depthMax = 0;
  #isOver = false;

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#texts = options.texts ?? new Texts();
    const names = laneNames(options.walk);
    this.#lanes = names.length;
    this.#crashLane = names.indexOf("crash");
  }

  /** Every order has been tried, or stands for one that was. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get counts(): WalkCounts {
    const states = this.#futures.size + this.#frames.length;
    return { runs: this.#runs, states, ends: this.#ends.size, depthMax: this.#depthMax };
  }

  /** The ends that were seen, each by a hash of everything in it. */
  get ends(): ReadonlySet<number> {
    return this.#ends;
  }

  /** How many cases each law has looked at, over all ends; a law that never had one is not in it. */
  get cases(): ReadonlyMap<string, number> {
    return this.#cases;
  }

  /** How much of the walk is done, in parts of a million: an estimate that takes the branches of a choice for equally
   *  large. */
  doneInAMillion(): number {
    if (this.#isOver) return 1_000_000;
    let done = 0;
    let weight = 1_000_000;
    for (const { wanted, tried } of this.#frames) {
      const branches = countBits(wanted);
      done += Math.trunc((weight * countBits(tried)) / branches);
      weight = Math.trunc(weight / branches);
      if (weight === 0) break;
    }
    return done;
  }

  /** One run. A finding where it breaks a law or fails; then the walk can go on all the same.  Errors: none. */
  async next(): Promise<Finding | undefined> {
    this.#runs++;
    this.#steps = [];
    this.#future = undefined;
    let finding: Finding | undefined;
    const run = new ScopeRun({
      walk: this.#options.walk,
      protocol: this.#options.protocol,
      objects: this.#objects,
      texts: this.#texts,
      choose: (run, options, isWithin) => this.#choose(run, options, isWithin),
      onEnd: (run) => this.#noteEnd(run),
    });
    try {
      const outcome = await run.run();
      this.#countCases(outcome);
      if (outcome.violations.length > 0) finding = { choices: this.#choices(), outcome, error: undefined };
    } catch (error) {
      if (!(error instanceof RestIsKnown)) finding = { choices: this.#choices(), outcome: undefined, error };
    }
    this.#learn();
    this.#backtrack();
    return finding;
  }

  #choose(run: ScopeRun, options: number, isWithin: boolean): Lane {
    const depth = this.#steps.length;
    let frame = this.#frames[depth];
    if (frame === undefined) frame = this.#enter(run, options, isWithin);
    else if (frame.options !== options || frame.isWithin !== isWithin) {
      throw new Error(
        `step ${depth} could go on otherwise when it was done again; expected a deterministic run`,
      );
    }
    const lane = frame.chosen;
    const footprint = (run.observer.footprint = new Footprint());
    this.#steps.push({ lane, createdBy: run.queue.stepOfPending(lane), footprint });
    return lane;
  }

  #enter(run: ScopeRun, options: number, isWithin: boolean): Frame {
    const key = run.observer.stateKey(options, isWithin);
    const footprints = this.#options.remembers === false ? undefined : this.#futures.get(key);
    if (footprints !== undefined) {
      const createdBy = footprints.map((_, lane) => run.queue.stepOfPending(lane));
      this.#future = { footprints, createdBy };
      throw restIsKnown;
    }
    const previous = this.#steps.at(-1)?.lane ?? 0;
    const isFree = (options & (1 << previous)) !== 0;
    // Whoever is under way goes on first: few changes of lanes make short stories.
    const chosen = isFree ? previous : 31 - Math.clz32(options & -options);
    const isWhole = this.#options.reduces === false || isWithin;
    const frame: Frame = {
      key,
      options,
      isWithin,
      chosen,
      wanted: isWhole ? options : 1 << chosen,
      tried: 0,
      seen: Array.from({ length: this.#lanes }),
    };
    this.#frames.push(frame);
    this.#depthMax = Math.max(this.#depthMax, this.#frames.length);
    return frame;
  }

  #noteEnd(run: ScopeRun): void {
    const key = run.observer.stateKey(0, false);
    if (this.#ends.has(key)) throw restIsKnown;
    this.#ends.add(key);
  }

  #countCases({ judgements }: ScopeOutcome): void {
    for (const { law, verdict } of judgements) {
      if (verdict.outcome === "holds") this.#cases.set(law, (this.#cases.get(law) ?? 0) + verdict.cases);
    }
  }

  /** What the run has shown: races, and what follows each of its states. */
  #learn(): void {
    if (this.#options.reduces !== false) {
      findRaces(this.#steps, this.#future, (step, lane) => this.#want(step, lane));
    }
    let below: readonly (Footprint | undefined)[] = this.#future?.footprints ?? [];
    for (let at = this.#steps.length - 1; at >= 0; at--) {
      const { options, seen } = this.#frames[at]!;
      const { lane, footprint } = this.#steps[at]!;
      include(seen, lane, footprint);
      for (let other = 0; other < below.length; other++) {
        const future = below[other];
        if (future === undefined) continue;
        include(seen, other, future);
        // Who is not there yet is brought about by this step, or let in by it.
        if ((options & (1 << other)) === 0) include(seen, lane, future);
      }
      below = seen;
    }
  }

  /** A lane has to be tried before a step. Where the step begins within another, before that. */
  #want(step: number, lane: Lane): void {
    let at = step;
    while (this.#frames[at]!.isWithin) at--;
    const frame = this.#frames[at]!;
    frame.wanted |= (frame.options & (1 << lane)) === 0 ? frame.options : 1 << lane;
  }

  /** On to the next order. A crash takes away what others have pending, so where it is tried everything is. */
  #backtrack(): void {
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) {
      frame.tried |= 1 << frame.chosen;
      if ((frame.wanted & (1 << this.#crashLane)) !== 0) frame.wanted = frame.options;
      const left = frame.wanted & ~frame.tried;
      if (left !== 0) {
        frame.chosen = 31 - Math.clz32(left & -left);
        return;
      }
      this.#futures.set(frame.key, this.#same(frame.seen));
      this.#frames.pop();
    }
    this.#isOver = true;
  }

  /** Many states have the same future; each is kept once. */
  #same(seen: readonly (Footprint | undefined)[]): readonly (Footprint | undefined)[] {
    const key = seen.map((footprint) => footprint?.key() ?? "").join(";");
    const known = this.#sameFutures.get(key);
    if (known !== undefined) return known;
    this.#sameFutures.set(key, seen);
    return seen;
  }

  #choices(): readonly Lane[] {
    return this.#steps.map(({ lane }) => lane);
  }
}

function include(seen: (Footprint | undefined)[], lane: Lane, footprint: Footprint): void {
  if (footprint.isEmpty) return;
  (seen[lane] ??= new Footprint()).include(footprint);
}

function countBits(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
