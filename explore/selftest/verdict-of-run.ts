// What a single run says about a build: nothing, or that it is broken, and by whom it is said. Corpus and search ask the
// same question, so a mutant and the reference are held to one measure.
import { LawFailed } from "../../invariants/judge.ts";
import { tryPlan, type Build } from "../trial.ts";
import type { Scenario } from "../../scenarios/format/types.ts";

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

/** Enough for every scenario and plan of the reference many times over; a mutant that talks for ever ends here. */
const eventsMax = 400_000;

/** Runs a scenario or a plan against a build.
 *  Errors: `LawFailed`, a bug of ours; whatever else is thrown is the build's own and counts as a kill. */
export async function verdictOfRun(build: Build, scenario: Scenario, seed: string): Promise<RunVerdict> {
  try {
    const { run, violations } = await tryPlan(build, scenario, { seed, eventsMax });
    const failed = run.checks.filter(({ pass }) => !pass);
    if (violations.length === 0 && failed.length === 0 && run.unusedFaults.length === 0) return undefined;
    // A fault that never struck, or a value that was never there, shows that something is off, but not which rule broke.
    const telling = failed.filter(({ about }) => about !== "fault" && about !== "placeholder");
    const named = [
      ...violations.flatMap(({ requirements }) => requirements),
      ...telling.flatMap(({ requirements }) => requirements),
    ];
    const first = failed[0];
    return {
      laws: violations.map(({ law }) => law),
      requirements: [...new Set(named)].sort(),
      seen:
        first === undefined
          ? (violations[0]?.promise ?? `a fault never struck: ${run.unusedFaults.join(", ")}`)
          : `${first.step}: expected ${first.expected}; ${first.seen}`,
    };
  } catch (error) {
    if (error instanceof LawFailed) throw error;
    const seen = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { laws: [], requirements: [], seen };
  }
}

/** The seed of a scenario that names none, as the commands run it. */
export const seedOfScenario = (scenario: Scenario): string => scenario.seed ?? "1";
