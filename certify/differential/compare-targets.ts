// The same scenarios on two targets, and where they part. A scenario that one of the two cannot run says nothing.
import type { Scenario } from "../../scenarios/format/types.ts";
import type { WireWords } from "../script/wire-words.ts";
import { compareRuns, type ComparedRun } from "./compare-runs.ts";
import { type DifferenceGroup, differencesOf, type FoundDifference } from "./differences.ts";

export type RunOnTarget = (
  scenario: Scenario,
  options: { readonly seed: string; readonly signal: AbortSignal },
) => Promise<ComparedRun & { readonly missing?: readonly string[] }>;

export interface CompareTargetsOptions {
  readonly scenarios: readonly Scenario[];
  /** The target under test, and the one that it is held against. */
  readonly here: RunOnTarget;
  readonly there: RunOnTarget;
  readonly words: WireWords;
  readonly seedOf: (scenario: Scenario) => string;
  /** Scenarios side by side. */
  readonly width: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface ComparedTargets {
  readonly groups: readonly DifferenceGroup[];
  readonly differences: readonly FoundDifference[];
  /** Scenarios that ran on both. */
  readonly compared: number;
  /** Those that one of the two could not run, or that were broken off. */
  readonly notCompared: readonly string[];
}

/** Runs every scenario on both, at the same time. Broken off, it hands back what there is. */
export async function compareTargets(options: CompareTargetsOptions): Promise<ComparedTargets> {
  const { scenarios, width, signal, onProgress } = options;
  const found: (readonly FoundDifference[] | undefined)[] = Array.from({ length: scenarios.length });
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < scenarios.length && !signal.aborted) {
      const place = next++;
      found[place] = await compareOne(scenarios[place]!, options);
      onProgress?.(++done, scenarios.length);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, width) }, work));
  const differences = found.flatMap((ofOne) => ofOne ?? []);
  return {
    groups: differencesOf(differences),
    differences,
    compared: found.filter((ofOne) => ofOne !== undefined).length,
    notCompared: scenarios.filter((_, place) => found[place] === undefined).map(({ id }) => id),
  };
}

async function compareOne(
  scenario: Scenario,
  { here, there, words, seedOf, signal }: CompareTargetsOptions,
): Promise<readonly FoundDifference[] | undefined> {
  const asked = { seed: seedOf(scenario), signal };
  const [mine, theirs] = await Promise.allSettled([here(scenario, asked), there(scenario, asked)]);
  if (mine.status === "rejected" || theirs.status === "rejected") return undefined;
  if ([mine, theirs].some(({ value }) => (value.missing ?? []).length > 0)) return undefined;
  const automatic = new Set(scenario.devices.filter((device) => device.automatic).map(({ name }) => name));
  return compareRuns(mine.value, theirs.value, { words, automatic }).map((difference) => ({
    ...difference,
    scenario: scenario.id,
  }));
}
