// What a search came to so far, and what may be said of it: a search that found nothing says little where it reached
// little, and then it says so.
import type { Coverage } from "./coverage.ts";
import { rateText } from "./residual-risk.ts";
import type { Finding } from "./search-findings.ts";
import type { SearchProtocol } from "./search-protocol.ts";

export interface SearchTally {
  readonly protocol: string;
  readonly runs: number;
  /** Of the kernel. */
  readonly events: number;
  readonly cases: readonly { readonly law: string; readonly cases: number }[];
  /** How often each kind of fault really happened. */
  readonly faults: Readonly<Record<string, number>>;
  readonly coverage: Coverage;
  /** Plans that reached something new. */
  readonly kept: number;
  /** The last tenth of the runs, and the situations that were new in it. */
  readonly lastRuns: number;
  readonly newInLast: number;
  /** Runs that were made twice, and the seeds of those that were not the same. */
  readonly repeated: number;
  readonly drifted: readonly string[];
  readonly findings: readonly Finding[];
}

/** Above one new situation in so many runs, a search has not come to the end of what it can reach. */
const runsPerNewSituation = 2;

/** Why a search that found nothing is no proof of anything, one sentence each; empty where it reached enough. */
export function reasonsForDoubt(tally: SearchTally, protocol: SearchProtocol): readonly string[] {
  const { runs, lastRuns, newInLast, cases, faults } = tally;
  if (runs === 0) return ["no plan was run"];
  const doubts: string[] = [];
  if (newInLast * runsPerNewSituation > lastRuns) {
    const rate = rateText({ events: newInLast, of: lastRuns });
    doubts.push(
      `the last ${lastRuns} plans still reached ${newInLast} situations for the first time (${rate} a plan): more plans would reach more`,
    );
  }
  const isAdvice = new Set(protocol.laws.filter((law) => law.isAdvice === true).map(({ id }) => id));
  const idle = cases.filter((law) => law.cases === 0 && !isAdvice.has(law.law)).map(({ law }) => law);
  if (idle.length > 0)
    doubts.push(
      `${idle.length === 1 ? "a law" : `${idle.length} laws`} never had a case: ${idle.join(", ")}`,
    );
  const missing = protocol.situationSpace.fault.filter(
    (kind) => kind !== "none" && (faults[kind] ?? 0) === 0,
  );
  if (missing.length > 0) doubts.push(`these faults never happened: ${missing.join(", ")}`);
  return doubts;
}
