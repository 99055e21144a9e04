// An example suite: what a property over plans looks like in one's own project. There, `../../index.ts` is "seatrial"
// and `../../vitest.ts` is "seatrial/vitest".
import fc from "fast-check";
import { expect, it } from "vitest";
import { plans, simulate, trouble, waveflowSim } from "../../index.ts";
import "../../vitest.ts";

const protocol = waveflowSim;
const settings = { numRuns: 40, seed: 1 };

it("keeps every law, whatever people do and whatever befalls the system", async () => {
  const property = fc.asyncProperty(plans({ trouble: trouble() }), async (scenario) => {
    expect(await simulate({ scenario, protocol })).toKeepAllLaws();
  });
  await fc.assert(property, settings);
});

it("brings two devices together after partitions and lost replies", async () => {
  const plan = plans({ devices: ["laptop", "phone"], kinds: ["partition", "heal", "lost-reply"] });
  const property = fc.asyncProperty(plan, async (scenario) => {
    expect(await simulate({ scenario, protocol })).toConverge();
  });
  await fc.assert(property, settings);
});

it("runs a plan the same way every time", async () => {
  const property = fc.asyncProperty(plans({ stepsMax: 10 }), async (scenario) => {
    const [first, second] = [await simulate({ scenario, protocol }), await simulate({ scenario, protocol })];
    expect(second.digest).toBe(first.digest);
  });
  await fc.assert(property, settings);
});
