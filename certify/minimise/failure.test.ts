import { expect, test } from "vitest";
import type { CheckResult } from "../../scenarios/format/interpreter.ts";
import type { Law } from "../../invariants/verdict.ts";
import { evidenceOf, failureOf, showsFailure, type TargetRun } from "./failure.ts";

const check = (more: Partial<CheckResult>): CheckResult => ({
  scenario: "waveflow/test/case",
  line: 7,
  at: 100,
  step: "laptop: push",
  about: "reply",
  requirements: ["WF-PUSH-5"],
  pass: false,
  expected: "status 409",
  seen: 'outcome ok, status 200, body {"head":3}',
  ...more,
});

const runOf = (checks: readonly CheckResult[], eventsAt: readonly number[] = []): TargetRun => ({
  checks,
  unusedFaults: [],
  history: {
    protocol: "waveflow/1",
    scenario: "waveflow/test/case",
    seed: "1",
    world: "live",
    events: eventsAt.map((at) => ({ kind: "calm", at, actor: "world" })),
  },
});

/** Violated by whatever is last. */
const law: Law = {
  id: "last",
  requirements: [],
  promise: "nothing is last",
  judge: ({ events }) =>
    events.length === 0
      ? { outcome: "inconclusive", reason: "nothing happened" }
      : {
          outcome: "violated",
          violations: 1,
          witness: { events: [events.length - 1], explanation: `it was 4711 on ${events.length} devices` },
        },
};

test("what went wrong first is the failure, and a law before a check of the same moment", () => {
  expect(failureOf(runOf([check({})], [50, 200]), [law])).toMatchObject({ kind: "check", line: 7 });
  expect(failureOf(runOf([check({})], [50, 100]), [law])).toMatchObject({ kind: "law", law: "last" });
  expect(failureOf(runOf([check({})], [50]), [law], { line: 7 })).toMatchObject({ kind: "check" });
  expect(failureOf(runOf([check({ pass: true }), check({ about: "fault" })]), [law])).toBeUndefined();
});

test("a failure is the same in a run with other ids, numbers and bodies", () => {
  const failure = failureOf(runOf([check({})]), [])!;
  const again = runOf([check({ at: 9, seen: 'outcome ok, status 200, body {"head":4711,"more":1}' })]);
  expect(showsFailure(again, failure, [])).toBe(true);
  const broken = failureOf(runOf([], [1]), [law])!;
  expect(showsFailure(runOf([], [1, 2, 3]), broken, [law])).toBe(true);
});

test("another answer, another step or another expectation is another failure", () => {
  const failure = failureOf(runOf([check({})]), [])!;
  for (const other of [
    { seen: "outcome unknown" },
    { seen: "outcome refused, status 500" },
    { line: 8 },
    { expected: "type lamport_regression" },
  ])
    expect(showsFailure(runOf([check(other)]), failure, [])).toBe(false);
});

test("the evidence is the judgement or the check that was meant", () => {
  const failure = failureOf(runOf([check({})]), [])!;
  expect(evidenceOf(runOf([check({ line: 3 }), check({})]), failure, [])).toEqual({ check: check({}) });
  const broken = failureOf(runOf([], [1]), [law])!;
  expect(evidenceOf(runOf([], [1]), broken, [law])).toMatchObject({ judgement: { law: "last" } });
});
