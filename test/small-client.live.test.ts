// Judging clients, held to a client that nobody here wrote for the purpose: as it is, it passes what it declares; with a
// mistake that people make, it is refused, and for the rule that the mistake breaks.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blameOf } from "../certify/blame.ts";
import type { DriverCommand } from "../certify/client/driver-process.ts";
import { examineDriver } from "../certify/client/examine-driver.ts";
import type { ClientRuns, ClientScenario } from "../certify/client/protocol.ts";
import { waveflowClient } from "../certify/waveflow/client.ts";
import { assess } from "../cli/assess.ts";
import { checksOf } from "../cli/checks.ts";
import { judge } from "../invariants/judge.ts";
import type { ScenarioResult } from "../invariants/result.ts";
import { loadCatalogue } from "../scenarios/catalogue.ts";

const driver = [process.execPath, "test/small-client/driver.mjs"] as const;
const commandWith = (defect: string): DriverCommand => ({
  file: "env",
  args: [`DEFECT=${defect}`, ...driver],
});
const times = { greetingMs: 20_000, replyMs: 20_000 };
const rules = new Set(waveflowClient.requirements.map(({ id }) => id));

let runs: ClientRuns;
let scenarios: ReadonlyMap<string, ClientScenario>;

beforeAll(async () => {
  const command = commandWith("");
  const client = await examineDriver(command, times);
  const all = waveflowClient.scenarios(loadCatalogue().scenarios, client);
  scenarios = new Map(all.map((one) => [one.scenario.id, one]));
  const { greeting } = client;
  const database = { kind: "embedded" } as const;
  runs = await waveflowClient.openRuns({
    ...{ command, times, greeting, database, patienceMs: 600, scenarioTimeoutMs: 30_000 },
  });
  runs.prepare([scenarios.get("waveflow/client/acks-what-it-has-read")!.scenario]);
}, 40_000);

afterAll(() => runs.close(), 20_000);

async function resultOf(id: string, defect: string): Promise<ScenarioResult> {
  const { scenario } = scenarios.get(id)!;
  const { signal } = new AbortController();
  const command = commandWith(defect);
  const run = await runs.run(scenario, { seed: "1", signal, command, settleMaxMs: 3_000 });
  const { history } = run;
  const checked = checksOf(run.checks, run.unusedFaults, waveflowClient.requirements);
  const observed = { history, ...checked, faults: {}, notes: run.driverOutput };
  return assess({ scenario, world: "live", seed: "1", replay: "" }, observed, {
    judge: (told) => judge(told, waveflowClient.laws),
    durationMs: 0,
  });
}

/** What fails a result, for a message. */
const failuresOf = ({ checks, judgements, unusedFaults }: ScenarioResult): unknown => ({
  checks: checks.filter(({ pass }) => !pass),
  laws: judgements.filter(({ verdict }) => verdict.outcome === "violated"),
  unusedFaults,
});

/** A mistake, where it shows, and the rule that it breaks. */
const defects: readonly (readonly [defect: string, scenario: string, rule: string])[] = [
  ["forgets-queue", "waveflow/client/killed-with-a-queue", "WF-DEV-3"],
  ["any-200", "waveflow/device/captive-portal/200-html", "WF-DEV-4"],
  ["any-400", "waveflow/device/answers-of-somebody-else/400-json-1", "WF-DEV-4"],
  ["cursor-first", "waveflow/client/killed-between-two-pages/3", "WF-DEV-9"],
  ["cursor-from-push", "waveflow/client/acks-what-it-has-read", "WF-DEV-9"],
  ["acks-ahead", "waveflow/client/acks-what-it-has-read", "WF-DEV-9"],
  ["no-restamp", "waveflow/client/stamps-that-are-too-low", "WF-DEV-6"],
  ["clock-in-memory", "waveflow/client/clock-survives-a-kill", "WF-DEV-1"],
  ["deaf-clock", "waveflow/client/clock-rises-above-what-it-reads", "WF-DEV-1"],
  ["resync-wipes", "waveflow/client/resync-keeps-the-queue", "WF-DEV-11"],
  ["ignores-410", "waveflow/client/resync-keeps-the-queue", "WF-DEV-11"],
  ["reuses-ids", "waveflow/client/another-life-other-operations", "WF-DEV-3"],
  ["new-id-on-retry", "waveflow/duplicates/after-a-lost-reply", "WF-DEV-3"],
  ["no-barrier", "waveflow/state/delete-is-a-barrier", "WF-STATE-2"],
  ["stamp-decides", "waveflow/client/the-higher-id-wins", "WF-STATE-1"],
  ["mine-by-device", "waveflow/device/own-op-comes-back", "WF-DEV-8"],
  ["remote-hides", "waveflow/device/pending-stays-on-top", "WF-DEV-7"],
  ["parks-nothing", "waveflow/device/op-of-a-newer-build", "WF-DEV-12"],
  ["poison-blocks", "waveflow/device/dead-letter/invalid-op", "WF-DEV-5"],
  ["asks-after-401", "waveflow/auth/refused-token-rests", "WF-DEV-5"],
  ["local-leaks", "waveflow/modes/local", "WF-DEV-13"],
  ["one-for-all", "waveflow/device/account-with-a-log-of-its-own", "WF-DEV-14"],
  ["sign-out-forgets", "waveflow/client/sign-out-keeps-what-waits", "WF-DEV-15"],
];

describe.concurrent("the small client", () => {
  test.each(defects)("that %s is refused in %s for %s", { timeout: 30_000 }, async (defect, id, rule) => {
    const result = await resultOf(id, defect);
    expect(result.outcome, JSON.stringify(failuresOf(result))).toBe("fail");
    const { requirements, why } = blameOf(result, rules);
    expect(requirements, why).toContain(rule);
    expect(requirements.length, why).toBeLessThanOrEqual(2);
  });

  test.each([...new Set(defects.map(([, id]) => id))])(
    "as it is passes %s",
    { timeout: 30_000 },
    async (id) => {
      const result = await resultOf(id, "");
      expect(result.outcome, JSON.stringify(failuresOf(result))).toBe("pass");
    },
  );
});
