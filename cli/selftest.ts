// `seatrial selftest`: proves that the checks can bite. Every mutant of every protocol against the scenario corpus and
// against the search; the reference through the same first.
import { join } from "node:path";
import { availableParallelism } from "node:os";
import { Command, Option } from "commander";
import type { DatabaseChoice } from "../live/databases/choice.ts";
import { databaseOption } from "./database-option.ts";
import { exitCodes } from "./exit-codes.ts";
import { addHelp } from "./help.ts";
import { watchInterrupts } from "./interrupt.ts";
import { type LiveSelftestFlags, runLiveSelftest } from "./live-selftest.ts";
import { wholeNumber } from "./options.ts";
import { runSelftest, type SelftestFlags } from "./run-selftest.ts";

const defaultBases = 30;
const quickBases = 1;
const defaultPlansMax = 300;
/** The rarest mutants take a thousand. */
const quickPlansMax = 1_500;
const workersMax = 64;
const defaultTries = 3;

interface GivenFlags {
  readonly mutant?: readonly string[];
  readonly protocol?: string;
  readonly bases?: number;
  readonly seedsMax?: number;
  readonly workers: number;
  readonly quick?: boolean;
  readonly json?: boolean;
  readonly outputDir: string;
  readonly page: string;
  readonly writeDocs?: boolean;
  readonly check?: boolean;
  readonly live?: boolean;
  readonly devices?: boolean;
  readonly tries: number;
  readonly database?: DatabaseChoice;
}

export function createSelftestCommand(): Command {
  const atLeastOne = (text: string): number => wholeNumber(text, { least: 1 });
  return addHelp(new Command("selftest"), {
    summary: "prove that every law and every scenario can bite, with deliberately broken builds",
    sentence:
      "Runs the scenarios and the search against the reference, which has to pass, and against every mutant: the reference with one defect. A mutant that survives, a law or a rule that kills nothing, and a false alarm are named, and each fails the selftest.",
    examples: [
      ["seatrial selftest", "everything, on all cores; takes most of an hour on two"],
      ["seatrial selftest --mutant 'ack-*'", "some mutants"],
      ["seatrial selftest --quick", "the search from one seed only; takes minutes"],
      ["seatrial selftest --write-docs", "write docs/kill-matrix.md as well"],
      ["seatrial selftest --live", "every mutant of the server as a real process; 95 % have to be confirmed"],
    ],
  })
    .option("--mutant <globs...>", "only mutants with these names")
    .option("--protocol <name>", "only mutants of this protocol")
    .addOption(
      new Option("--bases <count>", `seeds that the search begins from (${defaultBases})`).argParser(
        atLeastOne,
      ),
    )
    .addOption(
      new Option("--seeds-max <count>", `plans until a base gives up (${defaultPlansMax})`).argParser(
        atLeastOne,
      ),
    )
    .option("--quick", `${quickBases} base of ${quickPlansMax} plans`)
    .addOption(
      new Option("--workers <count>", "worker threads")
        .argParser((text) => wholeNumber(text, { least: 1, most: workersMax }))
        .default(availableParallelism())
        .env("SEATRIAL_SELFTEST_WORKERS"),
    )
    .option("--json", "print the matrix as JSON on standard output, and everything else elsewhere")
    .addOption(
      new Option("--output-dir <folder>", "where selftest.json goes")
        .default("seatrial-report")
        .env("SEATRIAL_OUTPUT_DIR"),
    )
    .option("--page <file>", "the page about it", join("docs", "kill-matrix.md"))
    .option("--write-docs", "write the page")
    .option("--check", "fail where the page is out of date")
    .option("--live", "the mutants of the server as real processes on a real PostgreSQL instead")
    .option("--devices", "with --live: the mutants of devices as well")
    .addOption(
      new Option("--tries <count>", "with --live: runs of each scenario")
        .argParser(atLeastOne)
        .default(defaultTries),
    )
    .addOption(databaseOption())
    .action(async (given: GivenFlags) => {
      const interrupts = watchInterrupts(() => {
        process.stderr.write("ending; what was found so far follows\n");
      });
      try {
        const isSound =
          given.live === true
            ? await runLiveSelftest(liveFlagsOf(given), interrupts.signal)
            : await runSelftest(flagsOf(given), interrupts.signal);
        process.exitCode = interrupts.code() ?? (isSound ? exitCodes.ok : exitCodes.violation);
      } finally {
        interrupts.stopWatching();
      }
    });
}

function liveFlagsOf(given: GivenFlags): LiveSelftestFlags {
  const { mutant = [], protocol, devices = false, workers, tries, json = false, outputDir, database } = given;
  return {
    mutants: mutant,
    ...(protocol === undefined ? {} : { protocol }),
    devices,
    workers,
    tries,
    json,
    outputDir,
    ...(database === undefined ? {} : { database }),
  };
}

function flagsOf(given: GivenFlags): SelftestFlags {
  const { quick = false, json = false, writeDocs = false, check = false } = given;
  return {
    mutants: given.mutant ?? [],
    ...(given.protocol === undefined ? {} : { protocol: given.protocol }),
    bases: given.bases ?? (quick ? quickBases : defaultBases),
    plansMax: given.seedsMax ?? (quick ? quickPlansMax : defaultPlansMax),
    // The page tells of the full selftest; a shorter one can only hold its names against it.
    workers: given.workers,
    json,
    outputDir: given.outputDir,
    page: given.page,
    writeDocs,
    check,
  };
}
