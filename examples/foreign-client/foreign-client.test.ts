// A client that Seatrial did not write, on trial: it keeps the laws, and a variant with a classical bug is caught, cut
// down to the steps that matter, and told.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CreateForeignDevice,
  matchers,
  plans,
  simulate,
  trouble,
  waveflowSim,
  withDevice,
} from "../../index.ts";
import "../../vitest.ts";
import { namedInReply, type Proof, TinyDevice } from "./tiny-device.ts";

const trial = (create: CreateForeignDevice, arbitrary = plans()) =>
  fc.asyncProperty(arbitrary, async (scenario) => {
    const run = await simulate({ scenario, protocol: withDevice(waveflowSim, create) });
    expect(run).toKeepAllLaws();
    expect(run).toConverge();
  });

/** "200 means that it worked": the hotel's sign-in page is a 200 too. */
const any200: Proof = (reply, pushed) => {
  const named = namedInReply(reply, pushed);
  const all = pushed.map(({ operation_id: one }) => [one, named.get(one) ?? 0] as const);
  return new Map(reply.status === 200 ? all : []);
};

describe("a tiny device", () => {
  it("keeps every law and converges under every kind of fault", async () => {
    const property = trial((ports) => new TinyDevice(ports), plans({ trouble: trouble() }));
    await fc.assert(property, { numRuns: 100, seed: 1 });
  });

  it("works beside the reference device", async () => {
    const mixed = withDevice(waveflowSim, (ports) => new TinyDevice(ports), ["phone"]);
    const property = fc.asyncProperty(plans(), async (scenario) => {
      expect(await simulate({ scenario, protocol: mixed })).toKeepAllLaws();
    });
    await fc.assert(property, { numRuns: 50, seed: 2 });
  });
});

describe("a device that takes any 200 for a yes", () => {
  it("is caught, and its plan shrinks to an edit and the answer of a stranger", async () => {
    const kinds = ["captive-portal", "lost-reply", "device-crash"] as const;
    const careless: CreateForeignDevice = (ports) => new TinyDevice(ports, any200);
    const found = await fc.check(trial(careless, plans({ stepsMax: 15, kinds })), { numRuns: 500, seed: 1 });
    const [plan] = found.counterexample!;
    const told = plan.steps.map(({ source }) => source.text);
    expect(told).toContain("network: answer");
    expect(told.some((text) => text.endsWith(": edit"))).toBe(true);
    expect(told.length).toBeLessThanOrEqual(5);

    const run = await simulate({ scenario: plan, protocol: withDevice(waveflowSim, careless) });
    expect(run).not.toKeepAllLaws();
    const tale = matchers.toKeepAllLaws(run).message();
    expect(tale).toContain("The law nothing-lost is broken");
    expect(tale).toContain("It is neither in its queue nor in its dead letters, and no log ever had it.");
    expect(fc.defaultReportMessage(found)).toMatch(/answer \w+ push with 200 (html|empty)/);
  });
});
