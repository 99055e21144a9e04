// The plan of an account as it was lived: what befell the servers is written into it as steps, and lines for the network
// that found nothing to strike are left out. It says all of it itself, and can be run again alone, on servers of its own
// or in the simulation.
import { networkLine } from "../../scenarios/format/network-lines.ts";
import type { Ability, Scenario, ServerAction, Step } from "../../scenarios/format/types.ts";
import type { LivedStay } from "./stay.ts";

type Lived = Pick<LivedStay, "scenario" | "suffered" | "unstruck">;

export function livedPlan({ scenario, suffered, unstruck }: Lived): Scenario {
  const idle = [...unstruck];
  const steps: Step[] = [];
  const add = (step: Step): void => {
    steps.push({ ...step, source: { ...step.source, line: steps.length + 1 } });
  };
  for (let place = 0; place <= scenario.steps.length; place++) {
    for (const { afterSteps, verb, process } of suffered) {
      if (afterSteps === place) add(serverStep({ verb, process }));
    }
    const step = scenario.steps[place];
    if (step === undefined) continue;
    const among = step.kind === "network" ? idle.indexOf(`network: ${networkLine(step.action)}`) : -1;
    if (among < 0) add(step);
    else idle.splice(among, 1);
  }
  const isPaused = suffered.some(({ verb }) => verb === "pause");
  const more = suffered.length === 0 ? [] : ["crash", "processes", ...(isPaused ? ["pause"] : [])];
  const needs = new Set([...scenario.needs, ...more] as Ability[]);
  return { ...scenario, needs: [...needs], steps };
}

const serverStep = (action: ServerAction): Step => ({
  kind: "server",
  action,
  source: { line: 0, text: `server: ${action.verb}` },
});
