// One plan, run once and judged: the step that every search is made of.
import { judge } from "../invariants/judge.ts";
import { isFailing, type Judgement, type Law } from "../invariants/verdict.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { simulate, type SimRun, type SimRunOptions } from "../sim/run.ts";
import type { SimProtocol } from "../sim/world/protocol.ts";

/** What is on trial: references or somebody else's code, and the laws that it has to keep. */
export interface Build {
  readonly sim: SimProtocol;
  readonly laws: readonly Law[];
}

export interface Trial {
  readonly scenario: Scenario;
  readonly seed: string;
  readonly run: SimRun;
  readonly judgements: readonly Judgement[];
  /** Laws that were broken, those that only advise left out. */
  readonly violations: readonly Judgement[];
}

/** Runs a plan under its seed and asks the laws. What the scenario expects of its own is in `run.checks`.
 *  Errors: bugs of the build or of ours, as `simulate` throws them. */
export async function tryPlan(
  build: Build,
  scenario: Scenario,
  options: Omit<SimRunOptions, "scenario" | "protocol">,
): Promise<Trial> {
  const run = await simulate({ ...options, scenario, protocol: build.sim });
  const judgements = judge(run.history, build.laws);
  return { scenario, seed: options.seed, run, judgements, violations: judgements.filter(isFailing) };
}
