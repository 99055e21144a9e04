// The shrinker on the reference, with laws that are made up: what each needs is known, so the smallest plan is too.
import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../invariants/history.ts";
import type { Law } from "../../invariants/verdict.ts";
import type { WaveflowEvent } from "../../invariants/waveflow/events.ts";
import { stringifyScenario } from "../../scenarios/format/stringify.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import { waveflowVocabulary } from "../../scenarios/waveflow/vocabulary.ts";
import { waveflowSim } from "../../sim/waveflow/binding.ts";
import { stormScenario } from "../storm.ts";
import { type Build, tryPlan, type Trial } from "../trial.ts";
import { planLines } from "./plan-lines.ts";
import { elementsOf, flatSteps } from "./plan-size.ts";
import { shrink } from "./shrink.ts";

/** Broken by the first events that match one after the other. */
function lawOfSequence(id: string, ...matches: readonly ((event: WaveflowEvent) => boolean)[]): Law {
  return {
    id,
    requirements: [],
    promise: "This never happens.",
    judge({ events }) {
      const witness: number[] = [];
      for (const [index, event] of events.entries()) {
        const match = matches[witness.length];
        if (match?.(event as WaveflowEvent) === true) witness.push(index);
      }
      return witness.length < matches.length
        ? { outcome: "inconclusive", reason: "it never happened" }
        : { outcome: "violated", witness: { events: witness, explanation: "It happened." }, violations: 1 };
    },
  };
}

const edits = (actor: string) => (event: HistoryEvent) =>
  event.actor === actor && event.kind === "noted" && (event.note as { kind: string }).kind === "edited";
const removes = (actor: string) => (event: WaveflowEvent) =>
  edits(actor)(event) &&
  event.kind === "noted" &&
  event.note.kind === "edited" &&
  event.note.op.op === "delete";
const pulls = (actor: string) => (event: WaveflowEvent) =>
  event.actor === actor && event.kind === "invoked" && event.request.kind === "pull";
const faulty = (fault: string) => (event: WaveflowEvent) => event.kind === "fault" && event.fault === fault;

const buildWith = (...laws: readonly Law[]): Build => ({ sim: waveflowSim, laws });

const found = new Map<string, Promise<Trial>>();

/** The first storm in which the law is broken; looked for once. */
function failingStorm(build: Build): Promise<Trial> {
  const key = build.laws.map(({ id }) => id).join();
  const trial = found.get(key) ?? lookForStorm(build);
  found.set(key, trial);
  return trial;
}

async function lookForStorm(build: Build): Promise<Trial> {
  for (let number = 0; number < 40; number++) {
    const trial = await tryPlan(build, stormScenario(`shrink-${number}`), { seed: `shrink-${number}` });
    if (trial.violations.length > 0) return trial;
  }
  throw new Error("no storm breaks the law");
}

const options = { vocabulary: waveflowVocabulary };

const stepsOf = (scenario: Scenario): readonly string[] =>
  planLines(scenario, waveflowVocabulary).filter((line) => !line.startsWith("devices:"));

describe("the smallest plan", () => {
  test("is one edit where one edit breaks the law", async () => {
    const build = buildWith(lawOfSequence("no-edit", edits("phone")));
    const { scenario, after, isComplete } = await shrink(build, await failingStorm(build), options);
    expect(stepsOf(scenario)).toEqual(["phone: edit song/1 title=A"]);
    expect(after).toMatchObject({ devices: 1, steps: 1, accidents: 0 });
    expect(isComplete).toBe(true);
    expect(scenario).toMatchObject({
      seed: "1",
      trouble: {},
      config: {},
      deviceConfig: {},
      processes: 1,
      settle: false,
    });
  });

  test("keeps two devices and the order of their steps where the law needs both", async () => {
    const build = buildWith(lawOfSequence("no-pull-after-delete", removes("laptop"), pulls("phone")));
    const { scenario } = await shrink(build, await failingStorm(build), options);
    const steps = stepsOf(scenario).filter((line) => line !== "settle");
    expect(steps[0]).toBe("laptop: delete song/1");
    expect(scenario.devices.map(({ name }) => name).toSorted()).toEqual(["laptop", "phone"]);
    expect(scenario.devices.every(({ automatic }) => !automatic)).toBe(true);
    expect(steps.length).toBeLessThanOrEqual(2);
  });

  test("names the accident that chance has made, as a step and without odds", async () => {
    const build = buildWith(lawOfSequence("no-lost-reply", faulty("reply lost"), edits("watch")));
    const { scenario } = await shrink(build, await failingStorm(build), options);
    expect(scenario.trouble).toEqual({});
    expect(scenario.accidents).toBeUndefined();
    const lost = flatSteps(scenario.steps).filter((step) => step.kind === "network");
    expect(lost.map((step) => step.kind === "network" && step.action.verb)).toEqual(["lose-reply"]);
  });

  test("breaks the law that it began with, whatever else it could break", async () => {
    const small = lawOfSequence("no-edit", edits("phone"));
    const large = lawOfSequence("no-delete", removes("laptop"));
    const build = buildWith(small, large);
    const trial = await failingStorm(buildWith(large));
    const { law, trial: last } = await shrink(
      build,
      await tryPlan(build, trial.scenario, { seed: trial.seed }),
      {
        ...options,
        law: "no-delete",
      },
    );
    expect(law).toBe("no-delete");
    expect(last.violations.map((judgement) => judgement.law)).toEqual(["no-delete"]);
  });
});

describe("shrinking", () => {
  test("that is stopped hands out a plan that still fails, and is not called complete", async () => {
    const build = buildWith(lawOfSequence("no-pull-after-delete", removes("laptop"), pulls("phone")));
    const trial = await failingStorm(build);
    for (const stopAfter of [0, 20]) {
      const controller = new AbortController();
      const shrunk = await shrink(build, trial, {
        ...options,
        signal: controller.signal,
        onProgress: ({ tried }) => (tried >= stopAfter ? controller.abort() : undefined),
      });
      expect(shrunk.isComplete).toBe(false);
      expect(shrunk.tried).toBeLessThanOrEqual(Math.max(1, stopAfter));
      const again = await tryPlan(build, shrunk.scenario, { seed: shrunk.scenario.seed! });
      expect(again.violations.map(({ law }) => law)).toEqual(["no-pull-after-delete"]);
    }
  });

  test("tells how far it has come, and never grows", async () => {
    const build = buildWith(lawOfSequence("no-pull-after-delete", removes("laptop"), pulls("phone")));
    const sizes: number[] = [];
    const { before, after } = await shrink(build, await failingStorm(build), {
      ...options,
      onProgress: ({ now }) => {
        sizes.push(elementsOf(now));
      },
    });
    expect(elementsOf(after)).toBeLessThan(elementsOf(before) / 10);
    expect(sizes.at(-1)!).toBeLessThanOrEqual(sizes[0]!);
  });

  test("gives the same plan every time", async () => {
    const build = buildWith(lawOfSequence("no-lost-reply", faulty("reply lost"), edits("watch")));
    const trial = await failingStorm(build);
    const texts = [];
    for (let round = 0; round < 2; round++) {
      const { scenario } = await shrink(build, trial, options);
      texts.push(stringifyScenario(scenario, waveflowVocabulary));
    }
    expect(texts[1]).toBe(texts[0]);
  });

  test("of a plan that breaks nothing is an error", async () => {
    const trial = await tryPlan(buildWith(), stormScenario("shrink-0"), { seed: "shrink-0" });
    await expect(shrink(buildWith(), trial)).rejects.toThrow(/nothing to shrink/u);
  });
});
