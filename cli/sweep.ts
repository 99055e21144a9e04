// `seatrial sweep`: the server is ended behind every single statement of a step, one run for each, on a real database.
// It needs to know nothing of the server: statements are counted where they pass, between server and database.
import { Command, InvalidArgumentError, Option } from "commander";
import type { CrashMethod, SweepWindow } from "../live/faults/statement-sweep.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { SetupError, UsageError } from "./errors.ts";
import { addHelp } from "./help.ts";
import { createLiveRunner } from "./live-runner.ts";
import { addRunOptions, type RunFlags, scenariosFor, splitAtDashes, wholeNumber } from "./options.ts";
import { runInWorlds } from "./run-in-worlds.ts";
import {
  type Counted,
  countStatements,
  idOf,
  pointWords,
  runPoint,
  runsOf,
  type Sweep,
  sweepIds,
  type SweepRun,
  variantOf,
  windowText,
} from "./sweep-points.ts";
import { sweepTable, writeSweeps } from "./sweep-report.ts";
import type { WorldRunner } from "./world-runner.ts";

interface SweepFlags extends RunFlags {
  readonly window?: SweepWindow;
  readonly with: readonly CrashMethod[];
  readonly after?: number;
}

const methods: readonly CrashMethod[] = ["cut", "kill"];

export function createSweepCommand(): Command {
  return addHelp(addRunOptions(new Command("sweep")), {
    summary: "crash a server behind every single statement of a compaction or push",
    sentence:
      "Counts the statements that a server sends its database during one step of a scenario, then runs the scenario again for each of them: with the connection cut there, and with the server killed there and started again. The laws judge every run. Works for any server that is started by a command with a DATABASE_URL.",
    examples: [
      ["seatrial sweep", "the reference server: a compaction and a push"],
      ["seatrial sweep -- ./my-server --port {port}", "the same for another server"],
      ["seatrial sweep waveflow/sweep/push --with kill", "one scenario, killed only"],
      [
        "seatrial sweep waveflow/resync/fresh-device --window 'tablet pull'",
        "another step of another scenario",
      ],
    ],
  })
    .addOption(
      new Option(
        "--window <step>",
        "the step that is swept: compact, or a device and what it does, as in 'laptop push'; the first of its kind",
      ).argParser(readWindow),
    )
    .addOption(
      new Option("--with <methods>", `comma-separated: ${methods.join(", ")}`)
        .argParser(readMethods)
        .default(methods, methods.join(",")),
    )
    .addOption(
      new Option(
        "--after <statement>",
        "only behind the statement with this number; 0: before the first",
      ).argParser((text) => wholeNumber(text, { least: 0 })),
    )
    .action(async (words: string[], flags: SweepFlags, command: Command) => {
      const { ids, ...foreign } = splitAtDashes(words, command);
      const scenarios = scenariosFor(ids.length === 0 ? sweepIds : ids, flags);
      await runSweep(scenarios, { ...flags, ...foreign });
    });
}

async function runSweep(
  scenarios: readonly Scenario[],
  flags: SweepFlags & { readonly server?: readonly string[] },
): Promise<void> {
  const world = await createLiveRunner(flags);
  const runs = new Map<string, SweepRun>();
  const sweeps: Sweep[] = [];
  try {
    const { signal } = new AbortController();
    const { window: wanted, seed, after, with: methods } = flags;
    const chosen = { ...(wanted === undefined ? {} : { wanted }), ...(seed === undefined ? {} : { seed }) };
    for (const scenario of scenarios)
      sweeps.push(sweepOf(scenario, await countStatements(scenario, world, { ...chosen, signal })));
    const all = sweeps.flatMap((sweep) => runsOf(sweep, methods));
    for (const run of all) if (after === undefined || run.after === after) runs.set(idOf(run), run);
    if (runs.size === 0) throw new UsageError(`there is no statement ${after} in any of these steps`);
  } catch (error) {
    await world.close();
    throw error;
  }
  const { server } = flags;
  const swept: WorldRunner = {
    ...world,
    replayWords: ({ id }, seed) =>
      pointWords(runs.get(id)!, { seed, ...(server === undefined ? {} : { server }) }),
    run: (scenario, options) => runPoint(runs.get(scenario.id)!, { world, scenario, options }),
  };
  const variants = [...runs.values()].map(variantOf);
  const result = await runInWorlds([{ world: swept, scenarios: variants }], flags);
  const report = { sweeps, runs: [...runs.values()], result };
  writeSweeps(flags.outputDir, report);
  if (flags.json !== true && flags.reporter.includes("terminal")) process.stdout.write(sweepTable(report));
}

/** Errors: SetupError where there is nothing to sweep, or nothing to compare with. */
function sweepOf({ id }: Scenario, counted: Counted): Sweep {
  switch (counted.kind) {
    case "counted":
      return counted.sweep;
    case "fails": {
      const { line, text, expected, seen } = counted.check;
      throw new SetupError(
        `${id} fails as it is, before anything is crashed: in line ${line}, ${text}: expected ${expected}, saw ${seen}`,
      );
    }
    case "silent":
      throw new SetupError(
        `${id}: no statement reached the database during "${windowText(counted.window)}"; expected the server to use the DATABASE_URL that it was given`,
      );
  }
}

function readWindow(text: string): SweepWindow {
  const words = text.trim().split(/\s+/u);
  if (words.length === 1 && words[0] === "compact") return { kind: "compact" };
  const [device, verb] = words;
  if (words.length !== 2 || device === undefined || verb === undefined)
    throw new InvalidArgumentError("It must be compact, or a device and what it does, as in 'laptop push'.");
  return { kind: "device", device, verb };
}

function readMethods(text: string): readonly CrashMethod[] {
  return text.split(",").map((word) => {
    const known = methods.find((method) => method === word.trim());
    if (known === undefined) throw new InvalidArgumentError(`It must be of ${methods.join(", ")}.`);
    return known;
  });
}
