// Settings back to what they are without the plan, and a plain seed.
import type { Scenario } from "../../../scenarios/format/types.ts";
import type { Reduction } from "../reduction.ts";
import { fewest } from "../delta.ts";
import { flatSteps } from "../plan-size.ts";
import { withoutDevice } from "../without.ts";

const tables = ["trouble", "config", "deviceConfig"] as const;

/** Each table first as a whole, then setting by setting. Odds are no settings here: chance is pinned before. */
export async function plainSettings(attempts: Reduction): Promise<void> {
  attempts.begin("settings back to default");
  for (const table of tables) {
    const entries = Object.entries(attempts.scenario[table]);
    await fewest(entries, (kept) =>
      attempts.take({ ...attempts.scenario, [table]: Object.fromEntries(kept) }),
    );
  }
  const { latencyMinMs, latencyMaxMs, ...trouble } = attempts.scenario.trouble;
  if (latencyMinMs === undefined && latencyMaxMs === undefined) return;
  for (const fixedMs of fixedLatenciesMs)
    if (
      await attempts.take({
        ...attempts.scenario,
        trouble: { ...trouble, latencyMaxMs: fixedMs, latencyMinMs: fixedMs },
      })
    )
      return;
}

/** Every message takes exactly as long. Units: virtual milliseconds. */
const fixedLatenciesMs = [1, 10, 100] as const;

const plainSeeds: readonly string[] = Array.from({ length: 12 }, (_, index) => String(index + 1));

export async function plainSeed(attempts: Reduction): Promise<void> {
  attempts.begin("a plain seed");
  const { seed = "" } = attempts.scenario;
  for (const plain of plainSeeds)
    if (plain.length < seed.length && (await attempts.take({ ...attempts.scenario, seed: plain }))) return;
}

/** What is a race under one seed may need less of a plan under another: each part is taken away under other fates too.
 *  Many runs, so only for plans that are small by now. */
export async function otherFates(attempts: Reduction): Promise<void> {
  attempts.begin("other fates");
  if (flatSteps(attempts.scenario.steps).length > otherFatesUpTo) return;
  for (let index = 0; index < attempts.scenario.steps.length; index++) {
    const { steps } = attempts.scenario;
    const rest = steps.filter((_, place) => place !== index);
    if (await underAnySeed(attempts, { ...attempts.scenario, steps: rest })) index--;
  }
  for (const { name } of attempts.scenario.devices.slice(1))
    await underAnySeed(attempts, withoutDevice(attempts.scenario, name));
}

const otherFatesUpTo = 8;

async function underAnySeed(attempts: Reduction, scenario: Scenario): Promise<boolean> {
  for (const seed of plainSeeds) if (await attempts.take({ ...scenario, seed })) return true;
  return false;
}
