// The order that is written down is the order of the run, and the run is the same with it and without.
import { describe, expect, test } from "vitest";
import { placeKey, type StatementOrder } from "../../scenarios/format/statement-order.ts";
import { scenarioProtocols } from "../../scenarios/catalogue.ts";
import { formatErrors, parseScenario } from "../../scenarios/format/parse.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import { simulate, type SimRun } from "../../sim/run.ts";
import { waveflowSim } from "../../sim/waveflow/binding.ts";
import { stormScenario } from "../storm.ts";
import { recordingOrder } from "./recorded-order.ts";

async function recorded(
  scenario: Scenario,
): Promise<{ readonly run: SimRun; readonly order: StatementOrder }> {
  const recorder = recordingOrder(waveflowSim, "compact");
  const run = await simulate({ scenario, protocol: recorder.sim, seed: scenario.seed ?? "1" });
  return { run, order: recorder.orderOf(run.history) };
}

function scenarioOf(text: string): Scenario {
  const head = "id: waveflow/test/case\ntitle: A case\nprotocol: waveflow/1\nrequirements: [WF-PUSH-8]\n";
  const parsed = parseScenario(head + text, { protocols: scenarioProtocols });
  if (!parsed.ok) throw new Error(formatErrors(parsed.errors));
  return parsed.scenario;
}

const nameOf = ({ device, purpose, statement }: StatementOrder[number]): string =>
  `${device} ${purpose} ${statement}`;

describe("the order of a run's statements", () => {
  test("is looked at and not touched: the digest is that of the plain run", async () => {
    for (const seed of ["order-1", "order-2", "order-3"]) {
      const scenario = stormScenario(seed);
      const { run } = await recorded(scenario);
      const plain = await simulate({ scenario, protocol: waveflowSim, seed });
      expect(run.digest).toBe(plain.digest);
    }
  });

  test("names every statement once, and lets it wait for earlier ones of other transactions only", async () => {
    const { order } = await recorded(stormScenario("order-4"));
    expect(order.length).toBeGreaterThan(100);
    expect(new Set(order.map(placeKey)).size).toBe(order.length);
    for (const [place, one] of order.entries()) {
      for (const earlier of one.after) {
        expect(earlier).toBeLessThan(place);
        expect(placeKey({ ...order[earlier]!, statement: "", nth: 0 })).not.toBe(
          placeKey({ ...one, statement: "", nth: 0 }),
        );
      }
    }
  });

  test("has a push behind the commit of the one before it, and nothing waits for who waits for a lock", async () => {
    const { order } = await recorded(
      scenarioOf(`
needs: [statements]
devices: [laptop, phone]
steps:
  - laptop: edit song/1 title=A
  - phone: edit song/1 title=B
  - server: hold laptop push before commit
  - start: [{ laptop: push }]
  - wait: 100ms
  - start: [{ phone: push }]
  - wait: 100ms
  - server: release laptop push
  - finish
`),
    );
    const names = order.map(nameOf);
    const locked = names.indexOf("phone push lockUser");
    const committed = names.indexOf("laptop push commit");
    // It came before the commit and had its lock after it, so what follows the lock waits for the commit.
    expect(locked).toBeLessThan(committed);
    const next = order.findIndex(
      (one, place) => place > locked && one.device === "phone" && one.purpose === "push",
    );
    expect(order[next]!.after).toContain(committed);
    expect(order[committed]!.after).not.toContain(locked);
  });
});
