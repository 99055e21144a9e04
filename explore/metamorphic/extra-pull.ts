// Who looks once more sees the same in the end.
import { nameOfPlace, placeFor, withDeviceStep } from "./change-steps.ts";
import type { Relation } from "./relation.ts";

export const extraPull: Relation = {
  name: "extra-pull",
  promise: "One more pull, at any moment, by any device, changes nothing in the end.",
  change(plan, choices, words) {
    const place = placeFor(plan, choices);
    const { name } = choices.pick(plan.devices);
    return {
      plan: withDeviceStep(plan, place, name, words.pull),
      change: `another pull of ${name} ${nameOfPlace(plan, place)}`,
    };
  },
};
