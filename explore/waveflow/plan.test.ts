import { describe, expect, it } from "vitest";
import { waveflowRequirements } from "../../protocol/waveflow/requirements.ts";
import { parseScenario } from "../../scenarios/format/parse.ts";
import { stringifyScenario } from "../../scenarios/format/stringify.ts";
import type { Scenario, Step } from "../../scenarios/format/types.ts";
import { waveflowVocabulary } from "../../scenarios/waveflow/vocabulary.ts";
import { troubleSettings } from "../../sim/world/trouble.ts";
import { waveflowPlan } from "./plan.ts";

const seeds = Array.from({ length: 500 }, (_, index) => `written-${index}`);
const protocols = [
  { vocabulary: waveflowVocabulary, requirements: waveflowRequirements.map(({ id }) => id) },
];

/** Without the lines at which steps stand: a file has other ones. */
const bare = (scenario: Scenario): unknown =>
  JSON.parse(JSON.stringify(scenario, (key, value: unknown) => (key === "source" ? undefined : value)));

const stepsOf = (steps: readonly Step[]): readonly Step[] =>
  steps.flatMap((step) => (step.kind === "together" || step.kind === "start" ? stepsOf(step.steps) : [step]));

describe("plans of WaveFlow", () => {
  it("are the same for the same seed, and others for another", () => {
    expect(waveflowPlan("4f2a91c")).toEqual(waveflowPlan("4f2a91c"));
    expect(waveflowPlan("4f2a91c").steps).not.toEqual(waveflowPlan("4f2a91d").steps);
  });

  it("are read back from their file as they were written", () => {
    for (const seed of seeds) {
      const plan = waveflowPlan(seed);
      const text = stringifyScenario(plan, waveflowVocabulary);
      const result = parseScenario(text, { protocols, trouble: troubleSettings });
      expect(result, `${seed}\n${text}`).toMatchObject({ ok: true });
      if (result.ok) {
        const { needs: read, ...rest } = bare(result.scenario) as { needs: string[] };
        const { needs: written, ...plain } = bare(plan) as { needs: string[] };
        expect(rest).toEqual(plain);
        expect(read.toSorted()).toEqual(written.toSorted());
      }
    }
  });

  it("take any text as a seed", () => {
    for (const seed of ["", " ", "refs/heads/main", "日本語", "Ünïcode/ß", "x".repeat(300)]) {
      const result = parseScenario(stringifyScenario(waveflowPlan(seed), waveflowVocabulary), { protocols });
      expect(result).toMatchObject({ ok: true, scenario: { seed } });
    }
  });

  it("end in calm", () => {
    for (const seed of seeds) expect(waveflowPlan(seed).steps.at(-1)).toMatchObject({ kind: "settle" });
  });

  it("have every kind of fault among them, each left out by many", () => {
    const plans = seeds.map((seed) => waveflowPlan(seed));
    const chances = troubleSettings.filter((name) => !name.endsWith("Ms"));
    for (const chance of chances) {
      const share = plans.filter(({ trouble }) => (trouble[chance] ?? 0) > 0).length / plans.length;
      expect(share, chance).toBeGreaterThan(0.2);
      expect(share, chance).toBeLessThan(0.6);
    }
    const verbs = new Set(
      plans.flatMap(({ steps }) =>
        stepsOf(steps).map((step) => ("action" in step ? `${step.kind} ${step.action.verb}` : step.kind)),
      ),
    );
    for (const verb of [
      "device backup",
      "device clone-from",
      "device crash",
      "device mode",
      "device offline",
      "device reinstall",
      "device restore",
      "device sign-out",
      "device skew",
      "device switch-account",
      "network answer",
      "network cut-socket",
      "network delay-frame",
      "network drop-frame",
      "network duplicate",
      "network half-open",
      "network hold-frames",
      "network lose-reply",
      "network lose-request",
      "network partition",
      "network repeat-frame",
      "server compact",
      "server crash",
      "server crash-during",
      "server fail-during",
      "server hold-during",
      "server lose-answer-during",
      "server restore",
      "server skew",
      "server stop",
      "clock",
      "request",
    ]) {
      expect([...verbs]).toContain(verb);
    }
  });
});
