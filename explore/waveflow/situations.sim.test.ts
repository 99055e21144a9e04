import { describe, expect, it } from "vitest";
import type { WaveflowHistory } from "../../invariants/waveflow/events.ts";
import { loadCatalogue } from "../../scenarios/catalogue.ts";
import { simulate } from "../../sim/run.ts";
import { waveflowSim } from "../../sim/waveflow/binding.ts";
import { Coverage, situationNumbers } from "../coverage.ts";
import type { Situation } from "../search-protocol.ts";
import { waveflowPlan } from "./plan.ts";
import {
  waveflowImpossiblePairs,
  waveflowSituations,
  waveflowSituationSpace as space,
} from "./situations.ts";

async function situationsOf(seed: string): Promise<readonly Situation[]> {
  const scenario = waveflowPlan(seed);
  const { history } = await simulate({ scenario, protocol: waveflowSim, seed });
  return waveflowSituations(history as WaveflowHistory);
}

describe("situations of a run", () => {
  it("lie in their space, and none is one that was called impossible", async () => {
    const coverage = new Coverage(space, waveflowImpossiblePairs);
    const { possible } = coverage.pairs();
    for (let index = 0; index < 40; index++)
      coverage.add(situationNumbers(space, await situationsOf(`situations-${index}`)));
    expect(coverage.pairs().possible).toBe(possible);
    expect(coverage.situations).toBeGreaterThan(400);
  });

  it("tell a device below the watermark from one that is up to date", async () => {
    const { scenarios } = loadCatalogue({ below: "waveflow/resync/pending-edits-survive" });
    const { history } = await simulate({ scenario: scenarios[0]!, protocol: waveflowSim, seed: "1" });
    const situations = waveflowSituations(history as WaveflowHistory);
    const asleep = situations.filter(({ device }) => device.startsWith("below the watermark"));
    expect(asleep.map(({ message }) => message)).toContain("pull resync");
    expect(asleep.map(({ message }) => message)).toContain("walk");
    expect(situations.at(-1)).toMatchObject({ device: "up to date" });
  });
});

describe("impossible pairs", () => {
  it("name two members and a reason, in words of the space", () => {
    for (const { values, why } of waveflowImpossiblePairs) {
      const members = Object.entries(values) as [keyof typeof space, readonly string[]][];
      expect(members).toHaveLength(2);
      expect(why).not.toBe("");
      for (const [member, names] of members) for (const name of names) expect(space[member]).toContain(name);
    }
  });
});
