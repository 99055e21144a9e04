// From a run whose accidents chance has drawn to a plan that says them: the same run, and each accident can be looked
// at, changed or taken away on its own.
import type { Accident, Scenario } from "../scenarios/format/types.ts";
import { withoutOdds } from "../sim/world/trouble.ts";

/** The scenario with exactly these accidents. With `run.accidents`, and under the seed of the run, it is the same run;
 *  with some of them taken away, the others strike where they did. */
export function pinAccidents(scenario: Scenario, accidents: readonly Accident[]): Scenario {
  const trouble = withoutOdds(scenario.trouble);
  const hasChance = accidents.length > 0 || Object.keys(trouble).length > 0;
  const needs = scenario.needs.filter((ability) => ability !== "chance");
  return { ...scenario, needs: hasChance ? [...needs, "chance"] : needs, trouble, accidents };
}
