import { expect, test } from "vitest";
import type { Certification, CertificationOutcome } from "../invariants/certification-result.ts";
import type { RunResult } from "../invariants/result.ts";
import { certifyExitCode } from "./certify-exit.ts";

const codeOf = (
  outcomes: readonly CertificationOutcome[],
  rest: {
    readonly level?: Certification["levels"][number]["verdict"];
    readonly baseline?: Partial<Certification["baseline"]>;
    readonly complete?: boolean;
    readonly isStrict?: boolean;
    readonly hasError?: boolean;
  } = {},
): number => {
  const checks = outcomes.map((outcome, place) => ({ id: `s${place}::R`, outcome }));
  const unexpected = rest.baseline === undefined ? checks.filter(({ outcome }) => outcome === "fail") : [];
  const certification = {
    checks,
    levels: [{ verdict: rest.level ?? "granted" }],
    complete: rest.complete ?? true,
    baseline: {
      expected: [],
      unexpected: unexpected.map(({ id }) => id),
      fixed: [],
      expired: [],
      ...rest.baseline,
    },
  } as unknown as Certification;
  const run = { results: rest.hasError === true ? [{ outcome: "error" }] : [] } as unknown as RunResult;
  return certifyExitCode(run, certification, { isStrict: rest.isStrict ?? false });
};

test("a level that is granted ends in 0", () => {
  expect(codeOf(["pass", "pass"])).toBe(0);
});

test("a violation ends in 1, and with a baseline that expects it in 0", () => {
  expect(codeOf(["pass", "fail"], { level: "refused" })).toBe(1);
  expect(codeOf(["fail"], { level: "refused", baseline: { expected: ["s0::R"] } })).toBe(0);
});

test("an entry of the baseline that no longer fails ends in 1", () => {
  expect(codeOf(["pass"], { baseline: { fixed: ["s0::R"] } })).toBe(1);
});

test("advice ends in 0, and in 1 where it was said to count", () => {
  expect(codeOf(["advice"])).toBe(0);
  expect(codeOf(["advice"], { isStrict: true })).toBe(1);
});

test("what broke off outranks a violation", () => {
  expect(codeOf(["fail", "error"], { level: "refused" })).toBe(3);
  expect(codeOf(["pass"], { hasError: true })).toBe(3);
});

test("a level that was not fully assessed ends in 4", () => {
  expect(codeOf(["pass", "blocked"], { level: "not assessed" })).toBe(4);
});

test("a part of a level ends in 0 where all of the part could be assessed", () => {
  expect(codeOf(["pass"], { level: "not assessed", complete: false })).toBe(0);
  expect(codeOf(["pass", "blocked"], { level: "not assessed", complete: false })).toBe(4);
});
