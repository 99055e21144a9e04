// What is durable is durable.
import { deviceStep, drawPlaces, nameOfPlaces, serverStep, withSteps } from "./change-steps.ts";
import type { Relation } from "./relation.ts";

/** Of a device or of the server, between two steps, when nothing is under way. */
export const restart: Relation = {
  name: "restart",
  promise: "A restart of a device or of the server between two steps changes nothing.",
  change(plan, choices) {
    const places = drawPlaces(plan, choices);
    const who = choices.onceIn(3) ? undefined : choices.pick(plan.devices).name;
    const step =
      who === undefined ? serverStep({ verb: "restart" }) : deviceStep(who, { verb: "restart", args: {} });
    return {
      plan: withSteps(plan, (place) => (places.includes(place) ? [step] : [])),
      change: `a restart of ${who ?? "the server"} ${nameOfPlaces(plan, places)}`,
    };
  },
};
