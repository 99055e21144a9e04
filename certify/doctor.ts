// What can be found out about a target before it is certified: what works, what is missing, and what of each level that
// leaves to assess. One op is pushed for one fresh user; it judges nothing, and a rule that is broken here is broken in
// certification as well.
import { foreignLacks } from "../live/subjects/foreign-command.ts";
import type { LiveRunner } from "../live/run.ts";
import type { ProcessStanding } from "../live/world/process-standing.ts";
import type { HookStanding } from "../live/world/target-check.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { type CertificationProfile, levelOf } from "./levels.ts";
import type { ProbeTarget } from "./probe.ts";

/** One line of what was found. */
export interface Symptom {
  readonly name: string;
  readonly works: boolean;
  /** What was seen, in a few words. */
  readonly seen: string;
}

/** The simplest use of a protocol, one step after another; what a step needs of one that failed is left out.
 *  Errors: only bugs of ours. */
export type Checkup = (target: ProbeTarget) => Promise<readonly Symptom[]>;

export interface LevelOutlook {
  readonly name: string;
  readonly promise: string;
  /** Checks that can be assessed, of those that there are. */
  readonly possible: number;
  readonly checks: number;
  /** What would unlock the rest, and how many checks each is lacking for. */
  readonly missing: readonly { readonly text: string; readonly checks: number }[];
}

export interface Diagnosis {
  readonly symptoms: readonly Symptom[];
  readonly levels: readonly LevelOutlook[];
}

export interface Patient {
  readonly runner: LiveRunner;
  readonly profile: CertificationProfile;
  readonly checkup: Checkup;
  readonly scenarios: readonly Scenario[];
  /** What this machine lacks for a scenario, in words. */
  readonly placeLacks: (scenario: Scenario) => readonly string[];
}

/** Errors: `SubjectFailed` for a server of which nothing can be said. */
export async function examine(patient: Patient): Promise<Diagnosis> {
  const { runner, profile, checkup } = patient;
  const begunAt = performance.now();
  const { standing, usedUp } = await runner.assess(profile.protocol);
  const tookMs = Math.round(performance.now() - begunAt);
  const symptoms: Symptom[] = [{ name: "server", works: true, seen: `takes requests after ${tookMs} ms` }];
  const lent = await runner.probeTarget(profile.protocol);
  try {
    symptoms.push(...(await checkup(lent)));
    symptoms.push(...(await hookSymptoms(lent, standing)));
  } finally {
    lent.release();
  }
  symptoms.push(...processSymptoms(await runner.tryProcesses(profile.protocol)));
  if (usedUp.length > 0) {
    symptoms.push({
      name: "users of the list",
      works: false,
      seen: `${usedUp.length} have a history already and serve nobody: ${usedUp.join(", ")}`,
    });
  }
  return {
    symptoms,
    levels: profile.levels.map(({ name, promise }) => ({ name, promise, ...outlook(name, patient) })),
  };
}

async function hookSymptoms(
  target: ProbeTarget,
  standing: { readonly compact: HookStanding; readonly clock: HookStanding },
): Promise<readonly Symptom[]> {
  const hooks = [
    {
      name: "compact hook",
      standing: standing.compact,
      path: "/control/compact",
      body: { user: target.freshUser() },
    },
    { name: "clock hook", standing: standing.clock, path: "/control/clock", body: { advance_ms: 0 } },
  ];
  const symptoms: Symptom[] = [];
  for (const hook of hooks) {
    const { works, seen } = hook.standing;
    symptoms.push({ name: hook.name, works, seen });
    if (target.controlUrl === undefined || !hook.standing.isThere) continue;
    symptoms.push(await closedWithoutToken(`${target.controlUrl}${hook.path}`, hook));
  }
  return symptoms;
}

/** Source: certification.md section 2: 404 without the token. */
async function closedWithoutToken(
  url: string,
  hook: { readonly name: string; readonly body: unknown },
): Promise<Symptom> {
  const statuses: number[] = [];
  for (const headers of [{}, { authorization: "Bearer no-such-token" }]) {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(hook.body),
      redirect: "manual",
      signal: AbortSignal.timeout(10_000),
    }).catch(() => undefined);
    await response?.body?.cancel();
    statuses.push(response?.status ?? 0);
  }
  const isClosed = statuses.every((status) => status === 404);
  const seen = `answers ${statuses[0]} without a token and ${statuses[1]} with a wrong one`;
  return { name: `${hook.name} closed`, works: isClosed, seen: isClosed ? seen : `${seen}; expected 404` };
}

function processSymptoms(standing: Partial<ProcessStanding>): readonly Symptom[] {
  const { second, crash, stop, database } = standing;
  const rest = {
    name: "processes, database",
    works: false,
    seen: "not in our hands: a server at an address",
  };
  return [
    ...(second === undefined ? [] : [{ name: "second process", ...second }]),
    ...(crash === undefined ? [] : [{ name: "crash", ...crash }]),
    ...(stop === undefined ? [] : [{ name: "orderly stop", ...stop }]),
    database === undefined ? rest : { name: "database", ...database },
  ];
}

function outlook(level: string, patient: Patient): Omit<LevelOutlook, "name" | "promise"> {
  const { profile, runner, scenarios, placeLacks } = patient;
  const own = scenarios.filter(
    (scenario) => scenario.protocol === profile.protocol && levelOf(scenario, profile) === level,
  );
  const lacks = own.map((scenario) => [
    ...new Set([...foreignLacks(scenario), ...runner.lacks(scenario), ...placeLacks(scenario)]),
  ]);
  const counts = new Map<string, number>();
  for (const text of lacks.flat()) counts.set(text, (counts.get(text) ?? 0) + 1);
  return {
    checks: own.length,
    possible: lacks.filter((list) => list.length === 0).length,
    missing: [...counts]
      .map(([text, checks]) => ({ text, checks }))
      .sort((left, right) => right.checks - left.checks || (left.text < right.text ? -1 : 1)),
  };
}
