// A run that found out, before its first step, that it cannot be had.
import type { Scenario } from "../scenarios/format/types.ts";
import type { LiveRun } from "./run.ts";

/** Nothing happened, for these reasons. */
export function blockedRun(scenario: Scenario, seed: string, missing: readonly string[]): LiveRun {
  const { protocol, id, config, processes } = scenario;
  return {
    history: {
      protocol,
      scenario: id,
      seed,
      world: "live",
      settings: { ...config, processes },
      events: [],
    },
    checks: [],
    faultCounts: new Map(),
    unusedFaults: [],
    observations: [],
    durationMs: 0,
    serverOutput: [],
    wire: { entries: [], tokens: [], users: {}, isCut: false },
    missing,
  };
}
