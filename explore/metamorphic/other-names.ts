// What things are called is nobody's business.
import type { Scenario, Step } from "../../scenarios/format/types.ts";
import { numbered } from "./change-steps.ts";
import type { MetamorphicWords, Names, Relation } from "./relation.ts";

/** Devices (and with them their ids and operation ids), users and entities change names. Devices also trade places, so
 *  that whoever depends on an order of ids is found out. */
export const otherNames: Relation = {
  name: "other-names",
  promise:
    "Other names and ids for devices, users, entities and operations come to the same under the other names.",
  change(plan, choices, words) {
    const entities = new Set(
      plan.steps.flatMap((step) => (step.kind === "device" ? words.entitiesOf(step.action) : [])),
    );
    const tag = String(choices.between(1, 9_999));
    const names: Names = {
      devices: rotated(plan.devices.map(({ name }) => name)),
      users: Object.fromEntries(plan.devices.map(({ user }) => [user, `${user}-${tag}`])),
      entities: rotated([...entities]),
    };
    return { plan: renamed(plan, names, words), change: `other names (users with -${tag})`, names };
  },
};

/** Everybody gets the name of the next; one alone gets a new one. */
function rotated(all: readonly string[]): Readonly<Record<string, string>> {
  if (all.length === 1) return { [all[0]!]: `${all[0]!}-again` };
  return Object.fromEntries(all.map((name, place) => [name, all[(place + 1) % all.length]!]));
}

function renamed(plan: Scenario, names: Names, words: MetamorphicWords): Scenario {
  const device = (name: string): string => names.devices[name] ?? name;
  const devices = plan.devices.map((spec) => {
    return { ...spec, name: device(spec.name), user: names.users[spec.user] ?? spec.user };
  });
  const steps = plan.steps.map((step): Step => {
    const { source } = step;
    switch (step.kind) {
      case "device": {
        const action = words.renameEntities(step.action, names.entities);
        const text = `${device(step.device)}: ${action.verb}`;
        return { ...step, device: device(step.device), action, source: { ...source, text } };
      }
      case "sync": {
        const all = step.devices.map(device);
        return { ...step, devices: all, source: { ...source, text: `sync: ${all.join(", ")}` } };
      }
      case "network":
        return "of" in step.action
          ? {
              ...step,
              action: { ...step.action, of: { ...step.action.of, device: device(step.action.of.device) } },
            }
          : { ...step, action: { ...step.action, device: device(step.action.device) } };
      default:
        return step;
    }
  });
  return { ...plan, devices, steps: numbered(steps) };
}
