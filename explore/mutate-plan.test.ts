import { describe, expect, it } from "vitest";
import { waveflowRequirements } from "../protocol/waveflow/requirements.ts";
import { parseScenario } from "../scenarios/format/parse.ts";
import { stringifyScenario } from "../scenarios/format/stringify.ts";
import type { Scenario, Step } from "../scenarios/format/types.ts";
import { waveflowVocabulary as vocabulary } from "../scenarios/waveflow/vocabulary.ts";
import { Corpus } from "./corpus.ts";
import { mutatePlan } from "./mutate-plan.ts";
import { Stream } from "./stream.ts";
import { waveflowPlan } from "./waveflow/plan.ts";

const protocols = [{ vocabulary, requirements: waveflowRequirements.map(({ id }) => id) }];

/** Neighbours of neighbours, so that what one mutation leaves behind is what the next one gets. */
function descendants(count: number): readonly Scenario[] {
  const plans: Scenario[] = [];
  let plan = waveflowPlan("ancestor");
  for (let index = 0; index < count; index++) {
    if (index % 8 === 0) plan = waveflowPlan(`ancestor-${index}`);
    plan = mutatePlan(plan, { seed: `child-${index}`, other: waveflowPlan(`other-${index}`), vocabulary });
    plans.push(plan);
  }
  return plans;
}

const plans = descendants(120);

describe("a mutated plan", () => {
  it("is the same for the same plan and seed", () => {
    const options = { seed: "s", other: waveflowPlan("b"), vocabulary };
    expect(mutatePlan(waveflowPlan("a"), options)).toEqual(mutatePlan(waveflowPlan("a"), options));
  });

  it("can be written down and read back", () => {
    for (const plan of plans) {
      const text = stringifyScenario(plan, vocabulary);
      expect(parseScenario(text, { protocols }), text).toMatchObject({ ok: true });
    }
  });

  it("ends in calm and puts nothing back that was never saved", () => {
    for (const { steps } of plans) {
      expect(steps.at(-1)).toMatchObject({ kind: "settle" });
      const saved = new Set<string>();
      for (const step of flat(steps)) {
        if (step.kind === "server") expect(step.action.verb).not.toBe("restore");
        if (step.kind !== "device") continue;
        if (step.action.verb === "backup") saved.add(step.device);
        if (step.action.verb === "restore") expect([...saved]).toContain(step.device);
      }
    }
  });

  it("waits for nothing that a held statement could keep for ever", () => {
    for (const { steps } of plans) {
      const from = steps.findIndex((step) => flat([step]).some(isHold));
      if (from < 0) continue;
      for (const step of steps.slice(from)) {
        if (step.kind === "server")
          expect(["compact", "stop", "hold-during"]).not.toContain(step.action.verb);
        expect(step.kind).not.toBe("request");
        expect(step.kind).not.toBe("finish");
      }
    }
  });

  it("is another plan, most of the time", () => {
    const bodies = new Set(plans.map(({ steps, trouble, seed }) => JSON.stringify({ steps, trouble, seed })));
    expect(bodies.size).toBeGreaterThan(plans.length * 0.9);
  });
});

describe("a corpus", () => {
  it("prefers what is new and gives the rest a chance", () => {
    const corpus = new Corpus();
    for (let index = 0; index < 200; index++) corpus.add(waveflowPlan(`kept-${index}`));
    const choices = new Stream("corpus", "picks");
    const places = Array.from({ length: 400 }, () => Number(corpus.pick(choices).seed!.slice(5)));
    expect(places.filter((place) => place >= 152).length).toBeGreaterThan(240);
    expect(places.filter((place) => place < 152).length).toBeGreaterThan(40);
  });
});

const isHold = (step: Step): boolean => step.kind === "server" && step.action.verb === "hold-during";

const flat = (steps: readonly Step[]): readonly Step[] =>
  steps.flatMap((step) => (step.kind === "together" || step.kind === "start" ? flat(step.steps) : [step]));
