// One job of a search and what it came to, as small data that travels between threads: a plan (or the seed of one) in, a
// digest, situations as numbers and the violated laws out. What needs the whole history is run again by whoever wants it.
import type { Judgement } from "../invariants/verdict.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { sameAgain } from "./audit.ts";
import { loadMutant } from "./mutants/load.ts";
import { searchProtocolOf } from "./protocols.ts";
import type { SearchProtocol } from "./search-protocol.ts";
import { signatureOf } from "./shrink/signature.ts";
import { situationNumbers } from "./coverage.ts";
import { type Build, tryPlan } from "./trial.ts";

export interface TrialJob {
  /** `<name>/<version>` */
  readonly protocol: string;
  /** The name of a mutant to run instead of the reference. */
  readonly mutant?: string;
  /** A plan, or the seed that the protocol's plan is made of. */
  readonly plan: Scenario | string;
  /** The seed of its fates; absent means the plan's own. */
  readonly seed?: string;
  /** The run is made twice, and both have to be the same. */
  readonly isRepeated?: boolean;
  /** What the run has met is reported too. */
  readonly wantsSituations?: boolean;
}

export interface ViolationReport {
  readonly law: string;
  /** How it is broken, whoever broke it: what violations are grouped by. */
  readonly signature: string;
  readonly explanation: string;
}

export interface TrialReport {
  readonly seed: string;
  readonly digest: string;
  /** Of the kernel. */
  readonly events: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Cases per law, in the order of the protocol's laws; 0 where it had none. */
  readonly cases: readonly number[];
  /** Distinct situations, by number, rising. */
  readonly situations: readonly number[];
  readonly violations: readonly ViolationReport[];
  /** What the run ended with instead of a history: a bug, or no end at all. */
  readonly error?: string;
  /** Where the second run was another one, in a sentence. */
  readonly drift?: string;
}

/** A plan takes a few thousand events, and one that takes this many does not end.  */
const eventsMax = 300_000;

/** Runs jobs; keeps the mutants that it has loaded. */
export function createTrialRunner(): (job: TrialJob) => Promise<TrialReport> {
  const builds = new Map<string, Promise<Build>>();
  return async (job) => {
    const protocol = searchProtocolOf(job.protocol);
    const key = `${job.protocol} ${job.mutant ?? ""}`;
    let build = builds.get(key);
    if (build === undefined) builds.set(key, (build = buildOf(protocol, job.mutant)));
    return runJob(protocol, await build, job);
  };
}

/** The reference, or one of its mutants.  Errors: RangeError for a mutant that is not there; `EditMisplaced`. */
export async function buildOf(
  protocol: Pick<SearchProtocol, "id" | "sim" | "laws" | "binding" | "mutants">,
  mutant: string | undefined,
): Promise<Build> {
  const { sim, laws, binding, mutants } = protocol;
  if (mutant === undefined) return { sim, laws };
  const found = mutants.find(({ name }) => name === mutant);
  if (found === undefined) throw new RangeError(`${protocol.id} has no mutant "${mutant}"`);
  return { sim: await loadMutant(binding, found), laws };
}

async function runJob(protocol: SearchProtocol, build: Build, job: TrialJob): Promise<TrialReport> {
  const plan = typeof job.plan === "string" ? protocol.plan(job.plan) : job.plan;
  const seed = job.seed ?? plan.seed ?? "1";
  try {
    const trial = await tryPlan(build, plan, { seed, eventsMax });
    const { run, judgements, violations } = trial;
    const situations =
      job.wantsSituations === true
        ? situationNumbers(protocol.situationSpace, protocol.situationsOf(run.history))
        : [];
    const parting = job.isRepeated === true ? await sameAgain(build, trial) : undefined;
    return {
      seed,
      digest: run.digest,
      events: run.events,
      faults: Object.fromEntries(run.faultCounts),
      cases: judgements.map(({ verdict }) =>
        verdict.outcome === "holds" ? verdict.cases : verdict.outcome === "violated" ? 1 : 0,
      ),
      situations,
      violations: [...violations].sort(byCompletion).map((judgement) => ({
        law: judgement.law,
        signature: signatureOf(judgement, run.history),
        explanation: judgement.verdict.outcome === "violated" ? judgement.verdict.witness.explanation : "",
      })),
      ...(parting === undefined ? {} : { drift: parting.firstDifference }),
    };
  } catch (error) {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const nothing = { digest: "", events: 0, faults: {}, cases: [], situations: [], violations: [] };
    return { seed, ...nothing, error: text };
  }
}

/** Whose contradiction was complete first: what went wrong first is nearest to the cause. */
const byCompletion = (left: Judgement, right: Judgement): number => completeAt(left) - completeAt(right);

const completeAt = ({ verdict }: Judgement): number =>
  verdict.outcome === "violated" ? (verdict.witness.events.at(-1) ?? 0) : Infinity;
