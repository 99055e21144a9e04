// One mutant on trial: the scenario corpus once, then the search from each of several seed bases until it finds
// something. The reference goes through the same, so that an alarm about a mutant means something.
import type { SearchProtocol } from "../search-protocol.ts";
import { buildOf } from "../search-trial.ts";
import type { Build } from "../trial.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import { type Kill, verdictOnPlan, verdictOnScenario } from "./verdict-of-run.ts";

/** What of the protocol a trial needs. */
export type OnTrial = Pick<SearchProtocol, "id" | "sim" | "laws" | "plan" | "binding" | "mutants">;

/** A piece of work for one core. */
export interface TrialJob {
  /** `<name>/<version>` */
  readonly protocol: string;
  /** Absent: the reference. */
  readonly mutant?: string;
  readonly isCorpusRun: boolean;
  /** The search begins once from each. */
  readonly bases: readonly string[];
  /** Plans after which a base gives up. */
  readonly plansMax: number;
}

export interface ScenarioKill extends Kill {
  readonly scenario: string;
}

/** How long the search took from one base. */
export interface BaseOutcome {
  readonly base: string;
  /** Plans that were run, the one that killed included. */
  readonly plans: number;
  readonly milliseconds: number;
  /** Absent: nothing was found. */
  readonly kill?: Kill;
}

export interface TrialOutcome {
  readonly protocol: string;
  readonly mutant?: string;
  /** Scenarios that fail. */
  readonly corpus: readonly ScenarioKill[];
  /** In the order of the job; fewer of them where the search was given up. */
  readonly bases: readonly BaseOutcome[];
}

export interface TrialWorld {
  readonly protocol: OnTrial;
  /** Those of the protocol. */
  readonly scenarios: readonly Scenario[];
  /** The time of the machine, to measure with; decides nothing. */
  readonly nowMs: () => number;
}

/** Runs the job. The same job has the same outcome on every machine, milliseconds apart.
 *  Errors: `EditMisplaced`, `LawFailed`, an unknown mutant; the outcome of a broken build is data. */
export async function runTrial(job: TrialJob, world: TrialWorld): Promise<TrialOutcome> {
  const build = await buildOf(world.protocol, job.mutant);
  const corpus: ScenarioKill[] = [];
  for (const scenario of job.isCorpusRun ? world.scenarios : []) {
    const kill = await verdictOnScenario(build, scenario);
    if (kill !== undefined) corpus.push({ scenario: scenario.id, ...kill });
  }
  const bases: BaseOutcome[] = [];
  for (const base of job.bases) {
    if (job.mutant !== undefined && isHopeless(bases)) break;
    bases.push(await searchFrom(base, { build, job, world }));
  }
  const { protocol, mutant } = job;
  return { protocol, ...(mutant === undefined ? {} : { mutant }), corpus, bases };
}

/** A mutant that so many bases did not find fails the selftest anyway, and the rest would cost as much as all others. */
const hopelessAfter = 10;

const isHopeless = (bases: readonly BaseOutcome[]): boolean =>
  bases.length >= hopelessAfter && bases.every(({ kill }) => kill === undefined);

async function searchFrom(
  base: string,
  { build, job, world }: { readonly build: Build; readonly job: TrialJob; readonly world: TrialWorld },
): Promise<BaseOutcome> {
  const startedMs = world.nowMs();
  for (let plans = 1; ; plans++) {
    const seed = `${base}-${plans - 1}`;
    const kill = await verdictOnPlan(build, world.protocol.plan(seed), seed);
    if (kill === undefined && plans < job.plansMax) continue;
    const outcome = { base, plans, milliseconds: world.nowMs() - startedMs };
    return kill === undefined ? outcome : { ...outcome, kill };
  }
}
