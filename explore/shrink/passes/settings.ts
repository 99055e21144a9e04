// Settings back to what they are without the plan, and a plain seed.
import type { Attempts } from "../attempts.ts";
import { fewest } from "../delta.ts";

const tables = ["trouble", "config", "deviceConfig"] as const;

/** Each table first as a whole, then setting by setting. Odds are no settings here: chance is pinned before. */
export async function plainSettings(attempts: Attempts): Promise<void> {
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

const plainSeeds = ["1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;

export async function plainSeed(attempts: Attempts): Promise<void> {
  attempts.begin("a plain seed");
  const { seed = "" } = attempts.scenario;
  if (seed.length <= 1) return;
  for (const plain of plainSeeds) if (await attempts.take({ ...attempts.scenario, seed: plain })) return;
}
