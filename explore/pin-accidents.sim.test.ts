// What chance does can be written down: a run replays from its accidents alone, and each stands on its own.
import { describe, expect, test } from "vitest";
import { scenarioProtocols } from "../scenarios/catalogue.ts";
import { accidentLine } from "../scenarios/format/accident-lines.ts";
import { neededAbilities } from "../scenarios/format/needs.ts";
import { formatErrors, parseScenario } from "../scenarios/format/parse.ts";
import { stringifyScenario } from "../scenarios/format/stringify.ts";
import type { Accident, Scenario } from "../scenarios/format/types.ts";
import { waveflowVocabulary } from "../scenarios/waveflow/vocabulary.ts";
import { simulate, type SimRun } from "../sim/run.ts";
import { waveflowSim } from "../sim/waveflow/binding.ts";
import { pinAccidents } from "./pin-accidents.ts";
import { stormScenario } from "./storm.ts";

const seeds = Array.from({ length: 50 }, (_, index) => `pinned-${index}`);

const runOf = (scenario: Scenario): Promise<SimRun> =>
  simulate({ scenario, protocol: waveflowSim, seed: scenario.seed! });

const storms = await Promise.resolve().then(async () => {
  const runs: { readonly scenario: Scenario; readonly run: SimRun }[] = [];
  for (const seed of seeds) {
    const scenario = stormScenario(seed);
    runs.push({ scenario, run: await runOf(scenario) });
  }
  return runs;
});

describe("a run whose accidents are pinned", () => {
  test("is the run in which chance did them: same digest, same history, same accidents", async () => {
    const kinds = new Map<string, number>();
    for (const { scenario, run } of storms) {
      const again = await runOf(pinAccidents(scenario, run.accidents));
      expect(again.digest, scenario.id).toBe(run.digest);
      expect(again.history, scenario.id).toEqual(run.history);
      expect(again.accidents, scenario.id).toEqual(run.accidents);
      expect(again.unstruckAccidents, scenario.id).toEqual([]);
      for (const { kind } of run.accidents) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    expect([...kinds.keys()].sort(), JSON.stringify([...kinds])).toEqual(allKinds);
  });

  test("is the same when it was written as YAML and read again", async () => {
    for (const { scenario, run } of storms) {
      const pinned = pinAccidents(scenario, run.accidents);
      const needs = [...neededAbilities(pinned, waveflowVocabulary).keys()];
      const text = stringifyScenario({ ...pinned, needs }, waveflowVocabulary);
      const parsed = parseScenario(text, { protocols: scenarioProtocols });
      if (!parsed.ok) throw new Error(`${scenario.id}: ${formatErrors(parsed.errors)}`);
      expect(parsed.scenario.accidents).toEqual(run.accidents);
      expect(parsed.scenario.trouble).toEqual(pinned.trouble);
    }
  });

  test("keeps the others where they are when one is taken away, up to where the runs part", async () => {
    let untouched = 0;
    let others = 0;
    for (const { scenario, run } of storms.slice(0, 25)) {
      const taken = run.accidents[Math.floor(run.accidents.length / 2)];
      if (taken === undefined) continue;
      const left = run.accidents.filter((accident) => accident !== taken);
      const again = await runOf(pinAccidents(scenario, left));
      const isOurs = (accident: Accident): boolean => left.includes(accident);
      expect(again.accidents.every(isOurs), accidentLine(taken)).toBe(true);
      const before = run.accidents.indexOf(taken);
      expect(again.accidents.slice(0, before)).toEqual(run.accidents.slice(0, before));
      untouched += again.accidents.length;
      others += left.length;
    }
    // Where the run goes another way, a message may never be sent; mostly it is.
    expect(untouched / others).toBeGreaterThan(0.9);
  });

  test("tells which of them never came to pass, and fails nothing", async () => {
    const { scenario, run } = storms[0]!;
    const never: Accident = { who: "laptop", what: "push", nth: 1_000_000, kind: "loseReply" };
    const again = await runOf(pinAccidents(scenario, [...run.accidents, never]));
    expect(again.unstruckAccidents).toEqual([never]);
    expect(again.digest).toBe(run.digest);
    expect(again.checks.every(({ pass }) => pass)).toBe(true);
  });

  test("suffers none of them in the calm", async () => {
    const { scenario } = storms[0]!;
    const lost = (nth: number): Accident => ({ who: "laptop", what: "pull", nth, kind: "loseReply" });
    const settled: Scenario = {
      ...scenario,
      trouble: {},
      steps: scenario.steps.slice(-1),
      accidents: Array.from({ length: 200 }, (_, index) => lost(index + 1)),
    };
    const run = await runOf(settled);
    const calmAt = run.history.events.findIndex(({ kind }) => kind === "calm");
    const faults = run.history.events.slice(calmAt).filter(({ kind }) => kind === "fault");
    expect(faults).toEqual([]);
    expect(run.unstruckAccidents.length).toBeGreaterThan(190);
  });
});

const allKinds = [
  "crash-after",
  "crash-before",
  "cutSocket",
  "delay",
  "duplicateRequest",
  "fail",
  "halfOpenSocket",
  "lateFrame",
  "lose-answer",
  "loseFrame",
  "loseReply",
  "loseRequest",
  "portal",
  "refuse",
  "refuseAfterEffect",
  "repeatFrame",
  "truncateReply",
  "zombieRequest",
];
