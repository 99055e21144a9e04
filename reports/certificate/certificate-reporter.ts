// certificate.json: what a build may claim, and what it takes to hold the claim against it: how it was set up, under
// which seeds, who it was as far as that can be seen from outside, and the events that led to it. Written only where a
// level was granted in a complete run; otherwise there is none, not even one of an earlier run.
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Certification, CertifiedTarget } from "../../invariants/certification-result.ts";
import type { RunResult, ScenarioResult } from "../../invariants/result.ts";
import type { Reporter } from "../reporter.ts";
import { writeAtomically } from "../write-atomically.ts";

export const certificateFileName = "certificate.json";

export interface Certificate {
  /** Grows when a member changes its meaning or goes. */
  readonly format: "seatrial-certificate/1";
  readonly protocol: string;
  /** Granted. */
  readonly levels: readonly { readonly name: string; readonly promise: string; readonly rules: number }[];
  /** What was asked for as well and was not granted. */
  readonly notGranted: readonly { readonly name: string; readonly verdict: "refused" | "not assessed" }[];
  readonly target: CertifiedTarget & {
    /** SHA-256 over what the target says of itself and how it goes about things. */
    readonly fingerprint: string;
    readonly habits: readonly string[];
  };
  /** Rules that hold, of the levels that are granted. */
  readonly requirements: readonly string[];
  readonly checks: Certification["counts"];
  readonly configuration: Certification["configuration"];
  /** Of each scenario that was run. */
  readonly seeds: Readonly<Record<string, string>>;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly command: string;
  readonly version: string;
  readonly node: string;
  readonly events: { readonly file: string; readonly sha256: string };
}

export interface CertificateReporterOptions {
  readonly outputDir: string;
  /** Of a text as UTF-8, in hexadecimal digits. */
  readonly sha256: (text: string) => string;
  /** The events of this run, all of them: whoever writes them is told of the end before. */
  readonly events: { readonly file: string; read(): string };
}

export function createCertificateReporter(options: CertificateReporterOptions): Reporter {
  const file = join(options.outputDir, certificateFileName);
  return {
    // A run that is killed must not leave an older claim beside its own reports.
    onRunBegin: () => rmSync(file, { force: true }),
    onRunEnd(run) {
      const { certification } = run;
      if (certification === undefined || !mayBeCertified(run, certification)) return;
      const { sha256, events } = options;
      const certificate = certificateOf(run, certification, {
        sha256,
        events: { file: events.file, sha256: sha256(events.read()) },
      });
      writeAtomically(file, `${JSON.stringify(certificate, null, 2)}\n`);
    },
  };
}

/** `complete` says that nothing was left out; a run that was interrupted never is. */
const mayBeCertified = ({ interrupted }: RunResult, { complete, levels }: Certification): boolean =>
  complete && !interrupted && levels.some(({ verdict }) => verdict === "granted");

function certificateOf(
  run: RunResult,
  certification: Certification,
  { sha256, events }: { readonly sha256: (text: string) => string; readonly events: Certificate["events"] },
): Certificate {
  const { protocol, target, levels, requirements, observations } = certification;
  const granted = levels.filter(({ verdict }) => verdict === "granted");
  const names = new Set(granted.map(({ name }) => name));
  return {
    format: "seatrial-certificate/1",
    protocol,
    levels: granted.map(({ name, promise, passed }) => ({ name, promise, rules: passed })),
    notGranted: levels.flatMap(({ name, verdict }) => (verdict === "granted" ? [] : [{ name, verdict }])),
    target: { ...target, fingerprint: fingerprintOf(target, observations, sha256), habits: observations },
    requirements: requirements
      .filter((rule) => rule.verdict === "holds" && rule.levels.some((level) => names.has(level)))
      .map(({ id }) => id),
    checks: certification.counts,
    configuration: certification.configuration,
    seeds: Object.fromEntries(run.results.filter(wasRun).map(({ id, seed }) => [id, seed])),
    startedAt: run.startedAt,
    durationMs: run.durationMs,
    command: run.command,
    version: run.version,
    node: run.node,
    events,
  };
}

const wasRun = ({ outcome }: ScenarioResult): boolean => outcome !== "blocked" && outcome !== "skipped";

/** The same for the same build: no order of headers or of scenarios enters it. */
function fingerprintOf(
  { said }: CertifiedTarget,
  habits: readonly string[],
  sha256: (text: string) => string,
): string {
  const names = Object.keys(said).sort();
  const words = names.map((name) => [name, said[name]]);
  return sha256(JSON.stringify({ said: words, habits: [...new Set(habits)].sort() }));
}
