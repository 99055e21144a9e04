// `seatrial confirm`: whether what a scenario shows in the simulation happens in the real world.
import { Argument, Command, Option } from "commander";
import { sightingText, isEmpty } from "../explore/confirm/sighting.ts";
import { buildOf } from "../explore/search-trial.ts";
import type { LiveBuild, LiveRun, LiveRunner } from "../live/run.ts";
import { createInk, type Ink, wantsColour } from "../reports/ink.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import { stringifyScenario } from "../scenarios/format/stringify.ts";
import { EventBoundReached } from "../sim/kernel/kernel.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import {
  type Confirmable,
  confirmableOf,
  type Confirmation,
  confirmLive,
  simulateAndLook,
} from "./confirming.ts";
import { type DatabaseFlag, databaseOf, databaseOption } from "./database-option.ts";
import { UsageError } from "./errors.ts";
import { exitCodes } from "./exit-codes.ts";
import { addHelp } from "./help.ts";
import { watchInterrupts } from "./interrupt.ts";
import { liveBuildNamed } from "./live-builds.ts";
import { openLiveRunner } from "./live-runner.ts";
import { splitAtDashes, wholeNumber } from "./options.ts";
import { mutantOrUsageError, type ProtocolEntry, protocolOf } from "./protocols.ts";
import { defaultSeed } from "./run-scenarios.ts";
import { readScenarioFile } from "./scenario-file.ts";
import { writeTrace } from "./trace-files.ts";

interface ConfirmFlags extends DatabaseFlag {
  readonly seed?: string;
  readonly mutant?: string;
  readonly tries: number;
  readonly json?: boolean;
  readonly output?: string;
  readonly outputDir: string;
}

const defaultTries = 5;
const scenarioTimeoutMs = 60_000;

export function createConfirmCommand(): Command {
  const command = new Command("confirm").addArgument(
    new Argument("<files...>", "scenario files that fail in the simulation"),
  );
  return addHelp(command, {
    summary: "see whether what the simulation shows happens in the real world",
    sentence:
      "Runs a scenario file in the simulation, and then for real: server processes, sockets, PostgreSQL, with the same accidents at the same places and the statements of all transactions in the same order. Says confirmed where the same law is violated or the same expectation fails, not reproduced, or blocked with the reason. Exit code 1 where something is confirmed, as for every violation; 4 where something is blocked and nothing confirmed; 0 where nothing is reproduced.",
    examples: [
      ["seatrial confirm seatrial-report/found/once-1.yaml", "a finding of the search"],
      ["seatrial confirm plan.yaml --mutant no-receipt", "against a reference that is known to be wrong"],
      [
        "seatrial confirm plan.yaml --mutant no-receipt -- ./my-server",
        "whether another build has that defect",
      ],
      ["seatrial confirm plan.yaml --output live.yaml", "write what is run for real, too"],
    ],
  })
    .addOption(new Option("--seed <text>", "instead of the seed of the file"))
    .addOption(new Option("--mutant <name>", "a mutant instead of the reference"))
    .addOption(
      new Option("--tries <count>", "runs in the real world before it counts as not reproduced")
        .argParser((text) => wholeNumber(text, { least: 1 }))
        .default(defaultTries),
    )
    .option("--json", "print the outcomes as JSON on standard output, and everything else elsewhere")
    .addOption(
      new Option("-o, --output <file>", "where the scenario goes as it is run for real; one file only"),
    )
    .addOption(
      new Option("--output-dir <folder>", "where traces of what is confirmed go, for lift")
        .default("seatrial-report")
        .env("SEATRIAL_OUTPUT_DIR"),
    )
    .addOption(databaseOption())
    .action(async (words: string[], flags: ConfirmFlags, given: Command) => {
      const { ids: files, server } = splitAtDashes(words, given);
      const scenarios = files.flatMap((file) =>
        readScenarioFile(file).map((scenario) => ({ file, scenario })),
      );
      if (flags.output !== undefined && scenarios.length !== 1)
        throw new UsageError(`--output is for one scenario; ${files.join(", ")} hold ${scenarios.length}`);
      const interrupts = watchInterrupts(() => process.stderr.write("ending\n"));
      try {
        // All of the simulation first: it forbids this process what the real world needs.
        const asked: Asked[] = [];
        for (const one of scenarios) asked.push(await lookFirst(one, flags));
        const outcomes = await confirmAll(asked, { flags, server, signal: interrupts.signal });
        if (flags.json === true) process.stdout.write(`${JSON.stringify(outcomes, null, 1)}\n`);
        process.exitCode = interrupts.code() ?? exitCodeOf(outcomes.map(({ outcome }) => outcome));
      } finally {
        interrupts.stopWatching();
      }
    });
}

interface Asked {
  readonly file: string;
  readonly scenario: Scenario;
  readonly protocol: ProtocolEntry;
  /** Or why there is nothing that could be looked for. */
  readonly confirmable: Confirmable | { readonly endless: string };
}

type Outcome = Confirmation & { readonly file: string; readonly scenario: string };

/** A violation outranks what could not be looked at. */
function exitCodeOf(outcomes: readonly Confirmation["outcome"][]): number {
  if (outcomes.includes("confirmed")) return exitCodes.violation;
  return outcomes.includes("blocked") ? exitCodes.notAssessed : exitCodes.ok;
}

async function lookFirst(
  { file, scenario }: { readonly file: string; readonly scenario: Scenario },
  flags: ConfirmFlags,
): Promise<Asked> {
  const protocol = protocolOf(scenario.protocol);
  const build = await buildOf(protocol, mutantOrUsageError(protocol, flags.mutant));
  const seed = flags.seed ?? scenario.seed ?? defaultSeed;
  const job = protocol.vocabulary.compaction ?? "";
  const simulated = await simulateAndLook(build, { scenario, seed, job }).catch((error: unknown) => {
    if (error instanceof EventBoundReached) return { endless: error.message };
    throw error;
  });
  if ("endless" in simulated) return { file, scenario, protocol, confirmable: simulated };
  if (isEmpty(simulated.sighting)) {
    const whom = flags.mutant ?? "the reference";
    throw new UsageError(
      `${file}: ${whom} does nothing wrong in the simulation under seed ${seed} (${sightingText(simulated.sighting)}); there is nothing to confirm`,
    );
  }
  const confirmable = confirmableOf(simulated, protocol.vocabulary);
  if (flags.output !== undefined)
    writeAtomically(flags.output, stringifyScenario(confirmable.plan.scenario, protocol.vocabulary));
  return { file, scenario, protocol, confirmable };
}

async function confirmAll(
  asked: readonly Asked[],
  options: {
    readonly flags: ConfirmFlags;
    readonly server: readonly string[] | undefined;
    readonly signal: AbortSignal;
  },
): Promise<readonly Outcome[]> {
  const { flags, server, signal } = options;
  const { foreignCommand } = await import("../live/subjects/foreign-command.ts");
  const runner = await openLiveRunner({ database: databaseOf(flags), scenarioTimeoutMs });
  const outcomes: Outcome[] = [];
  try {
    for (const one of asked) {
      if (signal.aborted) break;
      const build: LiveBuild =
        server !== undefined
          ? { server: foreignCommand(server) }
          : flags.mutant !== undefined
            ? await liveBuildNamed(one.protocol, flags.mutant)
            : {};
      outcomes.push(await confirmOne(one, { runner, build, flags, signal }));
    }
    return outcomes;
  } finally {
    await runner.close();
  }
}

async function confirmOne(
  { file, scenario, protocol, confirmable }: Asked,
  world: {
    readonly runner: LiveRunner;
    readonly build: LiveBuild;
    readonly flags: ConfirmFlags;
    readonly signal: AbortSignal;
  },
): Promise<Outcome> {
  const { runner, build, flags, signal } = world;
  const stream = flags.json === true ? process.stderr : process.stdout;
  const ink = createInk(wantsColour(process.env, stream));
  if ("endless" in confirmable) {
    const why = `in the simulation it does not end (${confirmable.endless}); for real nothing tells that from one that is slow`;
    stream.write(`${ink.bold(scenario.id)}\n  ${ink.yellow("blocked")}: ${why}\n`);
    return { file, scenario: scenario.id, outcome: "blocked", why: [why] };
  }
  const { plan, sighting, seed } = confirmable;
  const { accidents, order } = plan.guide;
  const barriers = order.filter(({ after }) => after.length > 0).length;
  stream.write(
    `${ink.bold(scenario.id)}\n  simulated under seed ${seed}: ${sightingText(sighting)}\n` +
      `  for real: ${barriers} of ${order.length} statements have to wait for others, ${accidents.length} accidents at places of their own\n`,
  );
  let tries = 0;
  let last: LiveRun | undefined;
  const found = await confirmLive(confirmable, {
    runner,
    live: build,
    laws: protocol.laws,
    tries: flags.tries,
    signal,
    onTry: (seen, run) => {
      tries++;
      last = run;
      const took = Math.round(run.durationMs);
      stream.write(`  try ${tries} of ${flags.tries}, ${took} ms: ${sightingText(seen)}\n`);
    },
  });
  for (const line of outcomeLines(found, ink)) stream.write(`  ${line}\n`);
  if (found.outcome === "confirmed" && last !== undefined) {
    const { history } = last;
    const trace = writeTrace(flags.outputDir, { scenario: plan.scenario, history, mutant: flags.mutant });
    stream.write(`  trace: ${trace}\n`);
  }
  return { file, scenario: scenario.id, ...found };
}

function outcomeLines(found: Confirmation, ink: Ink): readonly string[] {
  if (found.outcome === "blocked") {
    return [ink.yellow("blocked"), ...found.why.map((why) => `  ${why}`)];
  }
  const givenUp = found.kept?.givenUp ?? [];
  const unstruck = found.kept?.unstruck ?? [];
  const kept = `the order was kept at ${found.kept?.kept ?? 0} places${givenUp.length === 0 ? "" : `, and given up at ${givenUp.length}:`}`;
  const head =
    found.outcome === "confirmed"
      ? `${ink.red("confirmed")}: ${sightingText(found.seen)}`
      : `${ink.yellow("not reproduced")}: in ${found.tries} tries it was another; the last shows that ${sightingText(found.seen)}`;
  return [
    head,
    kept,
    ...givenUp.map((one) => `  ${one}`),
    ...unstruck.map(({ who, what, nth }) => `${who} ${what}#${nth} never came to pass`),
  ];
}
