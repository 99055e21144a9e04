// What the runner needs of a world: its abilities, and one scenario at a time. The simulation and the live world are
// brought to this shape by sim-runner.ts and live-runner.ts; the runner knows no more of them.
import type { History } from "../invariants/history.ts";
import type { CheckOutcome } from "../invariants/result.ts";
import type { Ability, Scenario } from "../scenarios/format/types.ts";
import type { SweepPoint, SweepSight } from "../live/faults/statement-sweep.ts";
import type { WorldName } from "../reports/reporter.ts";

/** What one run of one scenario left behind, before anybody judged it. */
export interface Observed {
  readonly history: History;
  readonly checks: readonly CheckOutcome[];
  /** How often each kind of fault really happened. */
  readonly faults: Readonly<Record<string, number>>;
  /** Faults that the scenario arranged and that never happened. */
  readonly unusedFaults: readonly string[];
  /** Accidents that the scenario has pinned and that never came to pass, as its file says them. */
  readonly unstruckAccidents?: readonly string[];
  /** What was noticed on the way and is no fault. */
  readonly observations?: readonly string[];
  /** What the run found lacking on its way, in words: then it says nothing, and is blocked like one that was never
   *  begun. */
  readonly missing?: readonly string[];
  /** Of what is missing: no other world or hook would have it either. */
  readonly isInapplicable?: true;
  readonly digest?: string;
  readonly virtualMs?: number;
  /** Kernel events taken; only the simulation counts them. */
  readonly events?: number;
  /** Of a run with a window. */
  readonly sweep?: SweepSight;
  /** What the subject last said, where it was a process and the scenario went wrong. */
  readonly notes?: readonly string[];
}

export interface RunOptions {
  readonly seed: string;
  /** In the live world: a window in which statements are counted, and where in it the server crashes. */
  readonly sweep?: SweepPoint;
  /** Aborted by Ctrl-C: stop, clean up, and reject. */
  readonly signal: AbortSignal;
}

export interface WorldRunner {
  readonly world: WorldName;
  readonly abilities: ReadonlySet<Ability>;
  /** Scenarios side by side; 1 where the world has one thread. */
  readonly workers: number;
  /** How long a scenario will wait in real time; the longest are begun first. Absent: the order of the list.
   *  Units: milliseconds. */
  waitsMs?(scenario: Scenario): number;
  /** The words behind the program's name that run a scenario again. Default: the world's own command. */
  replayWords?(scenario: Scenario, seed: string): readonly string[];
  /** What it lacks for a scenario beside abilities, in words. */
  lacks?(scenario: Scenario): readonly string[];
  /** Brings up what every run depends on. Only after it `lacks` knows everything.
   *  Errors: SetupError; then nothing is run in this world. */
  ready?(scenarios: readonly Scenario[]): Promise<void>;
  /** Told what is going to be run, before the first run. */
  prepare?(scenarios: readonly Scenario[]): void;
  /** Bounds itself: a run that does not end is a failed check, not a promise that hangs.
   *  Errors: SetupError where the world cannot be brought up; anything else is a bug of ours. */
  run(scenario: Scenario, options: RunOptions): Promise<Observed>;
  /** Ends what the world started. Called once, also after an interruption. */
  close(): Promise<void>;
}
