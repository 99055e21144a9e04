import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { LevelVerdict } from "../../invariants/certification-result.ts";
import { certifiedRun, sampleCertification } from "../../test/sample-certification.ts";
import { sampleRun } from "../../test/sample-run.ts";
import { badgeFileName, badgeOf, createBadgeReporter } from "./badge-reporter.ts";

const folder = mkdtempSync(join(tmpdir(), "seatrial-badge-"));
afterAll(() => rmSync(folder, { recursive: true }));

const badge = (...verdicts: readonly LevelVerdict[]): ReturnType<typeof badgeOf> => {
  const levels = sampleCertification.levels
    .slice(0, verdicts.length)
    .map((level, place) => ({ ...level, verdict: verdicts[place]! }));
  return badgeOf({ protocol: "waveflow/1", levels });
};

describe("badge.json", () => {
  it.each([
    [["granted", "granted"], { message: "core, realtime", color: "brightgreen" }],
    [["granted", "not assessed"], { message: "core", color: "green" }],
    [["granted", "refused"], { message: "refused: realtime", color: "red", isError: true }],
    [["not assessed"], { message: "not assessed", color: "lightgrey" }],
    [[], { message: "not assessed", color: "lightgrey" }],
  ] as const)("of levels that are %j", (verdicts, shown) =>
    expect(badge(...verdicts)).toEqual({ schemaVersion: 1, label: "waveflow/1", ...shown }),
  );

  it("belongs to the last run: one that certifies nothing takes it away", () => {
    const reporter = createBadgeReporter({ outputDir: folder });
    const file = join(folder, badgeFileName);
    reporter.onRunEnd?.(certifiedRun);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ label: "waveflow/1", color: "red" });
    reporter.onRunEnd?.(sampleRun);
    expect(existsSync(file)).toBe(false);
  });
});
