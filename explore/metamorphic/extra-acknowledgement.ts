// Acknowledging is no edit.
import { nameOfPlace, placeFor, withDeviceStep } from "./change-steps.ts";
import type { Relation } from "./relation.ts";

export const extraAcknowledgement: Relation = {
  name: "extra-acknowledgement",
  promise: "One more ACK, at any moment, by any device, changes nothing in the end.",
  change(plan, choices, words) {
    const place = placeFor(plan, choices);
    const { name } = choices.pick(plan.devices);
    return {
      plan: withDeviceStep(plan, place, name, words.acknowledge),
      change: `another ACK of ${name} ${nameOfPlace(plan, place)}`,
    };
  },
};
