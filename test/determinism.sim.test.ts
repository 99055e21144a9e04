// Same scenario, same seed, same version: same digest. Within one process, where caches are warm and counters have
// moved on, and in a fresh one.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { stormScenario } from "../explore/storm.ts";
import { loadCatalogue } from "../scenarios/catalogue.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { simulate } from "../sim/run.ts";
import { waveflowSim } from "../sim/waveflow/binding.ts";

const stormSeeds = Array.from({ length: 20 }, (_, index) => `determinism-${index}`);

async function digestsOf(scenarios: readonly Scenario[]): Promise<readonly string[]> {
  const digests: string[] = [];
  for (const scenario of scenarios) {
    const run = await simulate({ scenario, protocol: waveflowSim, seed: scenario.seed ?? "7" });
    digests.push(`${scenario.id} ${run.digest}`);
  }
  return digests;
}

const everything = (): readonly Scenario[] => [
  ...loadCatalogue().scenarios,
  ...stormSeeds.map(stormScenario),
];

/** Prints the digests of everything, in a process of its own. */
async function digestsOfAFreshProcess(): Promise<readonly string[]> {
  const root = join(import.meta.dirname, "..");
  const script = `
    import { stormScenario } from "./explore/storm.ts";
    import { loadCatalogue } from "./scenarios/catalogue.ts";
    import { simulate } from "./sim/run.ts";
    import { waveflowSim } from "./sim/waveflow/binding.ts";
    const seeds = ${JSON.stringify(stormSeeds)};
    for (const scenario of [...loadCatalogue().scenarios, ...seeds.map(stormScenario)]) {
      const run = await simulate({ scenario, protocol: waveflowSim, seed: scenario.seed ?? "7" });
      console.log(scenario.id + " " + run.digest);
    }`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: root,
    maxBuffer: 1 << 24,
  });
  return stdout.trim().split("\n");
}

describe("a run", () => {
  test("has the same digest the second time, and in a fresh process", async () => {
    const first = await digestsOf(everything());
    expect(first.length).toBeGreaterThan(250);
    expect(await digestsOf(everything())).toEqual(first);
    expect(await digestsOfAFreshProcess()).toEqual(first);
  });

  test("has another digest under another seed", async () => {
    const digests = new Set<string>();
    for (const seed of stormSeeds) {
      const run = await simulate({ scenario: stormScenario("one plan"), protocol: waveflowSim, seed });
      digests.add(run.digest);
    }
    expect(digests.size).toBe(stormSeeds.length);
  });
});
