// Which reporters a command line means, made.
import { resolve } from "node:path";
import { createJsonReporter } from "../reports/json/json-reporter.ts";
import { createJunitReporter } from "../reports/junit/junit-reporter.ts";
import type { Reporter } from "../reports/reporter.ts";
import { createTerminalReporter } from "../reports/terminal/terminal-reporter.ts";
import { tellStory } from "./storyteller.ts";

export const reporterNames = ["terminal", "json", "junit"] as const;
export type ReporterName = (typeof reporterNames)[number];

export interface ReportingFlags {
  readonly reporter: readonly ReporterName[];
  readonly json?: boolean;
  readonly outputDir: string;
}

/** With `--json` the document goes to standard output and people read standard error. */
export function createReporters({ reporter, json = false, outputDir }: ReportingFlags): readonly Reporter[] {
  const folder = resolve(outputDir);
  const names = new Set<ReporterName>(json ? [...reporter, "json"] : reporter);
  return [...names].map((name) => {
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
          outputDir: folder,
          tell: tellStory,
          ...(json ? { print: (text: string) => process.stdout.write(text) } : {}),
        });
      case "junit":
        return createJunitReporter({ outputDir: folder, tell: tellStory });
    }
  });
}

/** Ctrl-C was heard. */
export function interruptReporters(reporters: readonly Reporter[]): void {
  for (const reporter of reporters) reporter.onInterrupt?.();
}
