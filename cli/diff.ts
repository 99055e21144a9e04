// `seatrial diff`: what changed from one run to another.
import { Argument, Command } from "commander";
import { type Change, type ChangeKind, type Comparison, compareRuns } from "../certify/compare-results.ts";
import { createInk, type Ink, wantsColour } from "../reports/ink.ts";
import { printable } from "../reports/wrap.ts";
import { exitCodes } from "./exit-codes.ts";
import { addHelp } from "./help.ts";
import { readResultsFile } from "./results-files.ts";

export function createDiffCommand(): Command {
  return addHelp(new Command("diff"), {
    summary: "what changed from one results.json to another",
    sentence:
      "Compares two runs check by check: what fails now and did not, what was mended, what can no longer be seen. Ends in 1 where something is worse than before, in 0 where nothing is.",
    examples: [
      ["seatrial diff main/ branch/", "two folders with a results.json each"],
      ["seatrial diff a.json b.json --json", "as data"],
    ],
  })
    .addArgument(new Argument("<before>", "a results.json, or its folder"))
    .addArgument(new Argument("<after>", "a results.json, or its folder"))
    .option("--json", "as JSON")
    .action((before: string, after: string, { json }: { readonly json?: boolean }) => {
      const comparison = compareRuns(readResultsFile(before).run, readResultsFile(after).run);
      const ink = createInk(wantsColour(process.env, process.stdout));
      const text = json === true ? JSON.stringify(comparison, null, 2) : comparisonText(comparison, ink);
      process.stdout.write(`${text}\n`);
      process.exitCode = comparison.isWorse ? exitCodes.violation : exitCodes.ok;
    });
}

const headings: Readonly<Record<ChangeKind, string>> = {
  failing: "fails now",
  broken: "ends in an error of Seatrial now",
  lost: "is no longer assessed",
  fixed: "no longer fails",
  gained: "is assessed now, and passes",
};

function comparisonText({ changes, levels, same }: Comparison, ink: Ink): string {
  const groups = [...Map.groupBy(changes, ({ kind }) => kind)];
  return [
    ...levels.map(({ name, before, after }) => {
      const colour = before === "granted" ? ink.red : after === "granted" ? ink.green : ink.yellow;
      return colour(`level ${printable(name)}: ${before} → ${after}`);
    }),
    ...(levels.length === 0 ? [] : [""]),
    ...groups.flatMap(([kind, members]) => [
      ink.bold(`${headings[kind]}: ${members.length}`),
      ...members.flatMap((change) => changeLines(change, ink)),
      "",
    ]),
    changes.length === 0 ? `nothing changed; ${same} are the same` : `${same} are the same`,
  ].join("\n");
}

function changeLines({ id, kind, before, after, why, replay }: Change, ink: Ink): readonly string[] {
  const isGood = kind === "fixed" || kind === "gained";
  const mark = isGood ? ink.green("✓") : kind === "lost" ? ink.yellow("○") : ink.red("✗");
  return [
    `  ${mark} ${printable(id)}  ${ink.dim(`${before ?? "not there"} → ${after ?? "not there"}`)}`,
    ...(why === undefined || isGood ? [] : [`      ${printable(why)}`]),
    ...(replay === undefined ? [] : [`      again: ${ink.cyan(printable(replay))}`]),
  ];
}
