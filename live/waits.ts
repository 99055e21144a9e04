// How long a scenario waits because its steps say so: virtual time elsewhere, real time here. Whoever runs many side by
// side does well to begin with those that wait longest.
import type { Scenario, Step } from "../scenarios/format/types.ts";

/** Units: milliseconds. Steps that are begun together count one after another: an upper bound. */
export const waitsMs = ({ steps }: Pick<Scenario, "steps">): number =>
  steps.reduce((sumMs, step) => sumMs + stepWaitsMs(step), 0);

function stepWaitsMs(step: Step): number {
  switch (step.kind) {
    case "wait":
      return step.forMs;
    case "together":
    case "start":
      return waitsMs(step);
    default:
      return 0;
  }
}
