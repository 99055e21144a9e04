// Acknowledging is no edit.
import { deviceStep, drawPlaces, nameOfPlaces, withSteps } from "./change-steps.ts";
import type { Relation } from "./relation.ts";

export const extraAcknowledgement: Relation = {
  name: "extra-acknowledgement",
  promise: "One more ACK, at any moment, by any device, changes nothing in the end.",
  change(plan, choices, words) {
    const places = drawPlaces(plan, choices);
    const added = new Map(places.map((place) => [place, choices.pick(plan.devices).name]));
    const names = [...new Set(added.values())].join(" and ");
    return {
      plan: withSteps(plan, (place) =>
        added.has(place) ? [deviceStep(added.get(place)!, words.acknowledge)] : [],
      ),
      change: `one more ACK of ${names} ${nameOfPlaces(plan, places)}`,
    };
  },
};
