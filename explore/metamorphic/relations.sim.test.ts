import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { waveflowSim } from "../../sim/waveflow/binding.ts";
import { Stream } from "../stream.ts";
import { waveflowMetamorphic } from "../waveflow/metamorphic.ts";
import { relationWitnesses } from "../waveflow/relation-witnesses.ts";
import { checkRelations, relations } from "./check-relations.ts";
import { findDifference } from "./compare-states.ts";
import { type FinalState, noNames } from "./relation.ts";

const seeds = Array.from({ length: 12 }, (_, index) => `test-${index}`);

describe("relations between two runs", () => {
  it("hold for the reference, and most plans have a place for each", async () => {
    const held = new Map<string, number>();
    for (const seed of seeds) {
      for (const { relation, outcome, explanation } of await checkRelations(
        { sim: waveflowSim },
        waveflowMetamorphic,
        seed,
      )) {
        expect(outcome, `${seed}: ${explanation}`).not.toBe("violated");
        if (outcome === "holds") held.set(relation, (held.get(relation) ?? 0) + 1);
      }
    }
    for (const { name } of relations) expect(held.get(name) ?? 0, name).toBeGreaterThan(seeds.length / 2);
  });

  it("change a plan, and the same plan in the same way", () => {
    for (const relation of relations) {
      const plan = waveflowMetamorphic.sequentialPlan("test-3");
      const text = JSON.stringify(plan);
      const change = () => relation.change(plan, new Stream("test-3", relation.name), waveflowMetamorphic);
      expect(JSON.stringify(change()), relation.name).toBe(JSON.stringify(change()));
      expect(JSON.stringify(change()?.plan), relation.name).not.toBe(text);
      expect(JSON.stringify(plan), relation.name).toBe(text);
    }
  });

  it("each notice a defect, and say in which run what is otherwise", () => {
    // In a process of its own: mutants hang on Node's loader, and vitest has another.
    const told = execFileSync(
      process.execPath,
      ["--no-warnings", "--input-type=module", "--eval", noticing(import.meta.url)],
      { encoding: "utf8" },
    );
    const explanations = JSON.parse(told) as Readonly<Record<string, string>>;
    expect(Object.keys(explanations)).toEqual(relations.map(({ name }) => name));
    for (const [relation, explanation] of Object.entries(explanations))
      expect(explanation, relation).toMatch(/^With .+ (without it\.|does\.)$/u);
  });
});

describe("the comparison of two outcomes", () => {
  const state = (title: string, waiting = 0): FinalState => ({
    users: { alice: { "song/1": { title } } },
    devices: { laptop: { entities: { "song/1": { title } }, waiting } },
  });
  const nothing = { names: noNames, added: [] };

  it("finds nothing between equals, and names the first difference else", () => {
    expect(findDifference(state("A"), state("A"), nothing)).toBeUndefined();
    expect(findDifference(state("A"), state("B"), nothing)).toBe(
      'the server, for alice shows title of song/1 as "B", and as "A" without it.',
    );
    expect(findDifference(state("A"), state("A", 2), nothing)).toBe(
      "laptop has 2 edits waiting, and had 0 without it.",
    );
  });

  it("looks through other names, and past who was added", () => {
    const names = { devices: { laptop: "phone" }, users: { alice: "al" }, entities: { "song/1": "song/2" } };
    const renamed: FinalState = {
      users: { al: { "song/2": { title: "A" } }, bob: {} },
      devices: { phone: { entities: { "song/2": { title: "A" } }, waiting: 0 } },
    };
    expect(findDifference(state("A"), renamed, { names, added: ["bob"] })).toBeUndefined();
    expect(findDifference(state("A"), renamed, { names, added: [] })).toBe(
      "the server, for bob is there, and was not without it.",
    );
  });
});

/** Loads each relation's mutant and prints what the relation says of it. */
function noticing(from: string): string {
  const module = (path: string): string => JSON.stringify(new URL(path, from).href);
  return `
    const { checkRelations, relations } = await import(${module("./check-relations.ts")});
    const { loadMutant } = await import(${module("../mutants/load.ts")});
    const { waveflowMutants } = await import(${module("../mutants/waveflow/index.ts")});
    const { waveflowMetamorphic } = await import(${module("../waveflow/metamorphic.ts")});
    const witnesses = ${JSON.stringify(relationWitnesses)};
    const binding = { module: new URL(${module("../../sim/waveflow/binding.ts")}), name: "waveflowSim" };
    const told = {};
    for (const relation of relations) {
      const { mutant: name, seed } = witnesses[relation.name];
      const sim = await loadMutant(binding, waveflowMutants.find((mutant) => mutant.name === name));
      for (let next = seed; next <= seed + 100; next++) {
        const [verdict] = await checkRelations({ sim }, waveflowMetamorphic, String(next), [relation]);
        if (verdict.outcome !== "violated") continue;
        told[relation.name] = verdict.explanation;
        break;
      }
    }
    console.log(JSON.stringify(told));
  `;
}
