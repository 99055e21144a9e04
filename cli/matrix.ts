// `seatrial matrix`: several builds side by side, rule by rule.
import { resolve } from "node:path";
import { Argument, Command } from "commander";
import { matricesOf, type MatrixBuild, matrixMarkdown } from "../certify/matrix.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import { UsageError } from "./errors.ts";
import { addHelp } from "./help.ts";
import { readResultsFile, shortName } from "./results-files.ts";

interface MatrixFlags {
  readonly json?: boolean;
  readonly output?: string;
}

export function createMatrixCommand(): Command {
  return addHelp(new Command("matrix"), {
    summary: "several certified builds side by side, as a table of rules",
    sentence:
      "Puts the certifications of several builds into one table: a column for each build, named by its folder, and a row for each level and each rule. Markdown, or JSON.",
    examples: [
      ["seatrial matrix */results.json", "as Markdown on standard output"],
      ["seatrial matrix rust/ go/ --json --output matrix.json", "as data, into a file"],
    ],
  })
    .addArgument(new Argument("<paths...>", "results.json of each build, or its folder"))
    .option("--json", "as JSON")
    .option("--output <file>", "write it there")
    .action((paths: string[], { json, output }: MatrixFlags) => {
      const matrices = matricesOf(buildsIn(paths));
      const text =
        json === true
          ? `${JSON.stringify(matrices, null, 2)}\n`
          : matrices.map((matrix) => matrixMarkdown(matrix)).join("\n");
      if (output === undefined) process.stdout.write(text);
      else writeAtomically(resolve(output), text);
    });
}

/** Errors: UsageError for a run that certifies nobody, and for two builds of one name. */
function buildsIn(paths: readonly string[]): readonly MatrixBuild[] {
  const fileByName = new Map<string, string>();
  return paths.map((path) => {
    const { file, run } = readResultsFile(path);
    if (run.certification === undefined)
      throw new UsageError(`${file} certifies nobody; expected the results of "seatrial certify"`);
    const name = shortName(file);
    const other = fileByName.get(name);
    if (other !== undefined)
      throw new UsageError(`${other} and ${file} are both called "${name}"; expected folders of other names`);
    fileByName.set(name, file);
    return { name, certification: run.certification };
  });
}
