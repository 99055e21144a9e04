// Which reporters a command line means, made.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createBadgeReporter } from "../reports/badge/badge-reporter.ts";
import { createCertificateReporter } from "../reports/certificate/certificate-reporter.ts";
import { createCtrfReporter } from "../reports/ctrf/ctrf-reporter.ts";
import { createEventsReporter, eventsFileName } from "../reports/events/events-reporter.ts";
import { createJsonReporter } from "../reports/json/json-reporter.ts";
import { createJunitReporter } from "../reports/junit/junit-reporter.ts";
import type { Reporter } from "../reports/reporter.ts";
import { type ReporterName, reporterNames } from "../reports/reporter-names.ts";
import { createSummaryReporter } from "../reports/summary/summary-reporter.ts";
import { createTerminalReporter } from "../reports/terminal/terminal-reporter.ts";
import { tellStory } from "./storyteller.ts";

export { type ReporterName, reporterNames };

export interface ReportingFlags {
  readonly reporter: readonly ReporterName[];
  readonly json?: boolean;
  readonly outputDir: string;
}

/** With `--json` the document goes to standard output and people read standard error. Where events are written there is
 *  a certificate as well, if the run has one: it stands on them, and is told of the end after them. */
export function createReporters({ reporter, json = false, outputDir }: ReportingFlags): readonly Reporter[] {
  const folder = resolve(outputDir);
  const asked = new Set<ReporterName>(json ? [...reporter, "json"] : reporter);
  const named = reporterNames
    .filter((name) => asked.has(name))
    .map((name) => createReporter(name, { folder, outputDir, json }));
  return asked.has("events") ? [...named, certificateFrom(folder)] : named;
}

function createReporter(
  name: ReporterName,
  {
    folder,
    outputDir,
    json,
  }: { readonly folder: string; readonly outputDir: string; readonly json: boolean },
): Reporter {
  const files = { outputDir: folder, tell: tellStory };
  switch (name) {
    case "terminal":
      return createTerminalReporter({
        stream: json ? process.stderr : process.stdout,
        environment: process.env,
        tell: tellStory,
        outputDir,
      });
    case "json":
      return createJsonReporter({
        ...files,
        ...(json ? { print: (text: string) => process.stdout.write(text) } : {}),
      });
    case "junit":
      return createJunitReporter(files);
    case "events":
      return createEventsReporter({ outputDir: folder });
    case "ctrf":
      return createCtrfReporter(files);
    case "summary":
      return createSummaryReporter({
        ...files,
        environment: process.env,
        warn: (text) => process.stderr.write(`warning: ${text}\n`),
      });
    case "badge":
      return createBadgeReporter({ outputDir: folder });
  }
}

const certificateFrom = (folder: string): Reporter =>
  createCertificateReporter({
    outputDir: folder,
    sha256: (text) => createHash("sha256").update(text).digest("hex"),
    events: { file: eventsFileName, read: () => readFileSync(join(folder, eventsFileName), "utf8") },
  });

/** Ctrl-C was heard. */
export function interruptReporters(reporters: readonly Reporter[]): void {
  for (const reporter of reporters) reporter.onInterrupt?.();
}
