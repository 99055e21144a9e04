// The simulation as the runner sees it.
import { type SimRun, simulate } from "../sim/run.ts";
import { simAbilities } from "../sim/world/world.ts";
import { checksOf } from "./checks.ts";
import { protocolOf } from "./protocols.ts";
import type { Observed, WorldRunner } from "./world-runner.ts";

export function createSimRunner(): WorldRunner {
  return {
    world: "sim",
    abilities: simAbilities,
    workers: 1,
    run: async (scenario, { seed }) =>
      observedOf(await simulate({ scenario, protocol: protocolOf(scenario.protocol).sim, seed })),
    close: () => Promise.resolve(),
  };
}

function observedOf(run: SimRun): Observed {
  return {
    history: run.history,
    ...checksOf(run.checks, run.unusedFaults),
    faults: Object.fromEntries(run.faultCounts),
    digest: run.digest,
    virtualMs: run.virtualMs,
    events: run.events,
  };
}
