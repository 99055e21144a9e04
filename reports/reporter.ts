// What a reporter is. The runner calls the hooks in this order and waits for none but the last:
//   onRunBegin, (onScenarioBegin, onScenarioEnd | onProgress)*, onRunEnd
// Scenarios of one world may overlap. `onRunEnd` comes after an interruption too, so that what was found is never lost.
import type { RunResult, ScenarioResult } from "../invariants/result.ts";
import type { StoryLine } from "../invariants/story.ts";

export type WorldName = ScenarioResult["world"];

/** What is about to be run. */
export interface RunPlan {
  readonly version: string;
  readonly command: string;
  readonly worlds: readonly { readonly world: WorldName; readonly scenarios: number }[];
}

export interface ScenarioStart {
  readonly id: string;
  readonly title: string;
  readonly world: WorldName;
}

/** How far a storm has come: the same scenario generator under one seed after another. */
export interface StormProgress {
  readonly seedsDone: number;
  readonly seedsTotal: number;
  /** Kernel events of all seeds so far. */
  readonly events: number;
  readonly elapsedMs: number;
  /** How often each kind of fault really happened. */
  readonly faults: Readonly<Record<string, number>>;
  readonly violations: number;
  /** What the seeds are of, where they are no storms: `search`. */
  readonly name?: string;
  /** What is counted, where it is no seeds: `runs`. */
  readonly unit?: string;
  /** Distinct situations that were met. */
  readonly situations?: number;
  /** Where time is the bound and not the number of seeds. */
  readonly timeTotalMs?: number;
  /** What is being done beside, in a few words. */
  readonly note?: string;
  /** What is shown while it runs instead of the note and the faults, a line each. */
  readonly details?: readonly string[];
  /** What the end of the report says, where it is not the list of faults. */
  readonly closing?: readonly string[];
}

/** Tells the few events that lead to a violated law, or what happened last before a moment. Empty where no history was
 *  kept. */
export type Storyteller = (
  result: ScenarioResult,
  about: { readonly law: string } | { readonly before: number },
) => readonly StoryLine[];

export interface Reporter {
  onRunBegin?(plan: RunPlan): void;
  onScenarioBegin?(scenario: ScenarioStart): void;
  onScenarioEnd?(result: ScenarioResult): void;
  onProgress?(progress: StormProgress): void;
  /** Ctrl-C: what runs is ended, then comes `onRunEnd`. */
  onInterrupt?(): void;
  onRunEnd?(run: RunResult): void;
}
