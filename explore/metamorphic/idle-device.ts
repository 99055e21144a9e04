// Somebody who only watches changes nothing.
import { drawPlaces, stepOf, withSteps } from "./change-steps.ts";
import type { Relation } from "./relation.ts";

const name = "idler";

/** One more device of some user, which edits nothing. It comes early or late, or is heard of only when everybody
 *  settles; once it has acknowledged, compaction waits for it. */
export const idleDevice: Relation = {
  name: "idle-device",
  promise: "A device that edits nothing changes nothing for the others.",
  change(plan, choices) {
    const { user } = choices.pick(plan.devices);
    const spec = { name, user, mode: plan.devices[0]!.mode, automatic: false, process: 1 };
    const places = choices.onceIn(4) ? [] : drawPlaces(plan, choices);
    const visit = stepOf({ kind: "sync", devices: [name] }, `sync: ${name}`);
    const more = { ...plan, devices: [...plan.devices, spec] };
    return {
      plan: withSteps(more, (place) => (places.includes(place) ? [visit] : [])),
      change: `another device of ${user}, which edits nothing and syncs ${places.length} times before the end`,
      added: [name],
    };
  },
};
