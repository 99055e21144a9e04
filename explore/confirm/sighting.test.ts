// Two sightings agree in what both show, and in nothing else.
import { expect, test } from "vitest";
import type { CheckResult } from "../../scenarios/format/interpreter.ts";
import { isEmpty, seenInBoth, type Sighting, sightingOf, sightingOfError, sightingText } from "./sighting.ts";

const sighting = (laws: readonly string[], expectations: readonly string[] = []): Sighting => ({
  laws,
  expectations,
  unstruck: [],
});

const check = (more: Partial<CheckResult>): CheckResult => ({
  scenario: "waveflow/test/case",
  line: 7,
  step: "phone: pull",
  about: "reply",
  requirements: [],
  pass: false,
  expected: "status 410",
  seen: "status 200",
  ...more,
});

const history = { protocol: "waveflow/1", scenario: "", seed: "1", world: "sim", events: [] };
const sightingOfChecks = (checks: readonly CheckResult[], unusedFaults: readonly string[] = []): Sighting =>
  sightingOf({ history, checks, unusedFaults }, { laws: [] });

test("one law or one expectation in common is enough; another one in each is nothing", () => {
  expect(seenInBoth(sighting(["once", "order"]), sighting(["order"])).laws).toEqual(["order"]);
  expect(isEmpty(seenInBoth(sighting(["once"]), sighting(["order"])))).toBe(true);
  expect(isEmpty(seenInBoth(sighting([], ["line 7: x"]), sighting([], ["line 7: x"])))).toBe(false);
});

test("an expectation is told by its line and step, whatever was seen instead", () => {
  const one = sightingOfChecks([check({ seen: "status 200" })]);
  const other = sightingOfChecks([check({ seen: "status 503" }), check({ line: 9 })]);
  expect(seenInBoth(one, other).expectations).toEqual(["line 7: phone: pull"]);
});

test("what passes is not seen, and faults that never struck prove nothing", () => {
  const one = sightingOfChecks([check({ pass: true }), check({ about: "fault" })], ["lose reply"]);
  expect(isEmpty(one)).toBe(true);
  expect(isEmpty(seenInBoth(one, one))).toBe(true);
  expect(sightingText(one)).toBe('"lose reply" never strikes');
});

test("a server that cannot be read is the same in both worlds, an error of ours is none", () => {
  const unreadable = Object.assign(new Error("the log cannot be read"), { code: "account_unreadable" });
  const simulated = sightingOfError(unreadable)!;
  const real = sightingOfChecks([check({ expected: "the server can be worked with", step: "settle" })]);
  expect(isEmpty(seenInBoth(simulated, real))).toBe(false);
  expect(sightingOfError(new Error("a bug"))).toBeUndefined();
});
