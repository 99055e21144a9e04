// The audit finds out what does not repeat, in this process and in a fresh one, and says where.
import { expect, test } from "vitest";
import { printOf, type RunPrint } from "../explore/audit.ts";
import type { Build } from "../explore/trial.ts";
import { searchProtocolOf } from "../explore/protocols.ts";
import { stormScenario } from "../explore/storm.ts";
import { waveflowLaws } from "../invariants/waveflow/index.ts";
import { simulate } from "../sim/run.ts";
import { waveflowSim } from "../sim/waveflow/binding.ts";
import { auditText, exitCodeOfAudit } from "./audit.ts";
import { type AuditedPlan, type AuditOptions, planKey, runAudit } from "./run-audit.ts";

const seeds = ["one", "two", "three"];
const storms = seeds.map((seed) => ({ seed, scenario: () => stormScenario(seed) }));
const references: Build = { sim: waveflowSim, laws: waveflowLaws };

const audit = (options: Partial<AuditOptions> = {}): Promise<readonly AuditedPlan[]> =>
  runAudit({
    plans: storms,
    buildOf: () => references,
    signal: new AbortController().signal,
    onRun: () => {},
    ...options,
  });

test("the references repeat, here and in a fresh process, storms and plans of a search", async () => {
  const { plan } = searchProtocolOf("waveflow/1");
  const searched = ["s-1", "s-2", "s-3"].map((seed) => ({ seed, scenario: () => plan(seed) }));
  let runs = 0;
  const audited = await audit({ plans: [...storms, ...searched], onRun: () => runs++ });
  expect(runs).toBe(6);
  expect(audited.map(({ seed, partings }) => [seed, partings])).toEqual(
    [...seeds, "s-1", "s-2", "s-3"].map((seed) => [seed, []]),
  );
  expect(auditText(audited, { asked: 6, missing: 0 })).toBe(
    "6 plans, each twice in this process and once in a fresh one: always the same run.\n",
  );
  expect(exitCodeOfAudit(audited, 0)).toBe(0);
});

test("what is the same in one process and another in the next is told with its first event", async () => {
  const hasRunLong: Build = {
    ...references,
    sim: {
      ...waveflowSim,
      createActor: (options) =>
        waveflowSim.createActor({ ...options, config: { ...options.config, drainIntervalMs: 2_345 } }),
    },
  };
  const audited = await audit({ plans: storms.slice(0, 1), buildOf: () => hasRunLong });
  expect(audited[0]!.partings).toEqual([
    {
      where: "in a fresh process",
      firstDifference: expect.stringMatching(/^event [\d,]+ at \d+\.\d{3} s: .+'s '.+' against /u),
    },
  ]);
  const text = auditText(audited, { asked: 1, missing: 0 });
  expect(text).toContain("waveflow/storm/one, seed one: another run in a fresh process\n  event ");
  expect(text).toContain("1 cannot be repeated.");
  expect(exitCodeOfAudit(audited, 0)).toBe(1);
});

test("what another machine has recorded is compared by checkpoints", async () => {
  const scenario = stormScenario("one");
  const print = printOf(await simulate({ scenario, seed: "one", protocol: waveflowSim }));
  const other: RunPrint = {
    ...print,
    digest: "0".repeat(16),
    checkpoints: print.checkpoints.with(1, "1".repeat(16)),
  };
  const recorded = new Map([[planKey({ id: scenario.id, seed: "one" }), other]]);
  const [audited] = await audit({ plans: storms.slice(0, 1), recorded });
  expect(audited!.partings).toEqual([
    {
      where: "than recorded",
      firstDifference: `between event 257 and event 512: digest ${print.digest} against ${other.digest}`,
    },
  ]);
});

test("an audit that could not compare everything says so", () => {
  expect(exitCodeOfAudit([], 2)).toBe(4);
  expect(auditText([], { asked: 2, missing: 2 })).toContain("compared with nothing else: 2.");
});
