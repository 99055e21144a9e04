// `seatrial merge`: the shards of one search as one.
import { resolve } from "node:path";
import { Argument, Command } from "commander";
import { mergeReports, searchLines, type SearchReport } from "../explore/search-report.ts";
import { searchProtocolOf } from "../explore/protocols.ts";
import { UsageError } from "./errors.ts";
import { explorationExitCode, readReport, writeReport } from "./explore-report.ts";
import { addHelp } from "./help.ts";

interface MergeFlags {
  readonly output?: string;
  readonly json?: boolean;
}

export function createMergeCommand(): Command {
  return addHelp(new Command("merge"), {
    summary: "put the shards of a search together to one verdict",
    sentence:
      "Reads the explore.json of every shard of one search and says what all of them came to, as if it had been one run.",
    examples: [["seatrial merge shard-*/explore.json", "the verdict over all shards"]],
  })
    .addArgument(new Argument("<files...>", "explore.json of each shard"))
    .option("--output <file>", "write the merged report there")
    .option("--json", "print it on standard output")
    .action((files: string[], flags: MergeFlags) => {
      const report = mergeFiles(files);
      const protocol = searchProtocolOf(report.protocol);
      if (flags.output !== undefined) writeReport(resolve(flags.output), report, protocol);
      const causes = report.findings.map(
        ({ law, explanation, count }) => `✗ ${law}, in ${count} plans: ${explanation}`,
      );
      const text = [...causes, ...searchLines(report, protocol)].join("\n");
      process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : `${text}\n`);
      process.exitCode = explorationExitCode(report, protocol);
    });
}

/** Errors: UsageError for files that are no shards of one search. */
function mergeFiles(files: readonly string[]): SearchReport {
  const reports = files.map((file) => readReport(file));
  try {
    return mergeReports(reports);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}
