// What is durable is durable.
import { nameOfPlace, placeFor, withDeviceStep, withServerStep } from "./change-steps.ts";
import type { Relation } from "./relation.ts";

/** Of a device or of the server, between two steps, when nothing is under way. */
export const restart: Relation = {
  name: "restart",
  promise: "A restart of a device or of the server between two steps changes nothing.",
  change(plan, choices) {
    const place = placeFor(plan, choices);
    const where = nameOfPlace(plan, place);
    if (choices.onceIn(2)) {
      const changed = withServerStep(plan, place, { verb: "restart" });
      return { plan: changed, change: `a restart of the server ${where}` };
    }
    const { name } = choices.pick(plan.devices);
    const changed = withDeviceStep(plan, place, name, { verb: "restart", args: {} });
    return { plan: changed, change: `a restart of ${name} ${where}` };
  },
};
