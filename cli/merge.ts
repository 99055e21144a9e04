// `seatrial merge-reports`: the parts of one run, or the shards of one search, as one. Which of the two it is, the files
// say by their format.
import { cpSync, existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Argument, Command } from "commander";
import { CannotMerge, mergeRuns, missingParts, type RunPart } from "../certify/merge-results.ts";
import { mergeReports, searchLines, type SearchReport } from "../explore/search-report.ts";
import { searchProtocolOf } from "../explore/protocols.ts";
import type { RunResult } from "../invariants/result.ts";
import { resultsFileName } from "../reports/json/json-reporter.ts";
import type { Reporter } from "../reports/reporter.ts";
import { createTerminalReporter } from "../reports/terminal/terminal-reporter.ts";
import { certifyExitCode } from "./certify-exit.ts";
import { UsageError } from "./errors.ts";
import { type ExitCode, exitCodeOf, exitCodes } from "./exit-codes.ts";
import { explorationExitCode, readReport, writeReport } from "./explore-report.ts";
import { addHelp } from "./help.ts";
import { addReportOptions, type ReportFlags } from "./options.ts";
import { protocolOf } from "./protocols.ts";
import { createReporters } from "./reporting.ts";
import { readResultsFile } from "./results-files.ts";
import { readTextFile } from "./scenario-file.ts";
import { tellStory } from "./storyteller.ts";

interface MergeFlags extends ReportFlags {
  /** Of searches. */
  readonly output?: string;
  readonly strict?: true;
}

const searchFileName = "explore.json";

export function createMergeCommand(): Command {
  const command = addHelp(new Command("merge-reports").alias("merge"), {
    summary: "put the shards of a run or of a search together to one verdict",
    sentence:
      "Reads the results.json of every part of one run, or the explore.json of every shard of one search, and says what all of them came to, as if it had been one run. Parts of different versions, protocols or targets are refused.",
    examples: [
      ["seatrial merge-reports shard-*/", "the reports of the whole, into seatrial-report"],
      ["seatrial merge-reports shard-*/explore.json", "the verdict over all shards of a search"],
    ],
  }).addArgument(new Argument("<paths...>", "results.json or explore.json of each part, or its folder"));
  return addReportOptions(command)
    .option("--output <file>", "of a search: write the merged report there")
    .option("--strict", "of a certification: advice that is not followed fails as well")
    .action((paths: string[], flags: MergeFlags) => {
      const files = paths.map(reportIn);
      const isOfSearch = files.map(isSearchReport);
      if (new Set(isOfSearch).size > 1)
        throw new UsageError("some of these are of a search and some of a run; expected reports of one kind");
      process.exitCode = isOfSearch[0] === true ? mergeSearches(files, flags) : mergeRunsOf(files, flags);
    });
}

/** The report that a path means: itself, or the one in the folder that it is.  Errors: UsageError. */
function reportIn(path: string): string {
  const candidates = [resultsFileName, searchFileName].map((name) => join(path, name));
  const found = candidates.filter((file) => existsSync(file));
  if (found.length > 1)
    throw new UsageError(`${path} has both a run and a search; name ${candidates.join(" or ")}`);
  return found[0] ?? path;
}

/** By its format; a file of none is read as a run, whose reader says what it lacks. */
function isSearchReport(file: string): boolean {
  return /^\s*\{\s*"format"\s*:\s*"seatrial-explore\//u.test(readTextFile(file));
}

/** Reports as if the whole had been run here.  Errors: UsageError. */
function mergeRunsOf(files: readonly string[], flags: MergeFlags): ExitCode {
  const parts = files.map(readResultsFile);
  const run = mergedRun(parts);
  const { reporter, outputDir, json } = flags;
  const written = createReporters({ ...flags, reporter: reporter.filter((name) => name !== "terminal") });
  for (const one of written) replayTo(one, run);
  if (reporter.includes("terminal")) {
    const stream = json === true ? process.stderr : process.stdout;
    // A line for each scenario was printed where it was run.
    createTerminalReporter({ stream, environment: process.env, tell: tellStory, outputDir }).onRunEnd?.(run);
  }
  copyTraces(files, resolve(outputDir));
  const code =
    run.certification === undefined
      ? exitCodeOf(run)
      : certifyExitCode(run, run.certification, { isStrict: flags.strict === true });
  const missing = missingParts(parts);
  if (missing.length === 0) return code;
  process.stderr.write(`not there: ${missing.length === 1 ? "part" : "parts"} ${missing.join(", ")}\n`);
  return code === exitCodes.ok ? exitCodes.notAssessed : code;
}

/** Errors: UsageError for files that are no parts of one run. */
function mergedRun(parts: readonly RunPart[]): RunResult {
  try {
    return mergeRuns(parts, (protocol) => protocolOf(protocol).profile);
  } catch (error) {
    if (error instanceof CannotMerge) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** Tells a reporter of a run from its beginning to its end. */
function replayTo(reporter: Reporter, run: RunResult): void {
  const byWorld = Map.groupBy(run.results, ({ world }) => world);
  reporter.onRunBegin?.({
    version: run.version,
    command: run.command,
    worlds: [...byWorld].map(([world, { length }]) => ({ world, scenarios: length })),
  });
  for (const result of run.results) reporter.onScenarioEnd?.(result);
  reporter.onRunEnd?.(run);
}

/** What failed has a trace beside the report of its part. */
function copyTraces(files: readonly string[], outputDir: string): void {
  for (const file of files) {
    const traces = join(dirname(file), "traces");
    const target = join(outputDir, "traces");
    if (existsSync(traces) && resolve(traces) !== target) cpSync(traces, target, { recursive: true });
  }
}

function mergeSearches(files: readonly string[], flags: MergeFlags): ExitCode {
  const report = mergedSearch(files);
  const protocol = searchProtocolOf(report.protocol);
  if (flags.output !== undefined) writeReport(resolve(flags.output), report, protocol);
  const causes = report.findings.map(
    ({ law, explanation, count }) => `✗ ${law}, in ${count} plans: ${explanation}`,
  );
  const text = [...causes, ...searchLines(report, protocol)].join("\n");
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : `${text}\n`);
  return explorationExitCode(report, protocol);
}

/** Errors: UsageError for files that are no shards of one search. */
function mergedSearch(files: readonly string[]): SearchReport {
  const reports = files.map((file) => readReport(file));
  try {
    return mergeReports(reports);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}
