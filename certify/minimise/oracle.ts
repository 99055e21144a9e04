// Whether a candidate still says what its scenario said: the reference, simulated, has to pass it. A step that an
// expectation leaned on may be gone, or a fault have nothing left to strike; then a failure on the target would prove
// nothing, and no run of it is spent on finding that out.
import { judge } from "../../invariants/judge.ts";
import { isFailing, type Law } from "../../invariants/verdict.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import { simulate } from "../../sim/run.ts";
import type { SimProtocol } from "../../sim/world/protocol.ts";

/** Whether a right server passes the scenario. */
export type Oracle = (scenario: Scenario) => Promise<boolean>;

/** What runs away is no smaller story. */
const eventsMax = 200_000;

export function simulatedOracle(
  protocol: SimProtocol,
  options: { readonly laws: readonly Law[]; readonly seed: string },
): Oracle {
  const { laws, seed } = options;
  return async (scenario) => {
    // A simulated run forbids its process timers as long as it lasts. It never returns to the event loop, so nobody
    // else is there to be hit, unless they stood in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      const run = await simulate({ scenario, protocol, seed, eventsMax });
      return run.checks.every(({ pass }) => pass) && !judge(run.history, laws).some(isFailing);
    } catch {
      // It makes no sense any more: a device that is down is looked at, a backup that nobody made is put back.
      return false;
    }
  };
}
