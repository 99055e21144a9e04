// The numbers under a run. Every reporter takes them from here, so no two formats can count differently.
import type { RunResult, ScenarioOutcome, ScenarioResult } from "../invariants/result.ts";

export interface Totals {
  readonly scenarios: number;
  readonly pass: number;
  readonly fail: number;
  readonly drifted: number;
  readonly blocked: number;
  readonly error: number;
  readonly skipped: number;
}

/** Laws over a whole run. A law counts once: violated if it was anywhere, held if it held anywhere, else without a
 *  case: nothing that it speaks about ever came up, which is not a success. */
export interface LawTotals {
  readonly held: readonly string[];
  readonly violated: readonly string[];
  readonly withoutCase: readonly string[];
}

/** A scenario that both worlds ran and judged differently. */
export interface Disagreement {
  readonly id: string;
  readonly sim: ScenarioOutcome;
  readonly live: ScenarioOutcome;
}

export function totalsOf(results: readonly ScenarioResult[]): Totals {
  const count = (outcome: ScenarioOutcome): number =>
    results.filter((result) => result.outcome === outcome).length;
  return {
    scenarios: results.length,
    pass: count("pass"),
    fail: count("fail"),
    drifted: count("drifted"),
    blocked: count("blocked"),
    error: count("error"),
    skipped: count("skipped"),
  };
}

export function lawTotalsOf(results: readonly ScenarioResult[]): LawTotals {
  const seen = new Map<string, "held" | "violated" | "withoutCase">();
  for (const { law, verdict } of results.flatMap((result) => result.judgements)) {
    if (verdict.outcome === "violated") seen.set(law, "violated");
    else if (verdict.outcome === "holds") {
      if (seen.get(law) !== "violated") seen.set(law, "held");
    } else if (!seen.has(law)) seen.set(law, "withoutCase");
  }
  const those = (kind: string): readonly string[] =>
    [...seen].filter(([, found]) => found === kind).map(([law]) => law);
  return { held: those("held"), violated: those("violated"), withoutCase: those("withoutCase") };
}

/** Scenarios that passed in one world and failed in the other, in the order of the run. */
export function disagreementsOf(run: Pick<RunResult, "results">): readonly Disagreement[] {
  const simById = new Map(
    run.results.filter(({ world }) => world === "sim").map(({ id, outcome }) => [id, outcome]),
  );
  return run.results.flatMap(({ world, id, outcome }) => {
    const sim = simById.get(id);
    if (world !== "live" || sim === undefined) return [];
    const isJudged = [sim, outcome].every((one) => one === "pass" || one === "fail");
    return isJudged && sim !== outcome ? [{ id, sim, live: outcome }] : [];
  });
}

/** Scenarios that no world gave a verdict on, because every one of them lacked an ability. */
export function unassessedIds(results: readonly ScenarioResult[]): readonly string[] {
  const assessed = new Set(results.filter(({ outcome }) => outcome !== "blocked").map(({ id }) => id));
  const blocked = results.filter(({ outcome }) => outcome === "blocked").map(({ id }) => id);
  return [...new Set(blocked)].filter((id) => !assessed.has(id));
}
