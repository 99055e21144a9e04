// What a scenario costs in the real world, roughly: for whoever may choose.
import type { Ability, Scenario, Step } from "../../scenarios/format/types.ts";

/** What has to be started anew, or waited for, beside the steps.  Units: milliseconds. */
const costOfAbility: Readonly<Partial<Record<Ability, number>>> = {
  crash: 800,
  backup: 1_500,
  processes: 800,
  settings: 800,
  pause: 1_500,
  network: 1_000,
  "socket-faults": 500,
  database: 1_000,
  "database-restart": 4_000,
  "disk-full": 4_000,
};
const costOfStepMs = 20;

/** Units: milliseconds, on nobody's machine. */
export const liveCostMs = ({ steps, needs }: Pick<Scenario, "steps" | "needs">): number =>
  costOfSteps(steps) + needs.reduce((sum, ability) => sum + (costOfAbility[ability] ?? 0), 0);

const costOfSteps = (steps: readonly Step[]): number =>
  steps.reduce((sum, step) => sum + costOfStep(step), 0);

function costOfStep(step: Step): number {
  switch (step.kind) {
    case "wait":
      return step.forMs;
    case "together":
    case "start":
      return costOfSteps(step.steps);
    default:
      return costOfStepMs;
  }
}
