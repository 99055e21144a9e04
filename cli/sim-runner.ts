// The simulation as the runner sees it.
import type { Requirement } from "../protocol/requirement.ts";
import { type SimRun, simulate } from "../sim/run.ts";
import { accidentLine } from "../scenarios/format/accident-lines.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import type { SimProtocol } from "../sim/world/protocol.ts";
import { simAbilities } from "../sim/world/world.ts";
import { checksOf } from "./checks.ts";
import { buildOf } from "../explore/search-trial.ts";
import { mutantOrUsageError, protocolOf } from "./protocols.ts";
import type { Observed, WorldRunner } from "./world-runner.ts";

/** `mutant`: instead of the reference. */
export function createSimRunner({ mutant }: { readonly mutant?: string } = {}): WorldRunner {
  return {
    world: "sim",
    abilities: simAbilities,
    workers: 1,
    async run(scenario, { seed }) {
      const protocol = protocolOf(scenario.protocol);
      const { sim } = await buildOf(protocol, mutantOrUsageError(protocol, mutant));
      return simulateAs(sim, protocol.requirements, { scenario, seed });
    },
    close: () => Promise.resolve(),
  };
}

/** A run of any build of a protocol.  Errors: those of `simulate`. */
export async function simulateAs(
  sim: SimProtocol,
  requirements: readonly Requirement[],
  { scenario, seed }: { readonly scenario: Scenario; readonly seed: string },
): Promise<Observed> {
  return observedOf(await simulate({ scenario, protocol: sim, seed }), requirements);
}

function observedOf(run: SimRun, requirements: readonly Requirement[]): Observed {
  return {
    history: run.history,
    ...checksOf(run.checks, run.unusedFaults, requirements),
    faults: Object.fromEntries(run.faultCounts),
    unstruckAccidents: run.unstruckAccidents.map(accidentLine),
    digest: run.digest,
    virtualMs: run.virtualMs,
    events: run.events,
  };
}
