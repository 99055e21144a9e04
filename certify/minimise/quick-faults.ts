// A lost message costs its sender all its patience, in real time and in every candidate. A connection that breaks instead
// is noticed at once, and the server sees the same: the request with nobody left to answer, or nothing.
import { mapSteps } from "../../explore/shrink/plan-size.ts";
import type { NetworkAction, Scenario } from "../../scenarios/format/types.ts";

/** The scenario with broken connections in place of lost messages; `undefined` where nothing is lost. */
export function withQuickFaults(scenario: Scenario): Scenario | undefined {
  let isChanged = false;
  const quick = mapSteps(scenario, (step) => {
    if (step.kind !== "network") return step;
    const action = quickly(step.action);
    isChanged ||= action !== step.action;
    return { ...step, action };
  });
  return isChanged ? quick : undefined;
}

function quickly(action: NetworkAction): NetworkAction {
  switch (action.verb) {
    case "lose-reply":
      return { verb: "reset-reply", of: action.of };
    case "lose-request":
      return { verb: "reset-request", of: action.of };
    default:
      return action;
  }
}
