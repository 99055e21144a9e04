// The crash sweep as one thing to certify: the statements of a step are counted, then the server is killed behind each of
// them, and all of these runs have to hold. What is shown of a sweep that fails is its first bad point.
import type { CertificationProfile } from "../certify/levels.ts";
import { judge } from "../invariants/judge.ts";
import type { ScenarioResult } from "../invariants/result.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { assess } from "./assess.ts";
import { protocolOf } from "./protocols.ts";
import { countStatements, runPoint, runsOf, type SweepRun, variantOf, windowText } from "./sweep-points.ts";
import type { CertifyItem } from "./certify-items.ts";
import type { Observed, RunOptions, WorldRunner } from "./world-runner.ts";

/** Points side by side: each has servers of its own. */
const pointsAtOnce = 3;

/** Scenarios that were made for the sweep stand in a folder of this name. */
export const isSweepScenario = ({ id }: Scenario): boolean => id.split("/")[1] === "sweep";

/** A sweep belongs to the level that crashes belong to. */
export function sweepItem(
  scenario: Scenario,
  profile: CertificationProfile,
): Pick<CertifyItem, "level" | "command" | "run"> {
  const level = profile.levelOfAbility("statements") ?? profile.levels[0]!.name;
  return { level, command: "sweep", run: (world, options) => runSweep(scenario, world, options) };
}

async function runSweep(scenario: Scenario, world: WorldRunner, options: RunOptions): Promise<Observed> {
  const counted = await countStatements(scenario, world, options);
  if (counted.kind === "fails") return counted.observed;
  if (counted.kind === "silent") {
    const reason = "statements that pass between the server and the DATABASE_URL that it is given";
    return { ...nothingSeen(scenario, options), missing: [reason] };
  }
  const { sweep } = counted;
  const queue = [...runsOf(sweep, ["kill"])];
  const count = queue.length;
  const bad: { readonly run: SweepRun; readonly observed: Observed; readonly result: ScenarioResult }[] = [];
  let last: Observed | undefined;
  const work = async (): Promise<void> => {
    for (let run = queue.shift(); run !== undefined; run = queue.shift()) {
      const observed = await runPoint(run, { world, scenario: variantOf(run), options });
      const result = resultOf(run, observed, options);
      if (result.outcome === "fail") bad.push({ run, observed, result });
      last = observed;
    }
  };
  await Promise.all(Array.from({ length: pointsAtOnce }, work));
  const text = `"${windowText(sweep.window)}": ${sweep.sight.statements.length} statements`;
  const [first] = bad.toSorted((left, right) => left.run.after - right.run.after);
  if (first === undefined) return { ...last!, observations: [`${text}, killed behind each of them`] };
  const places = bad.map(({ run }) => placeIn(run)).join("; ");
  return {
    ...first.observed,
    observations: [`${text}; of ${count} crash points ${bad.length} fail: ${places}`],
  };
}

function resultOf(run: SweepRun, observed: Observed, { seed }: RunOptions): ScenarioResult {
  const scenario = variantOf(run);
  const { laws } = protocolOf(scenario.protocol);
  const attempt = { scenario, world: "live", seed, replay: "" } as const;
  return assess(attempt, observed, { judge: (history) => judge(history, laws), durationMs: 0 });
}

function placeIn({ sweep, after }: SweepRun): string {
  return after === 0 ? "before the first" : `behind ${after}, ${sweep.sight.statements[after - 1]!.text}`;
}

const nothingSeen = ({ id, protocol }: Scenario, { seed }: RunOptions): Observed => ({
  history: { protocol, scenario: id, seed, world: "live", events: [] },
  checks: [],
  faults: {},
  unusedFaults: [],
});
