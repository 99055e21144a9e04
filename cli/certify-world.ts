// The live world of a certification: scenarios run in it as they are, probes and sweeps in their own way.
import type { Scenario } from "../scenarios/format/types.ts";
import type { CertifyItem } from "./certify-items.ts";
import type { WorldRunner } from "./world-runner.ts";

export function certifyWorld(world: WorldRunner, items: ReadonlyMap<string, CertifyItem>): WorldRunner {
  const isPlain = ({ id }: Scenario): boolean => items.get(id)?.run === undefined;
  return {
    ...world,
    prepare: (scenarios) => world.prepare?.(scenarios.filter(isPlain)),
    replayWords(scenario, seed) {
      const [, ...words] = world.replayWords?.(scenario, seed) ?? ["live", scenario.id, "--seed", seed];
      return [items.get(scenario.id)?.command ?? "live", ...words];
    },
    run(scenario, options) {
      const item = items.get(scenario.id);
      return item?.run === undefined ? world.run(scenario, options) : item.run(world, options);
    },
  };
}
