// The plan of an account with what befell the servers written into it as steps: where it was struck, it says so itself,
// and can be run again alone, on servers of its own or in the simulation.
import type { Ability, Scenario, ServerAction, Step } from "../../scenarios/format/types.ts";
import type { LivedStay } from "./stay.ts";

export function livedPlan({ scenario, suffered }: Pick<LivedStay, "scenario" | "suffered">): Scenario {
  if (suffered.length === 0) return scenario;
  const steps: Step[] = [];
  for (let place = 0; place <= scenario.steps.length; place++) {
    for (const { afterSteps, verb, process } of suffered) {
      if (afterSteps === place) steps.push(serverStep({ verb, process }, steps.length + 1));
    }
    const step = scenario.steps[place];
    if (step !== undefined) steps.push({ ...step, source: { ...step.source, line: steps.length + 1 } });
  }
  const isPaused = suffered.some(({ verb }) => verb === "pause");
  const needs = new Set([
    ...scenario.needs,
    "crash",
    "processes",
    ...(isPaused ? ["pause"] : []),
  ] as Ability[]);
  return { ...scenario, needs: [...needs], steps };
}

const serverStep = (action: ServerAction, line: number): Step => ({
  kind: "server",
  action,
  source: { line, text: `server: ${action.verb}` },
});
