// What a certification runs: the scenarios that are about servers, the probes, and the crash sweeps, each as something
// that the runner can select, run, judge and report like a scenario.
import assert from "node:assert/strict";
import type { CheckOutcome } from "../invariants/result.ts";
import type { Requirement } from "../protocol/requirement.ts";
import { type CertificationProfile, levelOf } from "../certify/levels.ts";
import type { Probe, ProbeReport } from "../certify/probe.ts";
import { UsersExhausted } from "../live/subjects/token-source.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { rulesOf } from "./checks.ts";
import { isSweepScenario, sweepItem } from "./certify-sweep.ts";
import type { LiveWorldRunner } from "./live-runner.ts";
import type { Observed, RunOptions, WorldRunner } from "./world-runner.ts";

/** How long one probe may take.  Units: milliseconds. */
const probeBudgetMs = 60_000;

export interface CertifyItem {
  readonly scenario: Scenario;
  readonly level: string;
  readonly isProbe: boolean;
  /** The command that runs it again, where it is no scenario for the live world. */
  readonly command?: string;
  /** Absent: as every scenario is run. */
  run?(world: WorldRunner, options: RunOptions): Promise<Observed>;
}

/** What probes leave behind beside their results. */
export interface ProbeNotes {
  readonly observations: string[];
  readonly unsupported: Set<string>;
}

export interface ItemSources {
  readonly scenarios: readonly Scenario[];
  readonly probes: readonly Probe[];
  readonly profile: CertificationProfile;
  /** To be given back. */
  /** Lends the server under test to the probes. Absent: nothing is going to be run. */
  readonly lender?: Pick<LiveWorldRunner, "probeTarget">;
  readonly declared: Readonly<Record<string, boolean>>;
  readonly notes: ProbeNotes;
}

/** Everything that a certification can run, in the order of the levels: what says most about a server comes first. */
export function certifyItems(sources: ItemSources): readonly CertifyItem[] {
  const { profile } = sources;
  const items = [
    ...sources.probes.map((probe) => probeItem(probe, sources)),
    ...sources.scenarios.flatMap((scenario): readonly CertifyItem[] => {
      if (scenario.protocol !== profile.protocol) return [];
      const level = levelOf(scenario, profile);
      if (level === undefined) return [];
      const item = { scenario, level, isProbe: false };
      return isSweepScenario(scenario) ? [{ ...item, ...sweepItem(scenario, profile) }] : [item];
    }),
  ];
  const order = profile.levels.map(({ name }) => name);
  return items.toSorted((left, right) => order.indexOf(left.level) - order.indexOf(right.level));
}

function probeItem(probe: Probe, { profile, lender, declared, notes }: ItemSources): CertifyItem {
  return {
    scenario: scenarioOf(probe),
    level: probe.level,
    isProbe: true,
    command: "certify",
    async run(_world, { seed, signal }) {
      assert(lender !== undefined, "a probe is run against somebody");
      const target = await lender.probeTarget(probe.protocol);
      const options = { seed, signal, budgetMs: probeBudgetMs, declared };
      const report = await probe
        .run(target, options)
        .catch(blockedWithoutUsers)
        .finally(() => target.release());
      notes.observations.push(...report.observations);
      if (report.outcome === "unsupported") notes.unsupported.add(probe.id);
      return observedOf(report, { probe, seed, requirements: profile.requirements });
    },
  };
}

/** A list of users comes to its end like a hook that is not there.  Errors: all others. */
function blockedWithoutUsers(error: unknown): ProbeReport {
  if (!(error instanceof UsersExhausted)) throw error;
  const nothing = { findings: [], requirements: [], requests: 0, observations: [] };
  return { outcome: "blocked", missing: [error.message], ...nothing };
}

/** Without steps: what a probe does, it does by itself. */
const scenarioOf = ({ id, title, protocol, requirements }: Probe): Scenario => ({
  id,
  title,
  protocol,
  requirements,
  needs: [],
  devices: [],
  config: {},
  deviceConfig: {},
  trouble: {},
  processes: 1,
  steps: [],
  expect: {},
  settle: false,
});

function observedOf(
  report: ProbeReport,
  {
    probe,
    seed,
    requirements,
  }: { readonly probe: Probe; readonly seed: string; readonly requirements: readonly Requirement[] },
): Observed {
  if (report.outcome === "error") {
    throw new Error(
      `${probe.id}: ${report.findings.map(({ seen }) => seen).join("; ") || "no reason given"}`,
    );
  }
  const checks = report.findings.map(
    (finding): CheckOutcome => ({
      pass: false,
      line: 0,
      text: finding.text,
      expected: finding.expected,
      seen: finding.seen,
      requirements: finding.requirements,
      rules: rulesOf(finding.requirements, requirements),
      reproduce: finding.reproduce,
    }),
  );
  return {
    history: { protocol: probe.protocol, scenario: probe.id, seed, world: "live", events: [] },
    checks,
    faults: { requests: report.requests },
    unusedFaults: [],
    ...(report.outcome === "blocked" ? { missing: report.missing ?? ["what the probe needs"] } : {}),
  };
}
