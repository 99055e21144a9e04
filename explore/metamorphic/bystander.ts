// Users do not meet.
import { deviceStep, drawPlaces, stepOf, withSteps } from "./change-steps.ts";
import type { Relation } from "./relation.ts";

const name = "bystander";
const user = "somebody-else";

/** Somebody else's device, which edits entities of the same names at moments of its own. */
export const bystander: Relation = {
  name: "bystander",
  promise: "Another user who edits entities of the same names changes nothing.",
  change(plan, choices, { edit }) {
    const spec = { name, user, mode: plan.devices[0]!.mode, automatic: false, process: 1 };
    const places = drawPlaces(plan, choices);
    const does = [deviceStep(name, edit), stepOf({ kind: "sync", devices: [name] }, `sync: ${name}`)];
    const more = { ...plan, devices: [...plan.devices, spec] };
    return {
      plan: withSteps(more, (place) => (places.includes(place) ? does : [])),
      change: `a device of another user, which edits and syncs ${places.length} times`,
      added: [name, user],
    };
  },
};
