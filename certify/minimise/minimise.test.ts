import { describe, expect, test } from "vitest";
import type { History } from "../../invariants/history.ts";
import type { Law } from "../../invariants/verdict.ts";
import { waveflowRequirements } from "../../protocol/waveflow/requirements.ts";
import { scenarioProtocols } from "../../scenarios/catalogue.ts";
import type { CheckResult } from "../../scenarios/format/interpreter.ts";
import { formatErrors, parseScenario } from "../../scenarios/format/parse.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import { waveflowVocabulary } from "../../scenarios/waveflow/vocabulary.ts";
import type { TargetRun } from "./failure.ts";
import { minimiseOnTarget, type MinimiseOptions } from "./minimise.ts";
import { withQuickFaults } from "./quick-faults.ts";

function scenarioOf(text: string): Scenario {
  const head = "id: waveflow/test/case\ntitle: A case\nprotocol: waveflow/1\nrequirements: [WF-PUSH-10]\n";
  const result = parseScenario(head + text, { protocols: scenarioProtocols });
  if (!result.ok) throw new Error(formatErrors(result.errors));
  return result.scenario;
}

/** A run on a target that does nothing but remember which steps there were. */
function remember(scenario: Scenario, checks: readonly CheckResult[] = []): TargetRun {
  const history: History = {
    protocol: scenario.protocol,
    scenario: scenario.id,
    seed: "1",
    world: "live",
    events: scenario.steps.map((step, at) => ({ kind: "noted", at, actor: "world", note: step.source.text })),
  };
  return { history, checks, unusedFaults: [] };
}

/** Broken where steps with all of these words come in this order. */
const breaksOn = (...words: readonly string[]): Law => ({
  id: "fake",
  requirements: ["WF-PUSH-10"],
  promise: "nothing is as the test wants it",
  judge({ events }) {
    let next = 0;
    const seen: number[] = [];
    for (const [index, event] of events.entries()) {
      if (event.kind !== "noted" || !String(event.note).includes(words[next] ?? "\0")) continue;
      seen.push(index);
      next++;
    }
    return next < words.length
      ? { outcome: "holds", cases: 1 }
      : { outcome: "violated", violations: 1, witness: { events: seen, explanation: "all words came" } };
  },
});

const long = scenarioOf(`
devices: [laptop, phone, tablet]
steps:
  - laptop: edit song/1 title=A
  - phone: edit song/2 title=B
  - laptop: push
  - sync: [phone, tablet]
  - tablet: pull
  - phone: push
  - laptop: pull
  - tablet: sync
`);

function options(more: Partial<MinimiseOptions<TargetRun>> = {}): MinimiseOptions<TargetRun> {
  return {
    scenario: long,
    seed: "1",
    protocol: {
      vocabulary: waveflowVocabulary,
      requirements: waveflowRequirements,
      laws: [breaksOn("laptop: push", "phone: push")],
      storytelling: { describe: ({ kind }) => kind, subjects: () => [] },
    },
    run: (scenario) => Promise.resolve(remember(scenario)),
    budget: { attempts: 500, ms: 5_000 },
    ...more,
  };
}

const linesOf = ({ steps }: Scenario): readonly string[] => steps.map(({ source }) => source.text);

describe("a failing scenario", () => {
  test("becomes the steps that it fails by, as a file that reads back", async () => {
    const trace = (await minimiseOnTarget(options()))!;
    expect(linesOf(trace.scenario)).toEqual(["laptop: push", "phone: push"]);
    expect(trace.scenario.devices.map(({ name }) => name)).toEqual(["laptop", "phone"]);
    expect(trace.file).toContain("- phone: push");
    expect(trace).toMatchObject({ deterministic: true, traces: [], explanation: "all words came" });
    expect(trace.stoppedBy).toBeUndefined();
    expect(trace.after.steps).toBe(2);
    expect(trace.story).toHaveLength(2);
  });

  test("is nothing to make smaller where nothing fails", async () => {
    const protocol = { ...options().protocol, laws: [breaksOn("reinstall")] };
    expect(await minimiseOnTarget(options({ protocol }))).toBeUndefined();
  });

  test("that takes long is given as much time as that again, and more", async () => {
    const run = async (scenario: Scenario): Promise<TargetRun> => {
      await new Promise((resolve) => setTimeout(resolve, scenario === long ? 1_700 : 1));
      return remember(scenario);
    };
    const trace = (await minimiseOnTarget(options({ run })))!;
    expect(linesOf(trace.scenario)).toEqual(["laptop: push", "phone: push"]);
  });

  test("never slips to another failure", async () => {
    const laws = [breaksOn("laptop: push", "phone: push"), { ...breaksOn("tablet: pull"), id: "other" }];
    const protocol = { ...options().protocol, laws };
    const about = { law: "other" };
    const trace = (await minimiseOnTarget(options({ protocol, about })))!;
    expect(linesOf(trace.scenario)).toEqual(["tablet: pull"]);
  });

  test("costs no more runs than it may, and hands back what there is by then", async () => {
    let runs = 0;
    const run = (scenario: Scenario): Promise<TargetRun> => {
      runs++;
      return Promise.resolve(remember(scenario));
    };
    const trace = (await minimiseOnTarget(options({ run, budget: { attempts: 3, ms: 5_000 } })))!;
    expect(trace.stoppedBy).toBe("attempts");
    expect(linesOf(trace.scenario)).toContain("laptop: push");
    // The scenario, once more, three candidates, and the file that is handed out.
    expect(runs).toBeLessThanOrEqual(6);
  });

  test("is handed back as far as it came when somebody has had enough", async () => {
    const controller = new AbortController();
    let runs = 0;
    const run = (scenario: Scenario): Promise<TargetRun> => {
      if (++runs === 6) controller.abort();
      return Promise.resolve(remember(scenario));
    };
    const trace = (await minimiseOnTarget(options({ run, signal: controller.signal })))!;
    expect(trace.stoppedBy).toBe("interruption");
    expect(linesOf(trace.scenario)).toEqual(expect.arrayContaining(["laptop: push", "phone: push"]));
  });

  test("that does not fail every time is tried twice, and both runs are kept", async () => {
    const counts = new Map<string, number>();
    let runs = 0;
    const run = (scenario: Scenario): Promise<TargetRun> => {
      const content = linesOf(scenario).join();
      const nth = (counts.get(content) ?? 0) + 1;
      counts.set(content, nth);
      // Every plan fails at its second run only; of the first of all it is the other way round.
      const isFailing = ++runs === 1 || (nth === 2 && runs > 2);
      return Promise.resolve(remember(isFailing ? scenario : { ...scenario, steps: [] }));
    };
    const trace = (await minimiseOnTarget(options({ run, width: 1 })))!;
    expect(trace.deterministic).toBe(false);
    expect(trace.traces).toHaveLength(2);
    expect(linesOf(trace.scenario)).toEqual(["laptop: push", "phone: push"]);
  });

  test("keeps what a right server would not pass out of the target's sight", async () => {
    const asked: string[] = [];
    const run = (scenario: Scenario): Promise<TargetRun> => {
      asked.push(linesOf(scenario).join());
      return Promise.resolve(remember(scenario));
    };
    const isSensible = (scenario: Scenario): boolean => linesOf(scenario).includes("tablet: pull");
    const oracle = (scenario: Scenario): Promise<boolean> => Promise.resolve(isSensible(scenario));
    const trace = (await minimiseOnTarget(options({ run, oracle })))!;
    expect(linesOf(trace.scenario)).toEqual(["laptop: push", "tablet: pull", "phone: push"]);
    expect(asked.every((lines) => lines.includes("tablet: pull"))).toBe(true);
  });
});

describe("a failed expectation", () => {
  const expecting = scenarioOf(`
devices: [laptop, phone]
steps:
  - laptop: edit song/1 title=A
  - phone: pull
    expect: { status: 200 }
  - laptop: push
    expect: { status: 409 }
  - phone: sync
expect: { converged: true }
`);

  /** The push is answered 200, whatever came before it. */
  const run = (scenario: Scenario): Promise<TargetRun> => {
    const checks = scenario.steps.flatMap((step, at): CheckResult[] => {
      if (step.kind !== "device" || step.expect === undefined || step.action.verb !== "push") return [];
      const { line, text } = step.source;
      const about = { scenario: scenario.id, requirements: ["WF-PUSH-5"], about: "reply" as const };
      const seen = "outcome ok, status 200, body {}";
      return [{ ...about, line, at, step: text, pass: false, expected: "status 409", seen }];
    });
    return Promise.resolve(remember(scenario, checks));
  };

  test("keeps its step and its words, and everything else goes", async () => {
    const protocol = { ...options().protocol, laws: [] };
    const trace = (await minimiseOnTarget(options({ scenario: expecting, protocol, run })))!;
    expect(trace.scenario.steps).toHaveLength(1);
    expect(trace.scenario.steps[0]).toMatchObject({ device: "laptop", expect: { status: 409 } });
    expect(trace.scenario.expect).toEqual({});
    expect(trace.explanation).toMatch(/laptop: push.*expected status 409, saw outcome ok, status 200/su);
    expect(trace.requirements).toEqual(["WF-PUSH-5"]);
  });
});

test("a lost message becomes a broken connection, which nobody waits for", () => {
  const scenario = scenarioOf(`
needs: [network]
devices: [laptop]
steps:
  - network: lose reply to laptop push
  - network: lose request of laptop pull
  - laptop: push
`);
  const verbs = withQuickFaults(scenario)!.steps.flatMap((step) =>
    step.kind === "network" ? [step.action.verb] : [],
  );
  expect(verbs).toEqual(["reset-reply", "reset-request"]);
  expect(withQuickFaults(long)).toBeUndefined();
});
