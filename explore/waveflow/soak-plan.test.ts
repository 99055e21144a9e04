import { describe, expect, it } from "vitest";
import { waveflowRequirements } from "../../protocol/waveflow/requirements.ts";
import { parseScenario } from "../../scenarios/format/parse.ts";
import { stringifyScenario } from "../../scenarios/format/stringify.ts";
import type { Step } from "../../scenarios/format/types.ts";
import { waveflowVocabulary } from "../../scenarios/waveflow/vocabulary.ts";
import { waveflowSoakPlans } from "./soak-plan.ts";

const { config, stay, upheaval } = waveflowSoakPlans;
const options = { processes: 3, config: config("s"), stayMs: { least: 2_000, most: 9_000 } };
const places = Array.from({ length: 150 }, (_, index) => index + 1);
const plans = places.map((n) => stay("s", n, options));
const flat = (steps: readonly Step[]): readonly Step[] =>
  steps.flatMap((step) => (step.kind === "together" || step.kind === "start" ? flat(step.steps) : [step]));

describe("the accounts of a soak", () => {
  it("are the same for the same seed, and others for another seed and place", () => {
    expect(stay("s", 7, options)).toEqual(plans[6]);
    expect(stay("t", 7, options).steps).not.toEqual(plans[6]!.steps);
    expect(plans[7]!.steps).not.toEqual(plans[6]!.steps);
  });

  it("have two to six devices, spread over all processes", () => {
    const sizes = new Set(plans.map(({ devices }) => devices.length));
    expect([...sizes].sort()).toEqual([2, 3, 4, 5, 6]);
    const processes = new Set(plans.flatMap(({ devices }) => devices.map(({ process }) => process)));
    expect([...processes].sort()).toEqual([1, 2, 3]);
  });

  it("stay for as long as is asked, and end in a calm", () => {
    for (const { steps } of plans) {
      const waited = steps.reduce((sum, step) => sum + (step.kind === "wait" ? step.forMs : 0), 0);
      expect(waited).toBeGreaterThanOrEqual(options.stayMs.least);
      expect(waited).toBeLessThan(options.stayMs.most + 2_000);
      expect(steps.at(-1)!.kind).toBe("settle");
    }
  });

  it("do nothing to what they share: no server, clock or database", () => {
    const shared = plans.flatMap(({ steps }) =>
      flat(steps).filter(
        (step) => step.kind === "clock" || (step.kind === "server" && step.action.verb !== "compact"),
      ),
    );
    expect(shared).toEqual([]);
  });

  it("meet every kind of fault that a soak promises", () => {
    const steps = plans.flatMap((plan) => flat(plan.steps));
    const verbs = new Set(
      steps.flatMap((step) =>
        step.kind === "network" || step.kind === "device" || step.kind === "server" ? [step.action.verb] : [],
      ),
    );
    const promised = [
      ...["lose-request", "lose-reply", "duplicate", "delay-request", "delay-reply", "answer"],
      ...["cut-socket", "half-open", "partition", "drop-frame", "crash", "restart", "compact"],
    ];
    expect(promised.filter((verb) => !verbs.has(verb))).toEqual([]);
  });

  it("are scenarios that can be written down and read back", () => {
    const protocols = [
      { vocabulary: waveflowVocabulary, requirements: waveflowRequirements.map(({ id }) => id) },
    ];
    for (const plan of plans.slice(0, 40)) {
      const text = stringifyScenario(plan, waveflowVocabulary);
      expect(parseScenario(text, { protocols }), text).toMatchObject({ ok: true });
    }
  });
});

describe("what befalls the servers of a soak", () => {
  const all = places.map((n) => upheaval("s", n, { processes: 3 }));

  it("is the same for the same seed", () => {
    expect(places.map((n) => upheaval("s", n, { processes: 3 }))).toEqual(all);
    expect(places.map((n) => upheaval("t", n, { processes: 3 }))).not.toEqual(all);
  });

  it("begins with a restart of everybody; after that the last process lives, so that its leaks show", () => {
    expect(all[0]).toMatchObject({ kind: "stop", processes: [1, 2, 3] });
    const deadly = all.slice(1).filter(({ kind }) => kind !== "pause");
    expect(new Set(deadly.flatMap(({ processes }) => processes))).toEqual(new Set([1, 2]));
  });

  it("kills, restarts and holds up, a single process too", () => {
    const alone = places.map((n) => upheaval("s", n, { processes: 1 }));
    for (const list of [all, alone]) {
      expect(new Set(list.slice(1).map(({ kind }) => kind))).toEqual(new Set(["kill", "stop", "pause"]));
    }
    expect(new Set(alone.flatMap(({ processes }) => processes))).toEqual(new Set([1]));
  });
});
