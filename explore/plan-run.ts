// A run for people who write tests: as the simulation's own, with the seed that the plan carries.
import type { Scenario } from "../scenarios/format/types.ts";
import { simulate as simulateRun, type SimRun, type SimRunOptions } from "../sim/run.ts";

/** A run with the plan that it was a run of. */
export interface PlanRun extends SimRun {
  readonly scenario: Scenario;
  readonly seed: string;
}

export type PlanRunOptions = Omit<SimRunOptions, "seed"> & {
  /** Instead of the seed that the plan carries; a plan that carries none runs under `1`. */
  readonly seed?: string;
};

/** Runs a scenario in the simulation. The same scenario, seed and code give the same run, event for event.
 *  Errors: bugs of the code under test or of ours (a foreign wait, a forbidden global, an error let through); what a
 *  server or device does wrong is in the history, and the laws find it. */
export async function simulate(options: PlanRunOptions): Promise<PlanRun> {
  const { scenario } = options;
  const seed = options.seed ?? scenario.seed ?? "1";
  const run = await simulateRun({ ...options, seed });
  return { ...run, scenario, seed };
}
