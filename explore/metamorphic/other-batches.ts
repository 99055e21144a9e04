// How much goes into one message is nobody's business.
import type { Stream } from "../stream.ts";
import type { Relation } from "./relation.ts";

/** Splits and merges: the same edits in more or fewer pushes, the same log in more or fewer pages. */
export const otherBatches: Relation = {
  name: "other-batches",
  promise:
    "The same edits in smaller or larger batches, and the same log in smaller or larger pages, come to the same.",
  change(plan, choices, { sizes }) {
    const config = { ...plan.config, ...drawn(sizes.config, choices) };
    const deviceConfig = { ...plan.deviceConfig, ...drawn(sizes.deviceConfig, choices) };
    const told = Object.entries({ ...config, ...deviceConfig })
      .filter(([name]) => name in sizes.config || name in sizes.deviceConfig)
      .map(([name, size]) => `${name} ${size}`);
    return { plan: { ...plan, config, deviceConfig }, change: told.join(", ") };
  },
};

function drawn(
  sizes: Readonly<Record<string, readonly number[]>>,
  choices: Stream,
): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(sizes).map(([name, values]) => [name, choices.pick(values)]));
}
