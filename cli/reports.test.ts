// The commands over reports as their callers meet them: files in, text and exit code out.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { waveflowProfile } from "../certify/waveflow/profile.ts";
import { verdictsOf } from "../certify/certification.ts";
import type { CertificationCheck, CertificationOutcome } from "../invariants/certification-result.ts";
import type { RunResult } from "../invariants/result.ts";
import { resultsDocument } from "../reports/json/json-reporter.ts";
import { certifiedRun, sampleCertification } from "../test/sample-certification.ts";
import { passed, sampleRun } from "../test/sample-run.ts";
import { UsageError } from "./errors.ts";
import { createProgram } from "./program.ts";

beforeAll(() => {
  vi.stubEnv("GITHUB_STEP_SUMMARY", "");
  vi.stubEnv("NO_COLOR", "1");
});

const folder = mkdtempSync(join(tmpdir(), "seatrial-reports-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command in this process: what it prints, and the exit code that it leaves. */
async function seatrial(
  ...words: readonly string[]
): Promise<{ readonly code: unknown; readonly out: string }> {
  let out = "";
  const print = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += String(text);
    return true;
  });
  process.exitCode = undefined;
  try {
    await createProgram().parseAsync(words, { from: "user" });
    return { code: process.exitCode ?? 0, out };
  } finally {
    print.mockRestore();
    process.exitCode = undefined;
  }
}

function written(name: string, run: RunResult): string {
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, "results.json"), JSON.stringify(resultsDocument(run, () => [])));
  return join(folder, name);
}

/** One part of two, with one check. */
function shard(index: number, outcome: CertificationOutcome): RunResult {
  const scenario = `waveflow/push/part-${index}`;
  const requirement = `WF-PUSH-${index}`;
  const check: CertificationCheck = {
    id: `${scenario}::${requirement}`,
    scenario,
    requirement,
    level: "core",
    outcome,
  };
  const why = outcome === "fail" ? { why: "it did not hold" } : {};
  return {
    ...sampleRun,
    interrupted: false,
    results: [{ ...passed, id: scenario, world: "live", outcome: outcome === "pass" ? "pass" : "fail" }],
    certification: {
      ...sampleCertification,
      ...verdictsOf([{ ...check, ...why }], { profile: waveflowProfile, asked: ["core"], complete: false }),
      shard: { index, of: 2, complete: true },
      baseline: {
        expected: [],
        unexpected: outcome === "fail" ? [check.id] : [],
        fixed: [],
        expired: [],
      },
    },
  };
}

const [good, bad] = [shard(1, "pass"), shard(1, "fail")];
const other = written("other", shard(2, "pass"));

describe("merge-reports", () => {
  it("grants together, with a certificate that stands on the events beside it", async () => {
    const outputDir = join(folder, "whole");
    const { code, out } = await seatrial(
      "merge-reports",
      written("good", good),
      other,
      "--output-dir",
      outputDir,
    );
    expect(out).toContain("granted");
    expect(code).toBe(0);
    const certificate = JSON.parse(readFileSync(join(outputDir, "certificate.json"), "utf8")) as {
      levels: { name: string }[];
    };
    expect(certificate.levels.map(({ name }) => name)).toEqual(["core"]);
    const events = readFileSync(join(outputDir, "events.ndjson"), "utf8").trimEnd().split("\n");
    expect(events).toHaveLength(4);
  });

  it("refuses together, and leaves no certificate", async () => {
    const outputDir = join(folder, "refused");
    const { code } = await seatrial("merge-reports", written("bad", bad), other, "--output-dir", outputDir);
    expect(code).toBe(1);
    expect(existsSync(join(outputDir, "certificate.json"))).toBe(false);
    expect(JSON.parse(readFileSync(join(outputDir, "badge.json"), "utf8"))).toMatchObject({ color: "red" });
  });

  it("ends in 4 where a part is missing, and is bad usage where the parts do not fit", async () => {
    const part = written("alone", good);
    expect((await seatrial("merge-reports", part, "--output-dir", join(folder, "half"))).code).toBe(4);
    const version = written("version", { ...bad, version: "9.9.9" });
    const refused = seatrial("merge", other, version);
    await expect(refused).rejects.toBeInstanceOf(UsageError);
    await expect(refused).rejects.toThrow("expected parts of one version of Seatrial; saw 0.1.0 in");
  });
});

describe("diff", () => {
  it("ends in 1 where something is worse, and in 0 where something is better", async () => {
    const [before, after] = [written("before", good), written("after", bad)];
    const worse = await seatrial("diff", before, after);
    expect(worse.out).toContain(
      "fails now: 1\n  ✗ waveflow/push/part-1::WF-PUSH-1  pass → fail\n      it did not hold",
    );
    expect(worse.code).toBe(1);
    const better = await seatrial("diff", after, join(before, "results.json"), "--json");
    expect(JSON.parse(better.out)).toMatchObject({ changes: [{ kind: "fixed" }], isWorse: false });
    expect(better.code).toBe(0);
  });
});

describe("show-report", () => {
  it("says again what the run said, and runs nothing", async () => {
    const { code, out } = await seatrial("show-report", written("shown", certifiedRun));
    expect(out).toContain("core");
    expect(out).toContain("WF-WS-1");
    expect(code).toBe(0);
  });

  it("is bad usage where there is no report", async () => {
    const refused = seatrial("show-report", join(folder, "nowhere"));
    await expect(refused).rejects.toBeInstanceOf(UsageError);
  });
});

describe("matrix", () => {
  it("has a column for each build, named by its folder", async () => {
    const builds = [written("rust", certifiedRun), written("go", bad)];
    const { code, out } = await seatrial("matrix", ...builds);
    expect(out).toContain("| level | rust | go (not complete) |");
    expect(code).toBe(0);
  });

  it("refuses a run that certifies nobody", async () => {
    await expect(seatrial("matrix", written("plain", sampleRun))).rejects.toThrow("certifies nobody");
  });
});
