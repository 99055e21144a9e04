// Somebody who only watches changes nothing.
import { withSteps } from "./change-steps.ts";
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
    const visits = choices.pick([0, 1, 1, 3]);
    const places = new Set(Array.from({ length: visits }, () => choices.between(0, plan.steps.length - 1)));
    const visit = { kind: "sync", devices: [name], source: { line: 1, text: `sync: ${name}` } } as const;
    const steps = plan.steps.flatMap((step, place) => (places.has(place) ? [visit, step] : [step]));
    const when = places.size === 0 ? "only in the end" : `${places.size} times`;
    return {
      plan: withSteps({ ...plan, devices: [...plan.devices, spec] }, steps),
      change: `another device of ${user}, which edits nothing and syncs ${when}`,
      added: [name],
    };
  },
};
