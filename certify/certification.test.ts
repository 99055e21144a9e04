import { describe, expect, test } from "vitest";
import type { ScenarioResult } from "../invariants/result.ts";
import type { Judgement } from "../invariants/verdict.ts";
import { type CertificationInput, certify } from "./certification.ts";
import type { CertificationProfile } from "./levels.ts";

const rule = (id: string, kind: "S" | "A" = "S", subject: "server" | "device" = "server") => ({
  id,
  kind,
  subject,
  section: "1. Rules",
  summary: `${id} is kept.`,
});

const profile: CertificationProfile = {
  protocol: "toy/1",
  requirements: [rule("T-1"), rule("T-2"), rule("T-3", "A"), rule("T-DEV", "S", "device")],
  levels: [
    { name: "low", promise: "Little.", needs: "an address" },
    { name: "high", promise: "Much.", needs: "a hook" },
  ],
  features: {},
  levelOfAbility: () => undefined,
  levelOfSteps: () => undefined,
};

const result = (
  id: string,
  requirements: readonly string[],
  rest: Partial<ScenarioResult> = {},
): ScenarioResult => ({
  id,
  title: id,
  protocol: "toy/1",
  requirements,
  world: "live",
  seed: "1",
  outcome: "pass",
  checks: [],
  judgements: [],
  durationMs: 1,
  faults: {},
  unusedFaults: [],
  missing: [],
  replay: `seatrial live ${id}`,
  ...rest,
});

const violated = (law: string, requirements: readonly string[], event: number): Judgement => ({
  law,
  requirements,
  promise: "It holds.",
  verdict: { outcome: "violated", violations: 1, witness: { events: [event], explanation: `${law} broke.` } },
});

const history = {
  protocol: "toy/1",
  scenario: "x",
  seed: "1",
  world: "live" as const,
  events: [10, 20, 30].map((at) => ({ at, actor: "a", kind: "calm" as const })),
};

const certified = (results: readonly ScenarioResult[], rest: Partial<CertificationInput> = {}) =>
  certify({
    run: {
      version: "1",
      startedAt: "2030-01-01T00:00:00.000Z",
      durationMs: 1,
      command: "",
      node: "",
      interrupted: false,
      results,
    },
    profile,
    asked: ["low", "high"],
    levelOf: (id) => (id.startsWith("high") ? "high" : "low"),
    unsupported: new Set(),
    isProbe: (id) => id.includes("/probe/"),
    target: { title: "toy", kind: "url", said: {} },
    configuration: {},
    isWhole: true,
    observations: [],
    baseline: { known: [], today: "2030-01-01" },
    ...rest,
  });

const verdicts = (of: ReturnType<typeof certified>) =>
  Object.fromEntries(of.levels.map(({ name, verdict }) => [name, verdict]));
const outcomes = (of: ReturnType<typeof certified>) =>
  Object.fromEntries(of.checks.map(({ id, outcome }) => [id, outcome]));

test("levels are granted where every check of them passed", () => {
  const done = certified([result("low/a", ["T-1", "T-DEV"]), result("high/b", ["T-2"])]);
  expect(verdicts(done)).toEqual({ low: "granted", high: "granted" });
  expect(outcomes(done)).toEqual({ "low/a::T-1": "pass", "high/b::T-2": "pass" });
});

test("a blocked scenario leaves its level open and no other, and its hook is named", () => {
  const missing = ["the compact hook"];
  const done = certified([
    result("low/a", ["T-1"]),
    result("high/b", ["T-2"], { outcome: "blocked", missing }),
  ]);
  expect(verdicts(done)).toEqual({ low: "granted", high: "not assessed" });
  expect(done.levels[1]!.why).toEqual(["needs the compact hook"]);
  expect(done.locked).toEqual([{ hook: "the compact hook", checks: 1 }]);
});

test("nothing is granted by a run that left something out", () => {
  const one = [result("low/a", ["T-1"]), result("high/b", ["T-2"])];
  expect(verdicts(certified(one, { isWhole: false }))).toEqual({ low: "not assessed", high: "not assessed" });
  const skipped = [one[0]!, result("high/b", ["T-2"], { outcome: "skipped" })];
  expect(verdicts(certified(skipped))).toEqual({ low: "not assessed", high: "not assessed" });
  expect(verdicts(certified([one[0]!]))).toEqual({ low: "granted", high: "not assessed" });
});

describe("blame", () => {
  test("falls on the first violation alone", () => {
    const judgements = [violated("late", ["T-2"], 2), violated("early", ["T-1", "T-DEV"], 0)];
    const done = certified([result("low/a", ["T-1", "T-2"], { outcome: "fail", judgements, history })]);
    expect(outcomes(done)).toEqual({ "low/a::T-1": "fail", "low/a::T-2": "skipped" });
    expect(done.checks[0]!.why).toMatch(/^early broke\./);
    expect(verdicts(done).low).toBe("refused");
  });

  test("falls on a check where it came before every law", () => {
    const check = {
      pass: false,
      line: 3,
      text: "pull",
      expected: "410",
      seen: "200",
      at: 5,
      requirements: ["T-2"],
    };
    const failed = {
      outcome: "fail" as const,
      checks: [check],
      judgements: [violated("law", ["T-1"], 0)],
      history,
    };
    const done = certified([result("low/a", ["T-1", "T-2"], failed)]);
    expect(outcomes(done)).toEqual({ "low/a::T-2": "fail", "low/a::T-1": "skipped" });
  });

  test("falls on what the violation itself names, also beside the scenario's own rules", () => {
    const [first] = [violated("law", ["T-1", "T-2"], 0)];
    const verdict = first!.verdict as Extract<Judgement["verdict"], { outcome: "violated" }>;
    const precise = {
      ...first!,
      verdict: { ...verdict, witness: { ...verdict.witness, requirements: ["T-2"] } },
    };
    const done = certified([result("low/a", ["T-1"], { outcome: "fail", judgements: [precise], history })]);
    expect(outcomes(done)).toEqual({ "low/a::T-2": "fail", "low/a::T-1": "skipped" });
  });
});

test("a rule that is broken for certain explains wider suspicions", () => {
  const wide = { outcome: "fail" as const, judgements: [violated("wide", ["T-1", "T-2"], 0)], history };
  const narrow = { outcome: "fail" as const, judgements: [violated("narrow", ["T-2"], 0)], history };
  const done = certified([result("low/a", ["T-1", "T-2"], wide), result("low/b", ["T-2"], narrow)]);
  expect(outcomes(done)).toEqual({ "low/a::T-1": "skipped", "low/a::T-2": "fail", "low/b::T-2": "fail" });
});

test("what a line asks of the device alone accuses no server", () => {
  const line = {
    pass: false,
    line: 1,
    text: "state",
    expected: "a",
    seen: "b",
    at: 1,
    requirements: ["T-DEV"],
  };
  const done = certified([result("low/a", ["T-1", "T-DEV"], { outcome: "fail", checks: [line] })]);
  expect(outcomes(done)).toEqual({ "low/a::T-1": "skipped" });
  expect(verdicts(done).low).toBe("not assessed");
});

test("a probe is blamed for each of its findings, and for nothing else", () => {
  const finding = (id: string) => ({
    pass: false,
    line: 0,
    text: id,
    expected: "400",
    seen: "500",
    requirements: [id],
  });
  const checks = [finding("T-1"), finding("T-2")];
  const done = certified([result("low/probe/a", ["T-1", "T-2", "T-3"], { outcome: "fail", checks })]);
  expect(outcomes(done)).toEqual({
    "low/probe/a::T-1": "fail",
    "low/probe/a::T-2": "fail",
    "low/probe/a::T-3": "pass",
  });
});

test("a process that died by itself blames no rule, and nothing is granted", () => {
  const died = { pass: false, line: 0, text: "at any time", expected: "-", seen: "server ended by itself" };
  const checks = [{ ...died, isOfProcess: true as const }];
  const judgements = [violated("law", ["T-1"], 0)];
  const done = certified([result("low/a", ["T-1"], { outcome: "fail", checks, judgements, history })]);
  expect(done.checks).toMatchObject([{ outcome: "error", why: "server ended by itself" }]);
  expect(verdicts(done).low).toBe("not assessed");
});

test("a place that the target does not have leaves its rule to the other checks of it", () => {
  const blocked = { outcome: "blocked" as const, missing: ["a place"], isInapplicable: true as const };
  const without = [result("low/a", ["T-1"]), result("low/b", ["T-1"], blocked)];
  expect(verdicts(certified(without)).low).toBe("granted");
  expect(verdicts(certified([...without, result("low/c", ["T-2"], blocked)])).low).toBe("not assessed");
});

test("advice fails nothing", () => {
  const advice = { ...violated("needless", ["T-3"], 0), isAdvice: true as const };
  const done = certified([result("low/a", ["T-1", "T-3"], { judgements: [advice] })]);
  expect(outcomes(done)).toEqual({ "low/a::T-1": "pass", "low/a::T-3": "advice" });
  expect(verdicts(done).low).toBe("granted");
});

describe("a baseline", () => {
  const failing = [
    result("low/a", ["T-1"], { outcome: "fail", judgements: [violated("law", ["T-1"], 0)], history }),
  ];
  const known = [{ id: "low/a::T-1", reason: "being mended" }];

  test("excuses what it names, and the level is refused all the same", () => {
    const done = certified(failing, { baseline: { known, today: "2030-01-01" } });
    expect(done.baseline).toMatchObject({ expected: ["low/a::T-1"], unexpected: [], fixed: [] });
    expect(verdicts(done).low).toBe("refused");
  });

  test("excuses nothing after its day", () => {
    const over = [{ ...known[0]!, expires: "2029-12-31" }];
    const done = certified(failing, { baseline: { known: over, today: "2030-01-01" } });
    expect(done.baseline).toMatchObject({
      expected: [],
      unexpected: ["low/a::T-1"],
      expired: ["low/a::T-1"],
    });
  });

  test("is told of what no longer fails", () => {
    const done = certified([result("low/a", ["T-1"])], { baseline: { known, today: "2030-01-01" } });
    expect(done.baseline.fixed).toEqual(["low/a::T-1"]);
  });
});

test("a part of a run grants nothing, and says whether it was all of that part", () => {
  const results = [result("low/a", ["T-1"])];
  const done = certified(results, { shard: { index: 1, of: 2 } });
  expect(done.complete).toBe(false);
  expect(done.shard).toEqual({ index: 1, of: 2, complete: true });
  expect(verdicts(done)["low"]).toBe("not assessed");
  expect(certified(results, { shard: { index: 1, of: 2 }, isWhole: false }).shard?.complete).toBe(false);
  expect(certified(results)).not.toHaveProperty("shard");
});
