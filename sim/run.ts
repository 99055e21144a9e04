// One scenario, one seed, one run in the simulated world: its history, the checks of its expectations, and the digest
// that proves that the same run is the same everywhere.
import type { History } from "../invariants/history.ts";
import { type CheckResult, runSteps } from "../scenarios/format/interpreter.ts";
import type { Accident, Scenario, Step } from "../scenarios/format/types.ts";
import type { PendingEvents, VirtualMs } from "./kernel/event-queue.ts";
import { ForeignWait, Kernel } from "./kernel/kernel.ts";
import { type RunTrace, TraceRecorder } from "./kernel/trace.ts";
import { withTraps } from "./kernel/traps.ts";
import type { SimProtocol } from "./world/protocol.ts";
import { SimWorld } from "./world/world.ts";

export interface SimRun {
  readonly history: History;
  readonly checks: readonly CheckResult[];
  /** Sixteen hexadecimal digits over every event of the run. */
  readonly digest: string;
  /** The digest after each `eventsPerCheckpoint` events. */
  readonly checkpoints: readonly string[];
  /** Every event, if `trace` asked for it. */
  readonly trace?: RunTrace;
  /** Kernel events taken. */
  readonly events: number;
  /** Virtual milliseconds that passed. */
  readonly virtualMs: number;
  /** How often each kind of fault really happened. */
  readonly faultCounts: ReadonlyMap<string, number>;
  /** All that chance did, in order: the same scenario with these as its `accidents`, and no odds, is the same run. */
  readonly accidents: readonly Accident[];
  /** Accidents that the scenario has pinned and that never came to pass. They fail nothing: whoever shrinks a plan has
   *  them often. */
  readonly unstruckAccidents: readonly Accident[];
  /** Faults that the scenario arranged and that never happened. */
  readonly unusedFaults: readonly string[];
}

export interface SimRunOptions {
  readonly scenario: Scenario;
  readonly protocol: SimProtocol;
  readonly seed: string;
  readonly eventsMax?: number;
  /** From this moment on, chance decides as it would in a run of another seed; before, nothing differs. */
  readonly branch?: { readonly atMs: VirtualMs; readonly salt: string };
  /** Keeps every event, at the price of its memory and about a tenth of the speed. */
  readonly trace?: true;
  /** Decides what comes next among what is pending; absent: what is due first. */
  readonly queue?: PendingEvents;
  /** Hears of every step as it begins, those inside of others too. */
  readonly onStep?: (step: Step, atMs: number) => void;
}

/** Runs a scenario in the simulation.
 *  Errors: bugs only (a foreign wait, a forbidden global, an error that a reference let through); what a server or
 *  device does wrong is in the history. */
export function simulate(options: SimRunOptions): Promise<SimRun> {
  const { scenario, protocol, seed, branch } = options;
  return withTraps(async () => {
    const trace = options.trace === true ? new TraceRecorder() : undefined;
    const kernel = new Kernel({
      seed,
      ...(options.eventsMax === undefined ? {} : { eventsMax: options.eventsMax }),
      ...(trace === undefined ? {} : { trace }),
      ...(options.queue === undefined ? {} : { queue: options.queue }),
    });
    if (branch !== undefined) kernel.branchAt(branch.atMs, branch.salt);
    const main = kernel.process("scenario");
    const world = new SimWorld({ scenario, protocol, kernel, main });
    const checks = await kernel.run(main, async () => {
      await world.start();
      const { onStep } = options;
      if (onStep === undefined) return runSteps(scenario, world);
      return runSteps(scenario, world, { stepBegan: (step) => onStep(step, kernel.now()) });
    });
    const foreign = kernel.foreignWaits();
    if (foreign.length > 0)
      throw new ForeignWait(`these wait for something that is no port: ${foreign.join(", ")}`);
    return {
      history: {
        protocol: scenario.protocol,
        scenario: scenario.id,
        seed,
        world: "sim",
        settings: { ...scenario.config, processes: scenario.processes },
        events: world.history.events,
      },
      checks,
      digest: kernel.digest.toString(),
      checkpoints: kernel.checkpoints,
      ...(trace === undefined ? {} : { trace: trace.finish() }),
      events: kernel.events,
      virtualMs: kernel.now(),
      faultCounts: world.history.faultCounts,
      accidents: world.accidents.struck,
      unstruckAccidents: world.accidents.unstruck(),
      unusedFaults: world.unfiredFaults(),
    };
  });
}
