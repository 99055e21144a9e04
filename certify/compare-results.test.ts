import { describe, expect, it } from "vitest";
import type {
  Certification,
  CertificationCheck,
  CertificationOutcome,
} from "../invariants/certification-result.ts";
import type { RunResult, ScenarioOutcome } from "../invariants/result.ts";
import { sampleCertification } from "../test/sample-certification.ts";
import { passed, sampleRun } from "../test/sample-run.ts";
import { compareRuns } from "./compare-results.ts";

type Outcomes<Word> = Readonly<Record<string, Word>>;

const certified = (
  outcomes: Outcomes<CertificationOutcome>,
  changes: Partial<Certification> = {},
): RunResult => {
  const checks = Object.entries(outcomes).map(
    ([id, outcome]): CertificationCheck => ({
      id: `${id}::T-1`,
      scenario: id,
      requirement: "T-1",
      level: "low",
      outcome,
      why: `because of ${outcome}`,
      replay: "seatrial certify",
    }),
  );
  return { ...sampleRun, results: [], certification: { ...sampleCertification, ...changes, checks } };
};

const ran = (outcomes: Outcomes<ScenarioOutcome>): RunResult => ({
  ...sampleRun,
  results: Object.entries(outcomes).map(([id, outcome]) => ({ ...passed, id, outcome })),
});

const kinds = (before: RunResult, after: RunResult): readonly string[] =>
  compareRuns(before, after).changes.map(({ id, kind }) => `${kind} ${id}`);

describe("two certifications differ by their checks", () => {
  it("worst first", () => {
    const before = certified({
      a: "fail",
      b: "pass",
      c: "pass",
      d: "blocked",
      e: "pass",
      f: "pass",
      g: "fail",
    });
    const after = certified({
      a: "pass",
      b: "fail",
      c: "blocked",
      d: "pass",
      e: "error",
      g: "fail",
      h: "fail",
    });
    expect(kinds(before, after)).toEqual([
      "failing b::T-1",
      "failing h::T-1",
      "broken e::T-1",
      "lost c::T-1",
      "lost f::T-1",
      "fixed a::T-1",
      "gained d::T-1",
    ]);
    expect(compareRuns(before, after).same).toBe(1);
  });

  it("says why, and how to see it again, of what is not as it should be", () => {
    const { changes } = compareRuns(certified({ a: "pass", b: "fail" }), certified({ a: "fail", b: "pass" }));
    expect(changes).toEqual([
      {
        id: "a::T-1",
        kind: "failing",
        before: "pass",
        after: "fail",
        why: "because of fail",
        replay: "seatrial certify",
      },
      { id: "b::T-1", kind: "fixed", before: "fail", after: "pass", why: "because of pass" },
    ]);
  });

  it.each<[string, Outcomes<CertificationOutcome>, Outcomes<CertificationOutcome>, boolean]>([
    ["nothing", { a: "pass" }, { a: "pass" }, false],
    ["something mended", { a: "fail" }, { a: "pass" }, false],
    ["something failing as before", { a: "fail" }, { a: "fail" }, false],
    ["advice that is no longer followed", { a: "pass" }, { a: "advice" }, false],
    ["something blocked in another way", { a: "blocked" }, { a: "skipped" }, false],
    ["something new that fails", {}, { a: "fail" }, true],
    ["something that cannot be seen any more", { a: "pass" }, { a: "blocked" }, true],
    ["a failure that cannot be seen any more", { a: "fail" }, { a: "skipped" }, true],
    ["something that is gone", { a: "pass" }, {}, true],
    ["an error of ours", { a: "blocked" }, { a: "error" }, true],
  ])("and is worse or not by %s", (_what, before, after, isWorse) => {
    expect(compareRuns(certified(before), certified(after)).isWorse).toBe(isWorse);
  });

  it("and by the levels that were granted", () => {
    const [core, ...others] = sampleCertification.levels;
    const refused = { levels: [{ ...core!, verdict: "refused" as const }, ...others] };
    const worse = compareRuns(certified({}), certified({}, refused));
    expect(worse.levels).toEqual([{ name: "core", before: "granted", after: "refused" }]);
    expect(worse.isWorse).toBe(true);
    expect(compareRuns(certified({}, refused), certified({})).isWorse).toBe(false);
  });
});

it("runs that certify nobody, or one that does and one that does not, differ by their scenarios", () => {
  const before = ran({ a: "pass", b: "fail", c: "pass" });
  const after = { ...ran({ a: "fail", b: "pass", c: "drifted" }), certification: sampleCertification };
  expect(kinds(before, after)).toEqual(["failing a (sim)", "failing c (sim)", "fixed b (sim)"]);
});
