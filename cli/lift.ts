// `seatrial lift`: a failure of the real world becomes a plan of the simulation that breaks the same, to be replayed, shrunk
// and understood there.
import { dirname, join } from "node:path";
import { Argument, Command, Option } from "commander";
import { isEmpty, type Sighting, sightingOf, sightingText } from "../explore/confirm/sighting.ts";
import { lift, type Lifted } from "../explore/lift.ts";
import { buildOf } from "../explore/search-trial.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import { stringifyScenario } from "../scenarios/format/stringify.ts";
import { UsageError } from "./errors.ts";
import { exitCodes } from "./exit-codes.ts";
import { addHelp } from "./help.ts";
import { watchInterrupts } from "./interrupt.ts";
import { replayCommand } from "./invocation.ts";
import { mutantOption, wholeNumber } from "./options.ts";
import { mutantOrUsageError, type ProtocolEntry, protocolOf } from "./protocols.ts";
import { readRecordedResults } from "./recorded-results.ts";
import { readTextFile } from "./scenario-file.ts";
import { type LiveTrace, readTrace } from "./trace-files.ts";
import { version } from "./version.ts";

interface LiftFlags {
  readonly mutant?: string;
  readonly seedsMax: number;
  readonly output?: string;
}

const defaultSeedsMax = 400;
/** How often signals are heard: a simulated run never returns to the event loop by itself. */
const runsPerBreath = 10;

export function createLiftCommand(): Command {
  const command = new Command("lift")
    .addArgument(new Argument("<file>", "a trace, or a results.json beside the folder traces"))
    .addArgument(
      new Argument("[id]", "of a results.json: the scenario; absent: what failed, where it is one"),
    );
  return addHelp(command, {
    summary: "turn a failure of the real world into a plan that fails in the simulation",
    sentence:
      "Reads what a failed run of the live world has left, and looks for a simulated run of the same scenario that breaks the same law: with the answers that were lost there, and its answers in the order that is nearest to what was seen. Writes it down as a scenario with its seed, for shrink. Exit code 1 where there is one, as for every violation; 4 where there is none.",
    examples: [
      ["seatrial lift seatrial-report/results.json", "the scenario that failed"],
      ["seatrial lift seatrial-report/traces/waveflow/push/retry.json -o retry.yaml", "one trace"],
      ["seatrial shrink retry.yaml", "and then"],
    ],
  })
    .addOption(mutantOption())
    .addOption(
      new Option("--seeds-max <count>", "simulated runs until it is given up")
        .argParser((text) => wholeNumber(text, { least: 1 }))
        .default(defaultSeedsMax),
    )
    .addOption(new Option("-o, --output <file>", "where the plan goes"))
    .action(async (file: string, id: string | undefined, flags: LiftFlags) => {
      const trace = readTrace(file, file.endsWith("results.json") ? failedIn(file, id) : undefined);
      const protocol = protocolOf(trace.scenario.protocol);
      const mutant = mutantOrUsageError(protocol, flags.mutant ?? trace.mutant);
      const build = await buildOf(protocol, mutant);
      const sighting = sightingIn(trace, protocol);
      const interrupts = watchInterrupts(() => process.stderr.write("ending, the nearest so far is kept\n"));
      try {
        const found = await lift({
          ...trace,
          build,
          vocabulary: protocol.vocabulary,
          sighting,
          seedsMax: flags.seedsMax,
          signal: interrupts.signal,
          onRun: (runs) => (runs % runsPerBreath === 0 ? new Promise((go) => setImmediate(go)) : undefined),
        });
        const output = flags.output ?? outputOf(file, trace);
        process.stdout.write(
          found === undefined
            ? notFound({ sighting, mutant, runs: flags.seedsMax })
            : written(found, { output, protocol, mutant, sighting }),
        );
        const code = found === undefined ? exitCodes.notAssessed : exitCodes.violation;
        process.exitCode = interrupts.code() ?? code;
      } finally {
        interrupts.stopWatching();
      }
    });
}

/** The scenario of a record that is meant.  Errors: UsageError. */
function failedIn(file: string, id: string | undefined): string {
  const { results } = readRecordedResults(readTextFile(file), file);
  const failed = results.filter(({ world, outcome }) => world === "live" && outcome === "fail");
  if (id !== undefined) return id;
  const [only, ...more] = failed;
  if (only === undefined) throw new UsageError(`nothing failed in the live world in ${file}`);
  if (more.length === 0) return only.id;
  throw new UsageError(
    `${file} has ${failed.length} failures; name one: ${failed.map((one) => one.id).join(", ")}`,
  );
}

/** Expectations are held in the run and not in its history, so of a trace only its laws are known. */
function sightingIn({ scenario, history }: LiveTrace, { laws }: ProtocolEntry): Sighting {
  const intended = scenario.expect.violates ?? [];
  const sighting = sightingOf({ history, checks: [], unusedFaults: [] }, { laws, intended });
  if (isEmpty(sighting))
    throw new UsageError(
      `the run of ${scenario.id} breaks no law; what failed is an expectation, which "seatrial sim" holds as it stands`,
    );
  return sighting;
}

const outputOf = (file: string, { scenario }: LiveTrace): string =>
  join(dirname(file), `${scenario.id.split("/").at(-1)}.lifted.yaml`);

function written(
  { scenario, run, seen, answers, runs }: Lifted,
  told: {
    readonly output: string;
    readonly protocol: ProtocolEntry;
    readonly mutant: string | undefined;
    readonly sighting: Sighting;
  },
): string {
  const { output, protocol, mutant, sighting } = told;
  const digest = mutant === undefined ? { digest: run.digest, recordedWith: version() } : {};
  const lifted = { ...scenario, ...digest };
  writeAtomically(output, stringifyScenario(lifted, protocol.vocabulary));
  const against = mutant === undefined ? [] : ["--mutant", mutant];
  return [
    `for real:  ${sightingText(sighting)}`,
    `simulated: ${sightingText(seen)}, under seed ${scenario.seed}, found in run ${runs}; ${answers.same} of ${answers.all} answers in the same order`,
    `written:   ${output}`,
    `next:      ${replayCommand(["shrink", output, ...against])}`,
    "",
  ].join("\n");
}

function notFound({
  sighting,
  mutant,
  runs,
}: {
  readonly sighting: Sighting;
  readonly mutant: string | undefined;
  readonly runs: number;
}): string {
  const whom = mutant === undefined ? "the reference" : mutant;
  return `for real: ${sightingText(sighting)}\nnot lifted: ${whom} does nothing of that in ${runs} simulated runs of the scenario. Another server has defects that the reference lacks: name the mutant that has the same one with --mutant.\n`;
}
