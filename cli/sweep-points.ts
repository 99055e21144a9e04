// The points of a crash sweep: which step of a scenario is swept, what its server asked the database while it ran
// undisturbed, and the scenario as it runs when the server ends behind one of these statements.
import {
  type CrashMethod,
  placeText,
  type SweepSight,
  type SweepWindow,
} from "../live/faults/statement-sweep.ts";
import type { CheckOutcome } from "../invariants/result.ts";
import type { Scenario, Step } from "../scenarios/format/types.ts";
import { UsageError } from "./errors.ts";
import { defaultSeed } from "./run-scenarios.ts";
import type { Observed, RunOptions, WorldRunner } from "./world-runner.ts";

/** The scenarios that were made for it. */
export const sweepIds: readonly string[] = ["waveflow/sweep/**"];

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

/** What an undisturbed run of a scenario shows: what can be swept; or it fails as it is, which `observed` tells; or its
 *  step asks the database nothing. */
export type Counted =
  | { readonly kind: "counted"; readonly sweep: Sweep }
  | { readonly kind: "fails"; readonly observed: Observed; readonly check: CheckOutcome }
  | { readonly kind: "silent"; readonly window: SweepWindow };

/** Runs a scenario undisturbed, and counts what its step asks of the database.
 *  `wanted`: the step. Default: the first compaction, or else the first push.
 *  Errors: UsageError for a scenario without such a step. */
export async function countStatements(
  scenario: Scenario,
  world: WorldRunner,
  { wanted, seed, signal }: { wanted?: SweepWindow; seed?: string; signal: AbortSignal },
): Promise<Counted> {
  const window = windowOf(scenario, wanted);
  const options = { seed: seed ?? scenario.seed ?? defaultSeed, signal, sweep: { window } };
  const observed = await world.run(withoutExpectation(scenario, window), options);
  const check = observed.checks.find(({ pass }) => !pass);
  if (check !== undefined) return { kind: "fails", observed, check };
  const { sweep: sight } = observed;
  if (sight === undefined || sight.statements.length === 0) return { kind: "silent", window };
  return { kind: "counted", sweep: { scenario, window, sight } };
}

/** The runs of a sweep: before the first statement and behind each one, with each method. */
export function runsOf(sweep: Sweep, methods: readonly CrashMethod[]): readonly SweepRun[] {
  const places = Array.from({ length: sweep.sight.statements.length + 1 }, (_, place) => place);
  return places.flatMap((after) => methods.map((method) => ({ sweep, after, method, sight: undefined })));
}

/** Tells the runs of one command apart, as ids of scenarios do. */
export const idOf = ({ sweep, after, method }: SweepRun): string =>
  `${sweep.scenario.id}/${method}-${after === 0 ? "before-1" : `after-${after}`}`;

/** The scenario of a run, under the run's own id. */
export const variantOf = (run: SweepRun): Scenario => ({
  ...withoutExpectation(run.sweep.scenario, run.sweep.window),
  id: idOf(run),
});

/** Runs one point, and remembers what it saw. A crash that never came to pass counts as a fault that never struck. */
export async function runPoint(
  run: SweepRun,
  { world, scenario, options }: { world: WorldRunner; scenario: Scenario; options: RunOptions },
): Promise<Observed> {
  const { sweep, after, method } = run;
  const observed = await world.run(scenario, {
    ...options,
    sweep: { window: sweep.window, crash: { after, method } },
  });
  run.sight = observed.sweep;
  if (observed.sweep?.struck !== undefined) return observed;
  return { ...observed, unusedFaults: [...observed.unusedFaults, `${method} ${placeText(after)}`] };
}

/** The words behind the program's name that run one point again. */
export function pointWords(
  { sweep, after, method }: SweepRun,
  { seed, server }: { seed: string; server?: readonly string[] },
): readonly string[] {
  const place = ["--window", windowText(sweep.window), "--with", method, "--after", String(after)];
  const dashes = server === undefined ? [] : ["--", ...server];
  return ["sweep", sweep.scenario.id, ...place, "--seed", seed, ...dashes];
}

/** What the file expects of the swept step itself need not hold when it is crashed. */
function withoutExpectation(scenario: Scenario, window: SweepWindow): Scenario {
  const place = scenario.steps.findIndex((step) => textOf(step) === windowText(window));
  const steps = scenario.steps.map((step, index): Step => {
    if (index !== place) return step;
    const { expect: _expect, ...bare } = step as Step & { readonly expect?: unknown };
    return bare as Step;
  });
  return { ...scenario, steps };
}

function windowOf(scenario: Scenario, wanted: SweepWindow | undefined): SweepWindow {
  const windows = scenario.steps.flatMap((step) => asWindow(step) ?? []);
  const found =
    wanted === undefined
      ? (windows.find(({ kind }) => kind === "compact") ??
        windows.find((window) => window.kind === "device" && window.verb === "push"))
      : windows.find((window) => windowText(window) === windowText(wanted));
  if (found !== undefined) return found;
  const known = [...new Set(windows.map(windowText))].join(", ");
  const text = wanted === undefined ? "neither a compaction nor a push" : `no step "${windowText(wanted)}"`;
  throw new UsageError(`${scenario.id} has ${text} to sweep; it has ${known || "no step of its own"}`);
}

function asWindow(step: Step): SweepWindow | undefined {
  if (step.kind === "server" && step.action.verb === "compact") return { kind: "compact" };
  return step.kind === "device" ? { kind: "device", device: step.device, verb: step.action.verb } : undefined;
}

function textOf(step: Step): string | undefined {
  const window = asWindow(step);
  return window === undefined ? undefined : windowText(window);
}

/** As it is written on the command line. */
export const windowText = (window: SweepWindow): string =>
  window.kind === "compact" ? "compact" : `${window.device} ${window.verb}`;
