// The flags that sim, live and run share, and how their values are read. Names are those of vitest and Playwright.
import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { loadCatalogue } from "../scenarios/catalogue.ts";
import { formatErrors } from "../scenarios/format/parse.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { type DatabaseFlag, databaseOption } from "./database-option.ts";
import { UsageError } from "./errors.ts";
import { protocolNamed } from "./protocols.ts";
import { type ReporterName, reporterNames } from "./reporting.ts";
import { selectScenarios, type Shard } from "./select.ts";

/** Units: milliseconds. A scenario takes milliseconds in the simulation and a second or two in the live world. */
const defaultTimeoutMs = 60_000;
const defaultWorkers = 12;
const workersMax = 64;

export interface SelectionFlags {
  readonly grep?: string;
  readonly grepInvert?: string;
  readonly protocol?: string;
}

export interface ReportFlags {
  readonly reporter: readonly ReporterName[];
  readonly json?: boolean;
  readonly outputDir: string;
}

export interface RunFlags extends SelectionFlags, ReportFlags, DatabaseFlag {
  readonly seed?: string;
  readonly bail?: number;
  readonly workers: number;
  readonly timeout: number;
  /** Where the command offers it. */
  readonly mutant?: string;
}

export function addSelectionOptions(command: Command): Command {
  return command
    .addArgument(
      new Argument("[ids...]", "scenario ids, folders of them (waveflow/push), or globs ('waveflow/**')"),
    )
    .option(
      "-g, --grep <pattern>",
      "only scenarios whose id or title matches this regular expression, or glob",
    )
    .option("--grep-invert <pattern>", "only scenarios that do not match")
    .option("--protocol <name>", "only scenarios of this protocol");
}

export function addRunOptions(
  command: Command,
  { outputDir = "seatrial-report" }: { readonly outputDir?: string } = {},
): Command {
  return addReportOptions(addSelectionOptions(command), { outputDir })
    .addOption(new Option("--seed <text>", "seed for every scenario, any text").env("SEATRIAL_SEED"))
    .addOption(
      new Option("--bail [count]", "stop after this many failures")
        .argParser((text) => wholeNumber(text, { least: 1 }))
        .preset("1"),
    )
    .addOption(
      new Option("--workers <count>", "scenarios side by side in the live world")
        .argParser((text) => wholeNumber(text, { least: 1, most: workersMax }))
        .default(defaultWorkers)
        .env("SEATRIAL_WORKERS"),
    )
    .addOption(
      new Option("--timeout <ms>", "wall time that one scenario may take in the live world")
        .argParser((text) => wholeNumber(text, { least: 1 }))
        .default(defaultTimeoutMs)
        .env("SEATRIAL_TIMEOUT"),
    )
    .addOption(databaseOption());
}

export const mutantOption = (): Option =>
  new Option("--mutant <name>", "a reference that is known to be wrong (docs/kill-matrix.md) instead");

const shardsMax = 1_000;

/** `what`: what is parted. */
export const shardOption = (what: string): Option =>
  new Option("--shard <part>", `only this part of ${what}, such as 1/4`).argParser(readShard);

export const lastFailedOption = (): Option =>
  new Option(
    "--last-failed",
    "only what failed the last time, as the results.json in the output folder says",
  );

/** Errors: InvalidArgumentError, which ends in exit code 2. */
function readShard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/u.exec(text);
  const [part, of] = match === null ? [0, 0] : [Number(match[1]), Number(match[2])];
  if (part < 1 || part > of || of > shardsMax)
    throw new InvalidArgumentError("It must be a part and how many there are, such as 1/4.");
  return { index: part - 1, of };
}

/** Flags about what is told, and where. */
export function addReportOptions(
  command: Command,
  { outputDir = "seatrial-report" }: { readonly outputDir?: string } = {},
): Command {
  return command
    .addOption(
      new Option("--reporter <names>", `comma-separated: ${reporterNames.join(", ")}; or none`)
        .argParser(readReporters)
        .default(reporterNames, reporterNames.join(","))
        .env("SEATRIAL_REPORTER"),
    )
    .option("--json", "print results.json on standard output, and everything else elsewhere")
    .addOption(
      new Option("--output-dir <folder>", "where reports go").default(outputDir).env("SEATRIAL_OUTPUT_DIR"),
    );
}

/** Parts what was given into what stands before `--` and the command behind it.
 *  Errors: UsageError for a `--` with nothing behind. */
export function splitAtDashes(
  words: readonly string[],
  command: Command,
): { readonly ids: readonly string[]; readonly server?: readonly string[] } {
  const raw = (command.parent as (Command & { readonly rawArgs: readonly string[] }) | null)?.rawArgs ?? [];
  const dashes = raw.indexOf("--");
  if (dashes < 0) return { ids: words };
  const server = raw.slice(dashes + 1);
  if (server.length === 0)
    throw new UsageError("behind -- there is nothing; expected the command of the server under test");
  return { ids: words.slice(0, words.length - server.length), server };
}

/** The scenarios that were asked for, never none.
 *  Errors: UsageError where a file is no scenario, a name matches nothing, or nothing is left. */
export function scenariosFor(ids: readonly string[], flags: SelectionFlags): readonly Scenario[] {
  const { scenarios, errors } = loadCatalogue();
  if (errors.length > 0) throw new UsageError(`some scenario files cannot be read:\n${formatErrors(errors)}`);
  return selectScenarios(scenarios, {
    ids,
    ...(flags.grep === undefined ? {} : { grep: flags.grep }),
    ...(flags.grepInvert === undefined ? {} : { grepInvert: flags.grepInvert }),
    ...(flags.protocol === undefined ? {} : { protocol: protocolNamed(flags.protocol).id }),
  });
}

/** For flags that are counts.  Errors: InvalidArgumentError, which ends in exit code 2. */
export function wholeNumber(text: string, { least, most = Number.MAX_SAFE_INTEGER }: Bounds): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    const bound = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It must be a whole number ${bound}.`);
  }
  return value;
}

interface Bounds {
  readonly least: number;
  readonly most?: number;
}

function readReporters(text: string): readonly ReporterName[] {
  if (text.trim() === "none") return [];
  const names = text.split(",").map((name) => name.trim());
  return names.map((name) => {
    const known = reporterNames.find((one) => one === name);
    if (known === undefined)
      throw new InvalidArgumentError(`Reporters are ${reporterNames.join(", ")}, or none.`);
    return known;
  });
}
