// Users do not meet.
import { withSteps } from "./change-steps.ts";
import type { Relation } from "./relation.ts";

const name = "bystander";
const user = "somebody-else";

/** Somebody else's device, which edits entities of the same names at moments of its own. */
export const bystander: Relation = {
  name: "bystander",
  promise: "Another user who edits entities of the same names changes nothing.",
  change(plan, choices, { edit }) {
    const spec = { name, user, mode: plan.devices[0]!.mode, automatic: false, process: 1 };
    const busy = new Set(Array.from({ length: 4 }, () => choices.between(0, plan.steps.length - 1)));
    const does = [
      { kind: "device", device: name, action: edit, source: { line: 1, text: `${name}: ${edit.verb}` } },
      { kind: "sync", devices: [name], source: { line: 1, text: `sync: ${name}` } },
    ] as const;
    const steps = plan.steps.flatMap((step, place) => (busy.has(place) ? [...does, step] : [step]));
    return {
      plan: withSteps({ ...plan, devices: [...plan.devices, spec] }, steps),
      change: `a device of another user, which edits and syncs ${busy.size} times`,
      added: [name, user],
    };
  },
};
