// `seatrial explore`: finds what nobody wrote a scenario for.
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import { durationToMs } from "../scenarios/format/duration.ts";
import { runExhaustive } from "./exhaustive.ts";
import { runExploration } from "./exploration.ts";
import { runRelations } from "./relations.ts";
import { UsageError } from "./errors.ts";
import { addHelp } from "./help.ts";
import { addReportOptions, type ReportFlags, shardOption, wholeNumber } from "./options.ts";
import type { Shard } from "./select.ts";

export interface ExploreFlags extends ReportFlags {
  readonly seeds?: number;
  /** Units: milliseconds. */
  readonly for?: number;
  readonly seed?: string;
  readonly workers: number;
  readonly shard?: Shard;
  readonly uniform?: boolean;
  readonly bail: number;
  readonly mutant?: string;
  readonly protocol: string;
  readonly relations?: boolean;
  readonly exhaustive?: boolean;
  readonly scope?: string;
  readonly runsMax?: number;
  readonly walk?: number;
  readonly choices?: string;
}

const workersMax = 64;

export function createExploreCommand(): Command {
  return addHelp(addReportOptions(new Command("explore")), {
    summary: "search: plans from seeds, steered by what they reach; what fails is shrunk and told",
    sentence:
      "Makes up plans, runs them in the simulation and asks the laws. Plans that reach something new are varied. What breaks a law is shrunk to the few steps that matter, written down as a scenario, and told. The same seed and number of plans give the same result on any number of cores.",
    examples: [
      ["seatrial explore", "a minute on all cores, until the first violation"],
      ["seatrial explore --seeds 100000 --bail 10", "so many plans, or ten causes"],
      ["seatrial explore --seed $(git rev-parse HEAD)", "other plans for every commit"],
      ["seatrial explore --seeds 100000 --shard 1/4", "a quarter of them; put together by seatrial merge"],
      ["seatrial explore --relations", "plans with and without changes that must not matter"],
      ["seatrial explore --exhaustive", "every order of small scopes, smallest first, for a minute"],
      ["seatrial explore --exhaustive --scope devices=2,edits=2,crashes=1", "all of this one"],
      ["seatrial explore --mutant guard-missing", "the same against a reference that is known to be wrong"],
    ],
  })
    .addOption(
      new Option("--seeds <count>", "how many plans").argParser((text) => wholeNumber(text, { least: 1 })),
    )
    .addOption(new Option("--for <time>", "how long, such as 60s or 10m").argParser(readTime))
    .addOption(new Option("--seed <text>", "seed of all plans, any text").env("SEATRIAL_SEED"))
    .addOption(
      new Option("--workers <count>", "threads; absent: one per core")
        .argParser((text) => wholeNumber(text, { least: 1, most: workersMax }))
        .default(availableParallelism(), "one per core"),
    )
    .addOption(shardOption("the plans"))
    .option("--uniform", "every plan from a seed of its own, whatever was reached before")
    .addOption(
      new Option("--bail <count>", "stop after this many causes of violations")
        .argParser((text) => wholeNumber(text, { least: 1 }))
        .default(1),
    )
    .option("--mutant <name>", "a mutant instead of the reference")
    .option("--protocol <name>", "the protocol to search", "waveflow")
    .option("--relations", "each plan once as it is and once with each change that must not matter")
    .option("--exhaustive", "no plans: every order of a small scope")
    .option(
      "--scope <members>",
      "with --exhaustive: devices, edits, duplicates, lost, crashes, compactions, as in devices=2,edits=2,lost=1",
    )
    .addOption(
      new Option("--runs-max <count>", "with --exhaustive: stop after this many runs").argParser((text) =>
        wholeNumber(text, { least: 1 }),
      ),
    )
    .addOption(
      new Option("--walk <number>", "with --choices: which placing of the scope's faults").argParser((text) =>
        wholeNumber(text, { least: 1 }),
      ),
    )
    .option("--choices <lanes>", "with --scope: one order again, as a violation names it")
    .action(async (flags: ExploreFlags, command: Command) => {
      const way = wayOf(flags);
      refuseIdleFlags(command, way);
      switch (way) {
        case "exhaustive":
          await runExhaustive(flags);
          break;
        case "relations":
          await runRelations(flags);
          break;
        case "search":
          await runExploration(flags);
          break;
      }
    });
}

type Way = "search" | "relations" | "exhaustive";

const wayOf = ({ exhaustive, relations }: ExploreFlags): Way =>
  exhaustive === true ? "exhaustive" : relations === true ? "relations" : "search";

const ofExhaustive = ["scope", "runsMax", "walk", "choices"] as const;
const ofSearch = ["workers", "shard", "uniform"] as const;

/** Flags that would do nothing, by what is asked for, and what is said of them. */
const idleFlags: Readonly<
  Record<Way, readonly { readonly flags: readonly (keyof ExploreFlags)[]; readonly why: string }[]>
> = {
  search: [{ flags: ofExhaustive, why: "of --exhaustive: say that as well" }],
  relations: [
    { flags: ofExhaustive, why: "of --exhaustive, and --relations walks no scopes: leave it out" },
    { flags: ofSearch, why: "of the search: with --relations, leave it out" },
  ],
  exhaustive: [
    {
      flags: ["relations", "seeds", "seed", "bail", ...ofSearch],
      why: "about plans, and --exhaustive makes up no plans: leave it out",
    },
  ],
};

/** What is one order again is run once, to its end. */
const idleWithChoices = {
  flags: ["for", "runsMax"],
  why: "a bound for many runs, and --choices are one: leave it out",
} as const;

/** Only what was typed counts: what comes from the environment or is a default is not meant for this one command.
 *  Errors: UsageError that names the flag. */
function refuseIdleFlags(command: Command, way: Way): void {
  const isTyped = (flag: string): boolean => command.getOptionValueSource(flag) === "cli";
  for (const { flags, why } of [...idleFlags[way], ...(isTyped("choices") ? [idleWithChoices] : [])]) {
    const idle = flags.find(isTyped);
    const long = command.options.find((option) => option.attributeName() === idle)?.long;
    if (idle !== undefined) throw new UsageError(`${long} is ${why}`);
  }
  if (isTyped("walk") && !isTyped("choices"))
    throw new UsageError("--walk says to which placing of the faults --choices belong: say those as well");
}

function readTime(text: string): number {
  const ms = durationToMs(text);
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError("It must be a time such as 60s or 10m.");
  return ms;
}
