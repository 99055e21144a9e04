import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, describe, expect, it } from "vitest";
import type { Certification } from "../../invariants/certification-result.ts";
import type { RunResult } from "../../invariants/result.ts";
import { certifiedRun, sampleCertification } from "../../test/sample-certification.ts";
import { blocked, sampleRun } from "../../test/sample-run.ts";
import { type Certificate, certificateFileName, createCertificateReporter } from "./certificate-reporter.ts";
import schema from "./certificate.schema.json" with { type: "json" };

const folder = mkdtempSync(join(tmpdir(), "seatrial-certificate-"));
afterAll(() => rmSync(folder, { recursive: true }));

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const file = join(folder, certificateFileName);

function certificateOf(run: RunResult): Certificate | undefined {
  const reporter = createCertificateReporter({
    outputDir: folder,
    sha256,
    events: { file: "events.ndjson", read: () => "the events\n" },
  });
  reporter.onRunBegin?.({ version: "", command: "", worlds: [] });
  reporter.onRunEnd?.(run);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Certificate) : undefined;
}

const withCertification = (changes: Partial<Certification>): RunResult => ({
  ...certifiedRun,
  certification: { ...sampleCertification, ...changes },
});

describe("certificate.json", () => {
  it("says what was granted and what was not, and nothing of a rule that does not hold", () => {
    const certificate = certificateOf(certifiedRun)!;
    expect(certificate.levels).toEqual([{ name: "core", promise: "Nothing is lost.", rules: 2 }]);
    expect(certificate.notGranted).toEqual([
      { name: "realtime", verdict: "refused" },
      { name: "compaction", verdict: "not assessed" },
    ]);
    expect(certificate.requirements).toEqual(["WF-PUSH-2"]);
  });

  it("holds what it takes to check it", () => {
    const results = [...certifiedRun.results, blocked];
    const certificate = certificateOf({ ...certifiedRun, results })!;
    expect(certificate.events).toEqual({ file: "events.ndjson", sha256: sha256("the events\n") });
    expect(certificate.seeds).toEqual(
      Object.fromEntries(certifiedRun.results.map(({ id, seed }) => [id, seed])),
    );
    expect(certificate).toMatchObject({ version: "0.1.0", configuration: { tokens: { secret: "***" } } });
  });

  it.each<[string, RunResult]>([
    ["in which nothing was granted", withCertification({ levels: sampleCertification.levels.slice(1) })],
    ["that was not complete", withCertification({ complete: false })],
    ["that was interrupted", { ...certifiedRun, interrupted: true }],
    ["that certifies nobody", sampleRun],
  ])("is not there after a run %s, not even an older one", (_what, run) => {
    writeFileSync(file, "{}");
    expect(certificateOf(run)).toBeUndefined();
  });
});

describe("the fingerprint", () => {
  const fingerprint = (changes: Partial<Certification>): string =>
    certificateOf(withCertification(changes))!.target.fingerprint;
  const { target } = sampleCertification;

  it("is the same for the same build, in whatever order it was seen", () => {
    const first = fingerprint({ observations: ["a", "b"] });
    expect(first).toMatch(/^[0-9a-f]{64}$/u);
    const said = Object.fromEntries(Object.entries(target.said).toReversed());
    expect(fingerprint({ observations: ["b", "a", "b"], target: { ...target, said } })).toBe(first);
  });

  it("is another one for a build that says or does something else", () => {
    const said = { ...target.said, server: "tiny/1.3" };
    expect(fingerprint({ target: { ...target, said } })).not.toBe(fingerprint({}));
    expect(fingerprint({ observations: ["pulls are paged"] })).not.toBe(fingerprint({}));
  });
});

it("keeps to its published schema, which bites", () => {
  const isCertificate = new Ajv2020({ strict: true, formats: { "date-time": true } }).compile(schema);
  const certificate = certificateOf(certifiedRun)!;
  expect(isCertificate(certificate), JSON.stringify(isCertificate.errors)).toBe(true);
  for (const spoiled of [
    { ...certificate, format: "seatrial-certificate/2" },
    { ...certificate, levels: [] },
    { ...certificate, events: { file: "events.ndjson", sha256: "abc" } },
    { ...certificate, target: { ...certificate.target, fingerprint: "" } },
    { ...certificate, notGranted: [{ name: "core", verdict: "granted" }] },
  ])
    expect(isCertificate(spoiled)).toBe(false);
});
