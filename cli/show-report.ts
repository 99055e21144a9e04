// `seatrial show-report`: what a run said at its end, said again from its results.json.
import { dirname } from "node:path";
import { Argument, Command } from "commander";
import { createTerminalReporter } from "../reports/terminal/terminal-reporter.ts";
import { addHelp } from "./help.ts";
import { readResultsFile } from "./results-files.ts";
import { tellStory } from "./storyteller.ts";

export function createShowReportCommand(): Command {
  return addHelp(new Command("show-report"), {
    summary: "print the report of a run again",
    sentence:
      "Prints what a run said at its end, from the results.json that it left: levels, failures with their stories, what was blocked. Runs nothing; the exit code says only whether there was a report.",
    examples: [
      ["seatrial show-report", "of the last run here"],
      ["seatrial show-report ci-artifact/", "of one that came from elsewhere"],
    ],
  })
    .addArgument(new Argument("[path]", "a results.json, or its folder").default("seatrial-report"))
    .action((path: string) => {
      const { file, run } = readResultsFile(path);
      createTerminalReporter({
        stream: process.stdout,
        environment: process.env,
        tell: tellStory,
        outputDir: dirname(file),
      }).onRunEnd?.(run);
    });
}
