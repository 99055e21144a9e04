// All walks of a scope, one after the other, and what is known of them at any moment: what was complete, what was cut,
// and what was found. Nothing here knows a clock: whoever calls decides how long to go on.
import { withTraps } from "../../sim/kernel/traps.ts";
import type { Lane } from "./choosing-queue.ts";
import { SharedObjects } from "./footprint.ts";
import type { ScopeProtocol } from "./scope-protocol.ts";
import { laneNames, type ScopeOutcome, ScopeRun } from "./scope-run.ts";
import { type Scope, type Walk, walksOf } from "./scope.ts";
import { Texts } from "./state-hash.ts";
import { type Finding, WalkSearch } from "./walk.ts";

/** A finding with the walk that it is of; `walk` counts from 1. */
export interface ScopeFinding extends Finding {
  readonly walk: number;
}

export interface ScopeReport {
  readonly scope: Scope;
  readonly walks: number;
  readonly walksComplete: number;
  readonly runs: number;
  readonly states: number;
  readonly ends: number;
  readonly depthMax: number;
  /** An estimate: every walk, and every branch of a choice, taken for equally large. */
  readonly doneInAMillion: number;
  readonly isComplete: boolean;
  /** Cases that each law has looked at; a law that never had one is not in it. */
  readonly cases: ReadonlyMap<string, number>;
  readonly findings: readonly ScopeFinding[];
}

export class ScopeSearch {
  readonly #scope: Scope;
  readonly #protocol: ScopeProtocol;
  readonly #walks: readonly Walk[];
  readonly #findings: ScopeFinding[] = [];
  #search: WalkSearch;
  #complete = 0;
  readonly #cases = new Map<string, number>();
  #before = { runs: 0, states: 0, ends: 0, depthMax: 0 };

  constructor(protocol: ScopeProtocol, scope: Scope) {
    this.#protocol = protocol;
    this.#scope = scope;
    this.#walks = scopeWalks(protocol, scope);
    this.#search = new WalkSearch({ walk: this.#walks[0]!, protocol });
  }

  get isComplete(): boolean {
    return this.#complete === this.#walks.length;
  }

  /** What is being walked, from 1. */
  get walk(): { readonly number: number; readonly walk: Walk } {
    const at = Math.min(this.#complete, this.#walks.length - 1);
    return { number: at + 1, walk: this.#walks[at]! };
  }

  /** Up to `runsMax` more runs; fewer when the scope is done, or with the first finding.  Errors: none. */
  async goOn(runsMax: number): Promise<void> {
    await withTraps(async () => {
      for (let run = 0; run < runsMax && !this.isComplete; run++) {
        const walk = this.walk.number;
        const finding = await this.#search.next();
        if (this.#search.isOver) this.#nextWalk();
        if (finding === undefined) continue;
        this.#findings.push({ ...finding, walk });
        return;
      }
    });
  }

  report(): ScopeReport {
    const here = this.isComplete ? { runs: 0, states: 0, ends: 0, depthMax: 0 } : this.#search.counts;
    const walks = this.#walks.length;
    const within = this.isComplete ? 0 : this.#search.doneInAMillion();
    return {
      scope: this.#scope,
      walks,
      walksComplete: this.#complete,
      runs: this.#before.runs + here.runs,
      states: this.#before.states + here.states,
      ends: this.#before.ends + here.ends,
      depthMax: Math.max(this.#before.depthMax, here.depthMax),
      doneInAMillion: Math.trunc((this.#complete * 1_000_000 + within) / walks),
      isComplete: this.isComplete,
      cases: this.isComplete ? this.#cases : added(new Map(this.#cases), this.#search.cases),
      findings: this.#findings,
    };
  }

  #nextWalk(): void {
    const { runs, states, ends, depthMax } = this.#search.counts;
    const before = this.#before;
    this.#before = {
      runs: before.runs + runs,
      states: before.states + states,
      ends: before.ends + ends,
      depthMax: Math.max(before.depthMax, depthMax),
    };
    added(this.#cases, this.#search.cases);
    this.#complete++;
    const walk = this.#walks[this.#complete];
    // What the walk before knew is of no use for this one, and is let go.
    if (walk !== undefined) this.#search = new WalkSearch({ walk, protocol: this.#protocol });
  }
}

function added(counts: Map<string, number>, more: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  for (const [law, count] of more) counts.set(law, (counts.get(law) ?? 0) + count);
  return counts;
}

/** The walks of a scope, in the order in which they are walked. */
export const scopeWalks = (protocol: ScopeProtocol, scope: Scope): readonly Walk[] =>
  walksOf(scope, {
    commits: protocol.commitsPerProgram(scope.editsPerDevice),
    requests: protocol.requestsPerProgram,
  });

/** A list of choices as a person can read and paste it: `phone*12,laptop*3,phone`. */
export function choicesText(walk: Walk, choices: readonly Lane[]): string {
  const names = laneNames(walk);
  const parts: string[] = [];
  for (let at = 0; at < choices.length; ) {
    let end = at;
    while (end < choices.length && choices[end] === choices[at]) end++;
    const count = end - at;
    parts.push(`${names[choices[at]!]}${count === 1 ? "" : `*${count}`}`);
    at = end;
  }
  return parts.join(",");
}

/** Errors: RangeError for a lane that the walk does not have, or a count that is none. */
export function parseChoices(walk: Walk, text: string): readonly Lane[] {
  const names = laneNames(walk);
  return text.split(",").flatMap((part) => {
    const match = /^\s*([\w-]+?)(?:\*(\d{1,4}))?\s*$/u.exec(part);
    const lane = names.indexOf(match?.[1] ?? "");
    if (lane < 0)
      throw new RangeError(`no lane "${part.trim()}"; expected one of ${names.join(", ")}, as in phone*3`);
    return Array.from({ length: Number(match?.[2] ?? 1) }, () => lane);
  });
}

/** Does one run of a walk again. After the last choice everybody goes on in turn, whoever is under way first.
 *  Errors: RangeError for a choice that there is not; what the run throws. */
export function replayChoices(
  protocol: ScopeProtocol,
  walk: Walk,
  choices: readonly Lane[],
): Promise<ScopeOutcome> {
  let at = 0;
  let last = 0;
  const run = new ScopeRun({
    walk,
    protocol,
    objects: new SharedObjects(),
    texts: new Texts(),
    choose: (_, options) => {
      const asked = choices[at++];
      if (asked !== undefined && (options & (1 << asked)) === 0) {
        throw new RangeError(
          `choice ${at}: ${laneNames(walk)[asked]} cannot go on here; is it another version?`,
        );
      }
      last = asked ?? ((options & (1 << last)) === 0 ? 31 - Math.clz32(options & -options) : last);
      return last;
    },
  });
  return withTraps(() => run.run());
}
