// What was found once and must not come back: scenarios/regressions, run before anything is searched.
import { judge } from "../invariants/judge.ts";
import type { ScenarioResult } from "../invariants/result.ts";
import type { Build } from "../explore/trial.ts";
import type { SearchProtocol } from "../explore/search-protocol.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { assess, errorResult } from "./assess.ts";
import { replayCommand } from "./invocation.ts";
import { defaultSeed } from "./run-scenarios.ts";
import { simulateAs } from "./sim-runner.ts";

/** Errors: none; what goes wrong is in the result. */
export async function runRegression(
  build: Build,
  scenario: Scenario,
  protocol: SearchProtocol,
): Promise<ScenarioResult> {
  const seed = scenario.seed ?? defaultSeed;
  const replay = replayCommand(["sim", scenario.id, "--seed", seed]);
  const attempt = { scenario, world: "sim", seed, replay } as const;
  const startedAt = performance.now();
  const durationMs = (): number => Math.round(performance.now() - startedAt);
  try {
    const observed = await simulateAs(build.sim, protocol.requirements, { scenario, seed });
    return assess(attempt, observed, {
      judge: (history) => judge(history, build.laws),
      durationMs: durationMs(),
    });
  } catch (error) {
    return errorResult(attempt, error, durationMs());
  }
}
