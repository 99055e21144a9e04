// What is done with a certification's run before it is reported: for each rule that is broken, one failure is made small
// on the target.
import type { Certification } from "../invariants/certification-result.ts";
import type { RunResult, ScenarioResult } from "../invariants/result.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { type MinimalContext, withMinimalTrace } from "./certify-minimal.ts";

/** One for each broken rule, and for no more than this many rules: the rest waits until these are mended. */
export const defaultTracesMax = 5;

export async function withMinimalTraces(
  run: RunResult,
  {
    certification,
    scenarios,
    tracesMax,
    context,
  }: {
    readonly certification: Certification;
    /** Those that can be made small, by id. */
    readonly scenarios: ReadonlyMap<string, Scenario>;
    readonly tracesMax: number;
    readonly context: MinimalContext;
  },
): Promise<RunResult> {
  const chosen = representatives(certification, scenarios).slice(0, tracesMax);
  const minimal = new Map<string, ScenarioResult>();
  for (const id of chosen) {
    if (context.signal.aborted) break;
    const result = run.results.find((one) => one.id === id)!;
    minimal.set(id, await withMinimalTrace(result, scenarios.get(id)!, context));
  }
  return { ...run, results: run.results.map((result) => minimal.get(result.id) ?? result) };
}

/** For each broken rule the failing scenario that has the fewest steps; a scenario that breaks two stands for both. */
function representatives(
  { checks }: Certification,
  scenarios: ReadonlyMap<string, Scenario>,
): readonly string[] {
  const failing = checks.filter(({ outcome, expected }) => outcome === "fail" && expected === undefined);
  const chosen = new Set<string>();
  for (const ofRule of Map.groupBy(failing, ({ requirement }) => requirement).values()) {
    const candidates = ofRule.flatMap(({ scenario }) => scenarios.get(scenario) ?? []);
    if (candidates.some(({ id }) => chosen.has(id))) continue;
    const [smallest] = candidates.toSorted((left, right) => left.steps.length - right.steps.length);
    if (smallest !== undefined) chosen.add(smallest.id);
  }
  return [...chosen];
}
