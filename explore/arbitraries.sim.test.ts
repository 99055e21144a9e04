import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scenarioProtocols } from "../scenarios/catalogue.ts";
import { formatErrors, parseScenario } from "../scenarios/format/parse.ts";
import { stringifyScenario } from "../scenarios/format/stringify.ts";
import { waveflowVocabulary } from "../scenarios/waveflow/vocabulary.ts";
import { waveflowSim } from "../sim/waveflow/binding.ts";
import { faults, plans, steps, trouble } from "./arbitraries.ts";
import { faultKinds } from "./fault-arbitraries.ts";
import { laws } from "./laws.ts";
import { matchers } from "./matcher.ts";
import { simulate } from "./plan-run.ts";

const protocol = waveflowSim;

describe("a plan made of arbitraries", () => {
  it("is a scenario file like any other", () => {
    const property = fc.property(plans({ trouble: trouble() }), (plan) => {
      const file = stringifyScenario(plan, waveflowVocabulary);
      const parsed = parseScenario(file, { protocols: scenarioProtocols });
      expect(parsed.ok ? "" : formatErrors(parsed.errors)).toBe("");
      if (parsed.ok) expect(parsed.scenario.steps.length).toBe(plan.steps.length);
    });
    fc.assert(property, { numRuns: 100, seed: 1 });
  });

  it("prints as its file", () => {
    const [plan] = fc.sample(plans(), { numRuns: 1, seed: 1 });
    expect(fc.stringify(plan)).toContain("steps:\n  - ");
  });

  it("ends in a calm in which everybody is signed in and shares", () => {
    const deeds = ["edit", "sign-out", "local-mode", "expired-token"];
    for (const { steps: all } of fc.sample(plans({ deeds, kinds: ["partition"] }), {
      numRuns: 50,
      seed: 1,
    })) {
      expect(all.at(-1)?.kind).toBe("settle");
      const verbs = new Map<string, string[]>();
      for (const step of all) {
        if (step.kind !== "device") continue;
        verbs.set(step.device, [...(verbs.get(step.device) ?? []), step.action.verb]);
      }
      for (const done of verbs.values()) {
        if (!done.some((verb) => verb === "sign-out" || verb === "token")) continue;
        const away = Math.max(done.lastIndexOf("sign-out"), done.lastIndexOf("token"));
        expect(done.lastIndexOf("sign-in")).toBeGreaterThan(away);
      }
    }
  });

  it("makes every kind of fault happen that it may aim", async () => {
    const seen = new Set<string>();
    for (const scenario of fc.sample(plans(), { numRuns: 150, seed: 3 })) {
      for (const kind of (await simulate({ scenario, protocol })).faultCounts.keys()) seen.add(kind);
    }
    const expected = [
      "reply lost",
      "request lost",
      "request repeated",
      "reply late",
      "answered by somebody else",
    ];
    const ofProcesses = [
      "device crash",
      "server crash",
      "partition",
      "restore",
      "clone",
      "reinstall",
      "clock",
    ];
    expect([...seen]).toEqual(
      expect.arrayContaining([...expected, ...ofProcesses, "frame held", "socket cut"]),
    );
  });

  it("is made of the deeds and faults that it was asked for", () => {
    const of = fc.oneof(steps({ deeds: ["edit"] }), faults({ kinds: ["server-crash"] }));
    for (const { steps: all } of fc.sample(plans({ of, devices: ["laptop"] }), { numRuns: 20, seed: 1 })) {
      for (const { source } of all) {
        expect(source.text).toMatch(/^(laptop: edit|server: (crash|compact)|settle|wait: \d+ms)$/);
      }
    }
    expect(() => steps({ deeds: ["fly"] })).toThrow('there is no deed "fly"; expected one of edit, ');
    expect(faultKinds.length).toBeGreaterThan(15);
  });
});

describe("the matchers", () => {
  const [scenario] = fc.sample(plans(), { numRuns: 1, seed: 5 });

  it("say what kind of run they were given", async () => {
    const run = await simulate({ scenario: scenario!, protocol });
    expect(matchers.toKeepAllLaws(run)).toMatchObject({ pass: true });
    expect(matchers.toKeepAllLaws(run).message()).toContain("it kept all of them");
    expect(matchers.toConverge(run)).toMatchObject({ pass: true });
  });

  it("tell a run that does not come to rest who waits for what", async () => {
    const run = await simulate({ scenario: scenario!, protocol });
    const events = run.history.events.map((event) =>
      event.kind === "settled"
        ? { ...event, quiet: false, waiting: ["laptop: 1 edit is not pushed"] }
        : event,
    );
    const busy = matchers.toConverge({ ...run, history: { ...run.history, events } });
    expect(busy.pass).toBe(false);
    expect(busy.message()).toContain("laptop: 1 edit is not pushed");
    const unsettled = matchers.toConverge({ ...run, history: { ...run.history, events: [] } });
    expect(unsettled.message()).toContain("nobody was asked to settle");
  });

  it("hold a run to the laws that they are given", async () => {
    const run = await simulate({ scenario: scenario!, protocol });
    const broken = { ...laws.waveflow[0]!, judge: () => violated };
    const violated = {
      outcome: "violated",
      violations: 1,
      witness: { events: [0], explanation: "so." },
    } as const;
    const result = matchers.toKeepAllLaws(run, [broken as never]);
    expect(result.pass).toBe(false);
    expect(result.message()).toContain(`The law ${broken.id} is broken`);
  });
});
