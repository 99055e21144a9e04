// What chance did in the simulation is done in the real world by steps, or by the guide, or is said to be impossible.
import { describe, expect, test } from "vitest";
import { scenarioProtocols } from "../../scenarios/catalogue.ts";
import { formatErrors, parseScenario } from "../../scenarios/format/parse.ts";
import { stringifyScenario } from "../../scenarios/format/stringify.ts";
import type { Accident, Scenario, Step } from "../../scenarios/format/types.ts";
import { waveflowVocabulary } from "../../scenarios/waveflow/vocabulary.ts";
import { simulate } from "../../sim/run.ts";
import { waveflowSim } from "../../sim/waveflow/binding.ts";
import { type LivePlan, livePlanOf } from "./live-plan.ts";

function scenarioOf(text: string): Scenario {
  const head = "id: waveflow/test/case\ntitle: A case\nprotocol: waveflow/1\nrequirements: [WF-PUSH-8]\n";
  const parsed = parseScenario(head + text, { protocols: scenarioProtocols });
  if (!parsed.ok) throw new Error(formatErrors(parsed.errors));
  return parsed.scenario;
}

async function planOf(
  text: string,
): Promise<{ readonly plan: LivePlan; readonly blocked: readonly string[] }> {
  const scenario = scenarioOf(text);
  const stepTimes = new Map<Step, number>();
  const onStep = (step: Step, atMs: number): void => void stepTimes.set(step, atMs);
  const run = await simulate({ scenario, protocol: waveflowSim, seed: "1", onStep });
  return livePlanOf({ scenario, run, order: [], stepTimes }, waveflowVocabulary);
}

const withAccident = (accident: string, needs = "chance"): string => `
needs: [${needs}]
devices: [laptop]
accidents:
  - ${accident}
steps:
  - laptop: edit song/1 title=A
  - laptop: push
  - laptop: connect
  - laptop: push
  - wait: 20s
`;

describe("an accident", () => {
  test.each([
    ["laptop push: lose-reply", "network: lose reply to laptop push"],
    ["laptop push: lose-request", "network: lose request of laptop push"],
    ["laptop push: duplicate-request after 30ms", "network: duplicate laptop push after 6ms"],
    ["laptop push: zombie-request by 12s", "network: delay request of laptop push by 2500ms"],
    ["laptop push: refuse with 502", "network: answer laptop push with 502"],
    ["laptop push: portal", "network: answer laptop push with 200 html"],
  ])("of the network, %s, is the step “%s”, before all others", async (accident, line) => {
    const { plan, blocked } = await planOf(withAccident(accident));
    expect(blocked).toEqual([]);
    expect(plan.scenario.steps[0]!.source.text).toBe(line);
    expect(plan.scenario.needs).toEqual(["network"]);
    expect(plan.guide.accidents).toEqual([]);
  });

  test.each([
    ["server push insertOps: crash-after and back after 300ms"],
    ["laptop durable step: crash-before"],
  ])("at a place of its own, %s, is left to the guide", async (accident) => {
    const { plan, blocked } = await planOf(withAccident(accident));
    expect(blocked).toEqual([]);
    expect(plan.guide.accidents).toHaveLength(1);
    expect(plan.scenario.accidents).toBeUndefined();
    expect(plan.scenario.needs).not.toContain("chance");
  });

  test.each<[string, Accident["kind"]]>([
    ["laptop durable step#2: fail", "fail"],
    ["laptop frame: cut-socket", "cutSocket"],
  ])("that the real world cannot have, %s, is said", async (accident) => {
    const { blocked } = await planOf(withAccident(accident));
    expect(blocked).toHaveLength(1);
    expect(blocked[0]).toContain(accident.replace("#1", ""));
  });
});

describe("time", () => {
  const waits = ({ plan }: { readonly plan: LivePlan }): readonly string[] =>
    plan.scenario.steps.flatMap((step) =>
      step.kind === "wait" ? [`${step.forMs}`] : step.kind === "clock" ? [`+${step.advanceMs}`] : [],
    );

  test("of a plan of the search is shortened, all by the same measure", async () => {
    const found = await planOf(`
needs: [chance]
devices: [laptop]
trouble: { latencyMaxMs: 40 }
steps:
  - wait: 40s
  - wait: 10s
`);
    expect(waits(found)).toEqual(["4000", "1000"]);
  });

  test("passes on the server's clock where the server has been told times", async () => {
    const found = await planOf(`
needs: [chance, settings]
devices: [laptop]
config: { stalenessMs: 30000 }
trouble: { latencyMaxMs: 40 }
steps:
  - wait: 40s
`);
    expect(waits(found)).toEqual(["4000", "+36000"]);
    expect(found.plan.scenario.needs).toContain("clock");
  });

  test("of a scenario for both worlds is what it says", async () => {
    const found = await planOf(`
devices: [laptop]
steps:
  - wait: 40s
`);
    expect(waits(found)).toEqual(["40000"]);
  });
});

test("what a step has crashed and chance brought back is restarted before the step that found it up", async () => {
  const { plan } = await planOf(`
needs: [chance, crash]
devices: [laptop]
trouble: { restartAfterMaxMs: 300 }
accidents: []
steps:
  - laptop: edit song/1 title=A
  - server: crash
  - laptop: push
  - wait: 2s
  - laptop: push
`);
  const lines = plan.scenario.steps.map(({ source }) => source.text);
  expect(lines.filter((line) => line === "server: restart")).toHaveLength(1);
  expect(lines.indexOf("server: restart")).toBeGreaterThan(lines.indexOf("server: crash"));
  expect(() => stringifyScenario(plan.scenario, waveflowVocabulary)).not.toThrow();
});

test("who does not come to rest at the end is given time for what is under way", async () => {
  const { plan } = await planOf(`
devices: [laptop]
steps:
  - laptop: edit song/1 title=A
  - laptop: push
settle: false
`);
  expect(plan.scenario.steps.at(-1)).toMatchObject({ kind: "wait", forMs: 300 });
  expect(plan.scenario.settle).toBe(false);
});

test("a device with timers is given time for what it had called before a step, and nobody else is", async () => {
  const steps = `
steps:
  - wait: 10ms
  - laptop: edit song/1 title=A
  - laptop: edit song/1 title=B
`;
  const texts = async (devices: string): Promise<readonly string[]> =>
    (await planOf(`devices: [${devices}]${steps}`)).plan.scenario.steps.map(({ source }) => source.text);
  expect(await texts("{ laptop: { automatic: true } }")).toContain("wait: 60ms");
  expect(await texts("laptop")).not.toContain("wait: 60ms");
});
