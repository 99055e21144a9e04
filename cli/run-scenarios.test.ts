// The runner over a world that does what its scenario's title says.
import { describe, expect, it } from "vitest";
import type { RunResult } from "../invariants/result.ts";
import type { Judgement } from "../invariants/verdict.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { SetupError } from "./errors.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { runScenarios } from "./run-scenarios.ts";
import type { Observed, WorldRunner } from "./world-runner.ts";

const scenario = (title: string, more: Partial<Scenario> = {}): Scenario => ({
  id: `waveflow/example/${title.replaceAll(" ", "-")}`,
  title,
  protocol: "waveflow/1",
  requirements: [],
  needs: [],
  devices: [],
  config: {},
  deviceConfig: {},
  trouble: {},
  processes: 1,
  steps: [],
  expect: {},
  ...more,
});

const observed = (more: Partial<Observed> = {}): Observed => ({
  history: { protocol: "waveflow/1", scenario: "x", seed: "1", world: "sim", events: [] },
  checks: [],
  faults: {},
  unusedFaults: [],
  ...more,
});

const world = (more: Partial<WorldRunner> = {}): WorldRunner => ({
  world: "sim",
  abilities: new Set(["crash"]),
  workers: 1,
  run: ({ title }) => {
    if (title === "throws") return Promise.reject(new Error("a bug"));
    if (title === "no set-up") return Promise.reject(new SetupError("no database"));
    const check = { pass: title !== "fails", line: 3, text: "push", expected: "200", seen: "500" };
    return Promise.resolve(
      observed({ checks: [check], unusedFaults: title === "unused" ? ["lose reply"] : [] }),
    );
  },
  close: () => Promise.resolve(),
  ...more,
});

async function run(
  titles: readonly (string | Scenario)[],
  more: Partial<Parameters<typeof runScenarios>[0]> = {},
  runner = world(),
): Promise<RunResult> {
  const scenarios = titles.map((one) => (typeof one === "string" ? scenario(one) : one));
  return runScenarios({
    parts: [{ world: runner, scenarios }],
    judge: () => [],
    reporters: [],
    signal: new AbortController().signal,
    version: "0",
    command: "seatrial",
    ...more,
  });
}

const outcomes = ({ results }: RunResult): readonly string[] => results.map(({ outcome }) => outcome);

describe("every scenario has one result", () => {
  it("passes, fails, is blocked, or is an error of ours", async () => {
    const result = await run(["holds", "fails", "unused", scenario("far", { needs: ["clock"] }), "throws"]);
    expect(outcomes(result)).toEqual(["pass", "fail", "fail", "blocked", "error"]);
    expect(result.results[3]!.missing).toEqual(["clock"]);
    expect(result.results[4]!.error).toContain("a bug");
  });

  it("keeps the order of the list, however many workers finish in whatever order", async () => {
    const titles = Array.from({ length: 20 }, (_, index) => `n ${index}`);
    const slow = world({
      workers: 5,
      run: async ({ title }) => {
        await new Promise((resolve) => setTimeout(resolve, title.length % 3));
        return observed();
      },
    });
    expect((await run(titles, {}, slow)).results.map(({ title }) => title)).toEqual(titles);
  });

  it("skips the rest after a bail, and calls the run cut short", async () => {
    const result = await run(["fails", "holds", "holds"], { bail: 1 });
    expect(outcomes(result)).toEqual(["fail", "skipped", "skipped"]);
    expect(result.interrupted).toBe(true);
  });

  it("skips the rest after Ctrl-C", async () => {
    const controller = new AbortController();
    const reporters = [{ onScenarioEnd: () => controller.abort() }];
    const result = await run(["holds", "holds"], { signal: controller.signal, reporters });
    expect(outcomes(result)).toEqual(["pass", "skipped"]);
  });

  it("does not try a world again that cannot be brought up", async () => {
    expect(outcomes(await run(["no set-up", "holds"]))).toEqual(["error", "skipped"]);
  });

  it("takes the seed of the command line over that of the scenario over the default", async () => {
    const own = scenario("own", { seed: "seven" });
    expect((await run(["holds", own])).results.map(({ seed }) => seed)).toEqual(["1", "seven"]);
    expect((await run(["holds", own], { seed: "x y" })).results[1]!.replay).toContain("--seed 'x y'");
  });
});

describe("laws", () => {
  const violated: Judgement = {
    law: "once",
    requirements: [],
    promise: "No operation is stored twice.",
    verdict: { outcome: "violated", violations: 1, witness: { events: [], explanation: "It was." } },
  };
  const unsure: Judgement = {
    ...violated,
    verdict: { outcome: "inconclusive", reason: "nothing was pushed" },
  };

  it("fail a scenario that they see violated, which keeps its history", async () => {
    const [result] = (await run(["holds"], { judge: () => [violated] })).results;
    expect(result!.outcome).toBe("fail");
    expect(result!.history).toBeDefined();
  });
  it("do not fail one without a case, which keeps no history", async () => {
    const [result] = (await run(["holds"], { judge: () => [unsure] })).results;
    expect(result!.outcome).toBe("pass");
    expect(result!.history).toBeUndefined();
  });
  it("must be violated where the scenario says so", async () => {
    const broken = scenario("broken build", { expect: { violates: ["once"] } });
    expect(outcomes(await run([broken], { judge: () => [violated] }))).toEqual(["pass"]);
    expect(outcomes(await run([broken], { judge: () => [unsure] }))).toEqual(["fail"]);
    expect(outcomes(await run([broken]))).toEqual(["fail"]);
  });
});

describe("exit codes", () => {
  const far = scenario("far", { needs: ["clock"] });
  it.each([
    ["all holds", ["holds"], exitCodes.ok],
    ["a violation", ["holds", "fails"], exitCodes.violation],
    ["an error of ours, whatever else", ["fails", "throws"], exitCodes.broken],
    ["a world that cannot be brought up", ["no set-up"], exitCodes.broken],
    ["a scenario that no world could run", ["holds", far], exitCodes.notAssessed],
    ["nothing but blocked", [far], exitCodes.notAssessed],
    ["a violation among blocked", ["fails", far], exitCodes.violation],
  ] as const)("%s", async (_name, titles, code) => {
    expect(exitCodeOf(await run(titles))).toBe(code);
  });
  it("are 0 when another world could run what one could not", async () => {
    const able = world({ world: "live", abilities: new Set(["clock"]) });
    const parts = [world(), able].map((one) => ({ world: one, scenarios: [far] }));
    expect(exitCodeOf(await run([], { parts }))).toBe(exitCodes.ok);
  });
  it("are never 0 after nothing", async () => {
    expect(exitCodeOf(await run([]))).toBe(exitCodes.usage);
  });
});

describe("a replay", () => {
  const [now, then] = ["00c0ffee00c0ffee", "0123456789abcdef"];
  const simulated = world({ run: () => Promise.resolve(observed({ digest: now })) });
  const replay = (
    one: Scenario,
    more: Partial<Parameters<typeof runScenarios>[0]> = {},
    runner = simulated,
  ) => run([one], { parts: [{ world: runner, scenarios: [one], isReplay: true }], ...more });

  it("that is another run than the recorded one is drifted, in a code of its own", async () => {
    const result = await replay(scenario("written down", { seed: "7", digest: then, recordedWith: "0.0.9" }));
    expect(result.results[0]).toMatchObject({
      outcome: "drifted",
      drift: { digest: now, recordedDigest: then, recordedVersion: "0.0.9" },
    });
    expect(exitCodeOf(result)).toBe(exitCodes.drifted);
  });

  it("that is the same run passes", async () => {
    const result = await replay(scenario("written down", { seed: "7", digest: now }));
    expect(result.results[0]!.outcome).toBe("pass");
    expect(result.results[0]!.drift).toBeUndefined();
  });

  it("is held against nothing under another seed, or where there is no digest", async () => {
    const one = scenario("written down", { seed: "7", digest: then });
    expect((await replay(one, { seed: "8" })).results[0]!.outcome).toBe("pass");
    const live = world({ world: "live", run: () => Promise.resolve(observed()) });
    expect((await replay(one, {}, live)).results[0]!.outcome).toBe("pass");
    expect((await run([one], {}, simulated)).results[0]!.outcome).toBe("pass");
  });

  it("that fails is a failure, and says that it has drifted as well", async () => {
    const one = scenario("fails", { digest: then });
    const check = { pass: false, line: 3, text: "push", expected: "200", seen: "500" };
    const failing = world({ run: () => Promise.resolve(observed({ digest: now, checks: [check] })) });
    const result = await replay(one, {}, failing);
    expect(result.results[0]).toMatchObject({ outcome: "fail", drift: { recordedDigest: then } });
    expect(exitCodeOf(result)).toBe(exitCodes.violation);
  });
});
