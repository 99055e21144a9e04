// Who looks once more sees the same in the end.
import { deviceStep, drawPlaces, nameOfPlaces, withSteps } from "./change-steps.ts";
import type { Relation } from "./relation.ts";

export const extraPull: Relation = {
  name: "extra-pull",
  promise: "One more pull, at any moment, by any device, changes nothing in the end.",
  change(plan, choices, words) {
    const places = drawPlaces(plan, choices);
    const added = new Map(places.map((place) => [place, choices.pick(plan.devices).name]));
    const names = [...new Set(added.values())].join(" and ");
    return {
      plan: withSteps(plan, (place) => (added.has(place) ? [deviceStep(added.get(place)!, words.pull)] : [])),
      change: `one more pull of ${names} ${nameOfPlaces(plan, places)}`,
    };
  },
};
