// What a single run says about a build: nothing, or that it is broken, and by whom it is said. Whatever
// asks (corpus, search, another mutation tester) asks here, so mutants and reference are held to one measure.
import { LawFailed } from "../../invariants/judge.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import { type Build, type Trial, tryPlan } from "../trial.ts";

/** A run that shows a build broken. */
export interface Kill {
  /** Violated laws, those that only advise left out. */
  readonly laws: readonly string[];
  /** Rules that a failed check or a violated law names. */
  readonly requirements: readonly string[];
  /** What else fails: a check, a fault that never struck, an error that the build let through. One sentence. */
  readonly seen: string;
}

/** What the judges say of one run, `undefined` where they have no complaint. */
export type RunVerdict = Kill | undefined;

/** Ten times what the longest scenario and the longest plans of the reference take; a mutant that talks for ever ends
 *  here, and is noticed. */
const eventsMax = 50_000;

/** Runs a scenario against a build: its laws, its checks, and that its faults did strike.
 *  Errors: `LawFailed`, a bug of ours; whatever else is thrown is the build's own and counts as a kill. */
export function verdictOnScenario(build: Build, scenario: Scenario): Promise<RunVerdict> {
  return judged(build, { scenario, seed: scenario.seed ?? defaultSeed }, ({ run, violations }) => {
    const failed = run.checks.filter(({ pass }) => !pass);
    if (violations.length === 0 && failed.length === 0 && run.unusedFaults.length === 0) return undefined;
    // A fault that never struck, or a value that was never there, shows that something is off, but not which rule broke.
    const telling = failed.filter(({ about }) => about !== "fault" && about !== "placeholder");
    const first = failed[0];
    return {
      laws: violations.map(({ law }) => law),
      requirements: unique([...violations, ...telling].flatMap(({ requirements }) => requirements)),
      seen:
        first === undefined
          ? (violations[0]?.promise ?? `a fault never struck: ${run.unusedFaults.join(", ")}`)
          : `${first.step}: expected ${first.expected}; ${first.seen}`,
    };
  });
}

/** Runs a plan of the search against a build: only laws are asked, because a plan does not know what comes of it, and
 *  arranges faults for messages that may never be sent.
 *  Errors: as `verdictOnScenario`. */
export function verdictOnPlan(build: Build, plan: Scenario, seed: string): Promise<RunVerdict> {
  return judged(build, { scenario: plan, seed }, ({ violations }) =>
    violations.length === 0
      ? undefined
      : {
          laws: violations.map(({ law }) => law),
          requirements: unique(violations.flatMap(({ requirements }) => requirements)),
          seen: violations[0]!.promise,
        },
  );
}

/** The seed of a scenario that names none, as the commands run it. */
const defaultSeed = "1";

async function judged(
  build: Build,
  { scenario, seed }: { readonly scenario: Scenario; readonly seed: string },
  verdict: (trial: Trial) => RunVerdict,
): Promise<RunVerdict> {
  try {
    return verdict(await tryPlan(build, scenario, { seed, eventsMax }));
  } catch (error) {
    if (error instanceof LawFailed) throw error;
    const seen = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { laws: [], requirements: [], seen };
  }
}

const unique = (words: readonly string[]): readonly string[] => [...new Set(words)].sort();
