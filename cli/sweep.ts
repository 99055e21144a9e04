// `seatrial sweep`: the server is ended behind every single statement of a step, one run for each, on a real database.
// It needs to know nothing of the server: statements are counted where they pass, between server and database.
import { Command, InvalidArgumentError, Option } from "commander";
import type { CrashMethod, SweepSight, SweepWindow } from "../live/faults/statement-sweep.ts";
import type { Scenario, Step } from "../scenarios/format/types.ts";
import { SetupError, UsageError } from "./errors.ts";
import { addHelp } from "./help.ts";
import { createLiveRunner } from "./live-runner.ts";
import { addRunOptions, type RunFlags, scenariosFor, splitAtDashes, wholeNumber } from "./options.ts";
import { runInWorlds } from "./run-in-worlds.ts";
import { defaultSeed } from "./run-scenarios.ts";
import { sweepTable, writeSweeps } from "./sweep-report.ts";
import type { WorldRunner } from "./world-runner.ts";

interface SweepFlags extends RunFlags {
  readonly window?: SweepWindow;
  readonly with: readonly CrashMethod[];
  readonly after?: number;
}

/** The scenarios that were made for it. */
const defaultIds = ["waveflow/sweep/**"];
const methods: readonly CrashMethod[] = ["cut", "kill"];

/** One scenario, the step in it that is swept, and what was seen of it when nothing was done to it. */
export interface Sweep {
  readonly scenario: Scenario;
  readonly window: SweepWindow;
  readonly sight: SweepSight;
}

/** One run of a sweep. */
export interface SweepRun {
  readonly sweep: Sweep;
  /** Behind this statement; 0: before the first. */
  readonly after: number;
  readonly method: CrashMethod;
  /** What the run saw; absent until it has come so far. */
  sight: SweepSight | undefined;
}

export function createSweepCommand(): Command {
  return addHelp(addRunOptions(new Command("sweep")), {
    summary: "crash a server behind every single statement of a compaction or push",
    sentence:
      "Counts the statements that a server sends its database during one step of a scenario, then runs the scenario again for each of them: with the connection cut there, and with the server killed there and started again. The laws judge every run. Works for any server that is started by a command with a DATABASE_URL.",
    examples: [
      ["seatrial sweep", "the reference server: a compaction and a push"],
      ["seatrial sweep -- ./my-server --port {port}", "the same for another server"],
      ["seatrial sweep waveflow/sweep/push --with kill", "one scenario, killed only"],
      ["seatrial sweep waveflow/resync/walk --window 'tablet pull'", "another step of another scenario"],
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
      const scenarios = scenariosFor(ids.length === 0 ? defaultIds : ids, flags);
      await runSweep(scenarios, { ...flags, ...foreign });
    });
}

async function runSweep(
  scenarios: readonly Scenario[],
  flags: SweepFlags & { readonly server?: readonly string[] },
): Promise<void> {
  const world = await createLiveRunner(flags);
  const runs = new Map<string, SweepRun>();
  let sweeps: readonly Sweep[];
  try {
    sweeps = await countAll(scenarios, world, flags);
    for (const sweep of sweeps) for (const run of runsOf(sweep, flags)) runs.set(idOf(run), run);
    if (runs.size === 0) throw new UsageError(`there is no statement ${flags.after} in any of these steps`);
  } catch (error) {
    await world.close();
    throw error;
  }
  const swept: WorldRunner = {
    ...world,
    replayWords: ({ id }, seed) => {
      const { sweep, after, method } = runs.get(id)!;
      const dashes = flags.server === undefined ? [] : ["--", ...flags.server];
      const place = ["--window", windowText(sweep.window), "--with", method, "--after", String(after)];
      return ["sweep", sweep.scenario.id, ...place, "--seed", seed, ...dashes];
    },
    run: async (scenario, options) => {
      const run = runs.get(scenario.id)!;
      const { sweep, after, method } = run;
      const point = { window: sweep.window, crash: { after, method } };
      const observed = await world.run(scenario, { ...options, sweep: point });
      run.sight = observed.sweep;
      if (observed.sweep?.struck !== undefined) return observed;
      return { ...observed, unusedFaults: [...observed.unusedFaults, `${method} ${placeText(after)}`] };
    },
  };
  const variants = [...runs].map(([id, { sweep }]) => variantOf(sweep, id));
  const result = await runInWorlds([{ world: swept, scenarios: variants }], flags);
  writeSweeps(flags.outputDir, { sweeps, runs: [...runs.values()], result, idOf });
  if (flags.json !== true && flags.reporter.includes("terminal")) {
    process.stdout.write(sweepTable({ sweeps, runs: [...runs.values()], result, idOf }));
  }
}

/** Runs each scenario undisturbed, and says what its step asks of the database.
 *  Errors: UsageError for a scenario without such a step; SetupError where it asks nothing, or fails as it is. */
async function countAll(
  scenarios: readonly Scenario[],
  world: WorldRunner,
  flags: SweepFlags,
): Promise<readonly Sweep[]> {
  const sweeps: Sweep[] = [];
  for (const scenario of scenarios) {
    const window = windowOf(scenario, flags.window);
    const seed = flags.seed ?? scenario.seed ?? defaultSeed;
    const sweep = { scenario, window, sight: { statements: [] } };
    const { signal } = new AbortController();
    const observed = await world.run(variantOf(sweep, scenario.id), { seed, signal, sweep: { window } });
    const failed = observed.checks.find(({ pass }) => !pass);
    if (failed !== undefined) {
      throw new SetupError(
        `${scenario.id} fails as it is, before anything is crashed: in line ${failed.line}, ${failed.text}: expected ${failed.expected}, saw ${failed.seen}`,
      );
    }
    const { sweep: sight } = observed;
    if (sight === undefined || sight.statements.length === 0) {
      throw new SetupError(
        `${scenario.id}: no statement reached the database during "${windowText(window)}"; expected the server to use the DATABASE_URL that it was given`,
      );
    }
    sweeps.push({ scenario, window, sight });
  }
  return sweeps;
}

function runsOf(sweep: Sweep, { with: chosen, after }: SweepFlags): readonly SweepRun[] {
  const places = Array.from({ length: sweep.sight.statements.length + 1 }, (_, place) => place);
  return places
    .filter((place) => after === undefined || place === after)
    .flatMap((place) => chosen.map((method) => ({ sweep, after: place, method, sight: undefined })));
}

const idOf = ({ sweep, after, method }: SweepRun): string =>
  `${sweep.scenario.id}/${method}-${after === 0 ? "before-1" : `after-${after}`}`;

/** The scenario as it is run: what the file expects of the swept step itself need not hold when it is crashed. */
function variantOf({ scenario, window }: Sweep, id: string): Scenario {
  let seen = 0;
  const steps = scenario.steps.map((step): Step => {
    if (!isOf(step, window) || ++seen !== window.nth) return step;
    const { expect: _expect, ...bare } = step as Step & { readonly expect?: unknown };
    return bare as Step;
  });
  return { ...scenario, id, steps };
}

function windowOf(scenario: Scenario, wanted: SweepWindow | undefined): SweepWindow {
  const candidates = scenario.steps.flatMap(asWindow);
  const fits = (window: SweepWindow): boolean =>
    wanted === undefined
      ? window.kind === "compact" || window.verb === "push"
      : windowText(window) === windowText(wanted);
  const found = candidates.find(
    (window) => fits(window) && (wanted !== undefined || window.kind === "compact"),
  );
  const window = found ?? candidates.find(fits);
  if (window !== undefined) return window;
  const known = [...new Set(candidates.map(windowText))].join(", ");
  const text = wanted === undefined ? "neither a compaction nor a push" : `no step "${windowText(wanted)}"`;
  throw new UsageError(`${scenario.id} has ${text} to sweep; it has ${known || "no step of its own"}`);
}

function asWindow(step: Step): readonly SweepWindow[] {
  if (step.kind === "server" && step.action.verb === "compact") return [{ kind: "compact", nth: 1 }];
  if (step.kind !== "device") return [];
  return [{ kind: "device", device: step.device, verb: step.action.verb, nth: 1 }];
}

const isOf = (step: Step, window: SweepWindow): boolean =>
  asWindow(step).some((one) => windowText(one) === windowText(window));

/** As it is written on the command line. */
export const windowText = (window: SweepWindow): string =>
  window.kind === "compact" ? "compact" : `${window.device} ${window.verb}`;

export const placeText = (after: number): string =>
  after === 0 ? "before the first statement" : `after statement ${after}`;

function readWindow(text: string): SweepWindow {
  const words = text.trim().split(/\s+/u);
  if (words.length === 1 && words[0] === "compact") return { kind: "compact", nth: 1 };
  const [device, verb] = words;
  if (words.length !== 2 || device === undefined || verb === undefined)
    throw new InvalidArgumentError("It must be compact, or a device and what it does, as in 'laptop push'.");
  return { kind: "device", device, verb, nth: 1 };
}

function readMethods(text: string): readonly CrashMethod[] {
  return text.split(",").map((word) => {
    const known = methods.find((method) => method === word.trim());
    if (known === undefined) throw new InvalidArgumentError(`It must be of ${methods.join(", ")}.`);
    return known;
  });
}
