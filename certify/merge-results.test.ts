import { describe, expect, it } from "vitest";
import type { Certification, CertificationCheck } from "../invariants/certification-result.ts";
import type { RunResult, ScenarioResult } from "../invariants/result.ts";
import { sampleCertification } from "../test/sample-certification.ts";
import { passed, sampleRun } from "../test/sample-run.ts";
import { verdictsOf } from "./certification.ts";
import type { CertificationProfile } from "./levels.ts";
import { CannotMerge, mergeRuns, missingParts, type RunPart } from "./merge-results.ts";
import { waveflowProfile } from "./waveflow/profile.ts";

const profile: CertificationProfile = {
  ...waveflowProfile,
  protocol: "test/1",
  requirements: ["T-1", "T-2"].map((id) => ({ id, kind: "S", subject: "server", section: "1", summary: id })),
  levels: [{ name: "low", promise: "It holds.", needs: "nothing" }],
};

const check = (rule: string, changes: Partial<CertificationCheck> = {}): CertificationCheck => ({
  id: `low/${rule}::${rule}`,
  scenario: `low/${rule}`,
  requirement: rule,
  level: "low",
  outcome: "pass",
  ...changes,
});

const result = (id: string): ScenarioResult => ({ ...passed, id, protocol: "test/1", world: "live" });

function part(
  file: string,
  check: CertificationCheck,
  { run = {}, certification = {} }: { run?: Partial<RunResult>; certification?: Partial<Certification> } = {},
): RunPart {
  const index = Number(/\d+/u.exec(file)?.[0] ?? 1);
  return {
    file,
    run: {
      ...sampleRun,
      interrupted: false,
      results: [result(check.scenario)],
      certification: {
        ...sampleCertification,
        protocol: "test/1",
        ...verdictsOf([check], { profile, asked: ["low"], complete: false }),
        shard: { index, of: 2, complete: true },
        baseline: { expected: [], unexpected: [], fixed: [], expired: [] },
        ...certification,
      },
      ...run,
    },
  };
}

const merge = (...parts: readonly RunPart[]): RunResult => mergeRuns(parts, () => profile);
const one = part("shard-1", check("T-1"));
const two = part("shard-2", check("T-2"));

describe("the parts of a run", () => {
  it("are granted together what none of them could be granted alone", () => {
    expect(one.run.certification!.levels[0]!.verdict).toBe("not assessed");
    const { certification, results } = merge(two, one);
    expect(certification).toMatchObject({
      complete: true,
      levels: [{ name: "low", verdict: "granted", passed: 2 }],
      counts: { pass: 2 },
    });
    expect(certification).not.toHaveProperty("shard");
    expect(results.map(({ id }) => id)).toEqual(["low/T-2", "low/T-1"]);
  });

  it("are refused together what one of them is refused", () => {
    const failing = part("shard-2", check("T-2", { outcome: "fail", why: "no" }), {
      certification: { baseline: { expected: [], unexpected: ["low/T-2::T-2"], fixed: [], expired: [] } },
    });
    const { certification } = merge(one, failing);
    expect(certification).toMatchObject({
      levels: [{ verdict: "refused" }],
      baseline: { unexpected: ["low/T-2::T-2"] },
    });
  });

  it.each<[string, readonly RunPart[]]>([
    ["a part is missing", [one]],
    [
      "a part left something out",
      [
        one,
        part("shard-2", check("T-2"), { certification: { shard: { index: 2, of: 2, complete: false } } }),
      ],
    ],
  ])("are not granted anything where %s", (_what, parts) => {
    const { certification } = merge(...parts);
    expect(certification!.complete).toBe(false);
    expect(certification!.levels[0]!.verdict).toBe("not assessed");
  });

  it("are missed by their numbers", () => {
    const third = part("shard-3", check("T-2"), {
      certification: { shard: { index: 3, of: 4, complete: true } },
    });
    expect(missingParts([third])).toEqual([1, 2, 4]);
    expect(missingParts([one, two])).toEqual([]);
    expect(missingParts([{ file: "plain", run: sampleRun }])).toEqual([]);
  });

  it("last from the first that began to the last that ended, and are interrupted where one was", () => {
    const late = part("shard-2", check("T-2"), {
      run: { startedAt: "2026-01-02T03:04:10.678Z", durationMs: 1_000, interrupted: true },
    });
    expect(merge(late, one)).toMatchObject({
      startedAt: "2026-01-02T03:04:05.678Z",
      durationMs: 6_000,
      interrupted: true,
    });
  });

  it("may be of runs that certify nobody", () => {
    const plain = (file: string, id: string): RunPart => ({
      file,
      run: { ...sampleRun, results: [result(id)] },
    });
    const merged = merge(plain("a", "low/a"), plain("b", "low/b"));
    expect(merged.results).toHaveLength(2);
    expect(merged.certification).toBeUndefined();
  });
});

describe("refused is", () => {
  const { target } = one.run.certification!;
  it.each<[string, readonly RunPart[], string]>([
    ["nothing", [], "saw none"],
    [
      "another version",
      [one, part("shard-2", check("T-2"), { run: { version: "0.2.0" } })],
      "expected parts of one version of Seatrial; saw 0.1.0 in shard-1 and 0.2.0 in shard-2",
    ],
    [
      "another protocol",
      [one, part("shard-2", check("T-2"), { certification: { protocol: "other/1" } })],
      "of one protocol; saw test/1 in shard-1 and other/1 in shard-2",
    ],
    [
      "another target",
      [one, part("shard-2", check("T-2"), { certification: { target: { ...target, title: "x" } } })],
      "of one target",
    ],
    [
      "another build behind the same address",
      [
        one,
        part("shard-2", check("T-2"), { certification: { target: { ...target, said: { server: "v2" } } } }),
      ],
      "saw tiny/1.2 in shard-1 and v2 in shard-2",
    ],
    [
      "a run that certifies nobody beside one that does",
      [one, { file: "x", run: sampleRun }],
      "with a certification",
    ],
    [
      "other levels",
      [one, part("shard-2", check("T-2"), { certification: { levels: [] } })],
      "for the same levels",
    ],
    [
      "another number of parts",
      [one, part("shard-2", check("T-2"), { certification: { shard: { index: 2, of: 3, complete: true } } })],
      "of one number of parts; saw 2 in shard-1 and 3 in shard-2",
    ],
    [
      "a part that comes twice",
      [one, { ...part("shard-1", check("T-2")), file: "again" }],
      "part 1 stands in shard-1 and in again",
    ],
    [
      "a scenario that comes twice",
      [one, part("shard-2", check("T-1"))],
      "low/T-1 (live) stands in shard-1 and in shard-2",
    ],
  ])("%s", (_what, parts, message) => {
    expect(() => merge(...parts)).toThrow(CannotMerge);
    expect(() => merge(...parts)).toThrow(message);
  });
});
