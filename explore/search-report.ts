// What a search came to, as plain data that can be written down, put together with that of other shards, and told. Every
// report ends with what a clean search does not prove: a search that found nothing says little where it reached little,
// and then it says so.
import type { Scenario } from "../scenarios/format/types.ts";
import { Coverage, type Pair } from "./coverage.ts";
import { residualRisk } from "./residual-risk.ts";
import type { SearchProtocol } from "./search-protocol.ts";

/** A violation by its cause. */
export interface Finding {
  /** The law that was broken first, or `a run ends` where a run ended with a bug instead of a history. */
  readonly law: string;
  /** How it is broken, whoever broke it. */
  readonly signature: string;
  readonly explanation: string;
  /** Other laws that the first plan breaks. */
  readonly alsoBroken: readonly string[];
  /** The first plan that showed it, and the seed of its fates. */
  readonly plan: Scenario;
  readonly seed: string;
  /** Plans that were tried before it. */
  readonly runsBefore: number;
  /** Plans that showed it. */
  readonly count: number;
  /** True where no law spoke, but the run itself failed. */
  readonly isError: boolean;
}

export interface SearchReport {
  /** `<name>/<version>` */
  readonly protocol: string;
  readonly seed: string;
  /** The mutant that was searched instead of the reference. */
  readonly mutant?: string;
  readonly runs: number;
  /** Of the kernel. */
  readonly events: number;
  /** Cases per law. */
  readonly cases: Readonly<Record<string, number>>;
  /** How often each kind of fault really happened. */
  readonly faults: Readonly<Record<string, number>>;
  /** Distinct situations, as numbers in the protocol's space. */
  readonly situations: readonly number[];
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

/** A search that reached fewer of the possible pairs has reached little. Situations are no measure for that: there are
 *  millions of them, and after a hundred thousand plans one in a few still is new. */
const pairsAtLeast = { numerator: 2, denominator: 3 };
/** Values of the space that stand for none or for many. */
const noFaults: ReadonlySet<string> = new Set(["none", "something else"]);
/** Gaps that are told by name; all of them stand in the data. */
const gapsTold = 12;

/** Why a search that found nothing is no proof of anything, one sentence each; empty where it reached enough. */
export function reasonsForDoubt(report: SearchReport, protocol: SearchProtocol): readonly string[] {
  const { runs, cases, faults } = report;
  if (runs === 0) return ["no plan was run"];
  const doubts: string[] = [];
  const { reached, possible } = coverageOf(report, protocol).pairs();
  const least = Math.ceil((possible * pairsAtLeast.numerator) / pairsAtLeast.denominator);
  if (reached < least) {
    doubts.push(
      `it reached ${reached} of ${possible} possible pairs, and ${least} are expected: more plans would reach more`,
    );
  }
  const idle = protocol.laws.filter(({ id, isAdvice }) => isAdvice !== true && (cases[id] ?? 0) === 0);
  if (idle.length > 0) doubts.push(`laws that never had a case: ${idle.map(({ id }) => id).join(", ")}`);
  const missing = protocol.situationSpace.fault.filter((kind) => !noFaults.has(kind) && !(kind in faults));
  if (missing.length > 0) doubts.push(`faults that never happened: ${missing.join(", ")}`);
  return doubts;
}

/** Pairs that could have been met and never were. */
export const gapsOf = (report: SearchReport, protocol: SearchProtocol): readonly Pair[] =>
  coverageOf(report, protocol).gaps();

/** The end of every report: what was reached, what befell it, what it proves, and what it does not. */
export function searchLines(report: SearchReport, protocol: SearchProtocol): readonly string[] {
  const { runs, situations, lastRuns, newInLast, repeated, drifted, findings, kept } = report;
  const coverage = coverageOf(report, protocol);
  const { reached, possible } = coverage.pairs();
  const gaps = coverage.gaps();
  const found = findings.reduce((sum, { count }) => sum + count, 0);
  const doubts = reasonsForDoubt(report, protocol);
  const faults = Object.entries(report.faults).map(([kind, count]) => `${kind} ${count}`);
  const isClean = findings.length === 0 && drifted.length === 0;
  return [
    `reached: ${situations.length} distinct situations in ${runs} plans, ${reached} of ${possible} possible pairs; ${kept} plans kept for what they reached`,
    `new situations in the last tenth: ${newInLast} in ${lastRuns} plans${newInLast === 0 || newInLast >= lastRuns ? "" : `, one in ${Math.round(lastRuns / newInLast)}`}`,
    ...(gaps.length === 0 ? [] : [`never reached: ${gapsText(gaps)}`]),
    `faults that happened: ${faults.length === 0 ? "none" : faults.join(", ")}`,
    `made twice: ${repeated} plans, ${drifted.length === 0 ? "all the same again" : `${drifted.length} DRIFTED (${drifted.join(", ")})`}`,
    isClean
      ? `residual risk: ${residualRisk(runs, "plans")}`
      : `found: ${findings.length} ${findings.length === 1 ? "way" : "ways"} to break a law, in ${found} of ${runs} plans`,
    ...findings.map(
      ({ law, count, runsBefore }) =>
        `  ${law}: ${count} ${count === 1 ? "plan" : "plans"}, the first was plan ${runsBefore + 1}`,
    ),
    ...(isClean && doubts.length > 0
      ? ["INCONCLUSIVE, not green:", ...doubts.map((doubt) => `  ${doubt}`)]
      : []),
  ];
}

/** The reports of all shards as one.
 *  Errors: RangeError where they are not of one search. */
export function mergeReports(reports: readonly SearchReport[]): SearchReport {
  const [first, ...rest] = reports;
  if (first === undefined) throw new RangeError("expected at least one report to merge");
  for (const { protocol, seed, mutant } of rest) {
    if (protocol !== first.protocol || seed !== first.seed || mutant !== first.mutant)
      throw new RangeError(
        `expected shards of one search: ${searchName(first)}; saw ${searchName({ protocol, seed, mutant })}`,
      );
  }
  const sum = (of: (report: SearchReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  return {
    protocol: first.protocol,
    seed: first.seed,
    ...(first.mutant === undefined ? {} : { mutant: first.mutant }),
    runs: sum(({ runs }) => runs),
    events: sum(({ events }) => events),
    cases: summed(reports.map(({ cases }) => cases)),
    faults: summed(reports.map(({ faults }) => faults)),
    situations: [...new Set(reports.flatMap(({ situations }) => situations))],
    kept: sum(({ kept }) => kept),
    lastRuns: sum(({ lastRuns }) => lastRuns),
    newInLast: sum(({ newInLast }) => newInLast),
    repeated: sum(({ repeated }) => repeated),
    drifted: reports.flatMap(({ drifted }) => drifted),
    findings: mergeFindings(reports.flatMap(({ findings }) => findings)),
  };
}

function mergeFindings(findings: readonly Finding[]): readonly Finding[] {
  const bySignature = new Map<string, Finding>();
  for (const finding of findings) {
    const known = bySignature.get(finding.signature);
    bySignature.set(
      finding.signature,
      known === undefined ? finding : { ...known, count: known.count + finding.count },
    );
  }
  return [...bySignature.values()];
}

function summed(tables: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const table of tables)
    for (const [name, count] of Object.entries(table)) sums[name] = (sums[name] ?? 0) + count;
  return Object.fromEntries(Object.entries(sums).sort(([left], [right]) => (left < right ? -1 : 1)));
}

const searchName = ({
  protocol,
  seed,
  mutant,
}: {
  readonly protocol: string;
  readonly seed: string;
  readonly mutant?: string | undefined;
}): string => `${protocol}, seed ${seed}${mutant === undefined ? "" : `, mutant ${mutant}`}`;

function coverageOf(report: SearchReport, protocol: SearchProtocol): Coverage {
  const coverage = new Coverage(protocol.situationSpace, protocol.impossiblePairs);
  coverage.add(report.situations);
  return coverage;
}

/** A few from all over the space, because neighbours say the same. */
function gapsText(gaps: readonly Pair[]): string {
  const every = Math.max(1, Math.ceil(gaps.length / gapsTold));
  const told = gaps.filter((_, index) => index % every === 0);
  const names = told.map(({ first, second }) => `${first.value} × ${second.value}`);
  const more = gaps.length - told.length;
  return `${names.join("; ")}${more === 0 ? "" : `; and ${more} pairs more`}`;
}
