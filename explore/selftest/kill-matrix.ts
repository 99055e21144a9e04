// Who kills whom: laws, requirements and scenarios against mutants, and what follows. A mutant that survives, a law or a
// rule that kills nothing, an alarm about the reference: each is a problem, and one of them fails the selftest. Pure.
import type { Requirement } from "../../protocol/requirement.ts";
import type { Law } from "../../invariants/verdict.ts";
import type { Mutant } from "../mutants/mutant.ts";
import type { BaseOutcome, TrialOutcome } from "./mutant-trial.ts";

/** What was put on trial, and by whom. */
export interface Charge {
  readonly protocol: string;
  readonly mutants: readonly Mutant[];
  readonly laws: readonly Pick<Law, "id" | "promise" | "isAdvice">[];
  readonly requirements: readonly Requirement[];
  /** Ids of the corpus, in order. */
  readonly scenarios: readonly string[];
  /** Where the search begins, in order. */
  readonly bases: readonly string[];
  /** Only some mutants were on trial: who kills nothing is nobody's fault then. */
  readonly isPartial: boolean;
}

export interface MutantRow {
  readonly mutant: Mutant;
  /** Scenarios that fail. */
  readonly scenarios: readonly string[];
  /** Laws and rules that speak up, in the corpus or in the search. */
  readonly laws: readonly string[];
  readonly requirements: readonly string[];
  readonly bases: readonly BaseOutcome[];
}

export interface LawRow {
  readonly law: Charge["laws"][number];
  /** Names of the mutants that the law kills, in the corpus or in the search. */
  readonly mutants: readonly string[];
  /** Those of them that it also kills in the search. */
  readonly bySearch: readonly string[];
}

export interface RequirementRow {
  readonly requirement: Requirement;
  /** Mutants that break this rule and die of a check or a law that names it. */
  readonly mutants: readonly string[];
  /** Mutants that break other rules and die of a check or a law that names this one as well. */
  readonly besides: readonly string[];
}

export interface ScenarioRow {
  readonly scenario: string;
  readonly mutants: readonly string[];
}

export interface KillMatrix {
  readonly protocol: string;
  readonly mutants: readonly MutantRow[];
  readonly laws: readonly LawRow[];
  readonly requirements: readonly RequirementRow[];
  readonly scenarios: readonly ScenarioRow[];
  /** Sentences; empty where every check bites and none is false. */
  readonly problems: readonly string[];
}

/** Puts the outcomes together. Outcomes of one mutant may come in parts and in any order; the matrix is the same. */
export function killMatrix(charge: Charge, outcomes: readonly TrialOutcome[]): KillMatrix {
  const rows = charge.mutants.map((mutant) => mutantRow(mutant, charge.bases, outcomes));
  const laws = charge.laws.map((law) => lawRow(law, rows));
  const requirements = charge.requirements.map((requirement) => requirementRow(requirement, rows));
  const scenarios = charge.scenarios.map((scenario) => ({
    scenario,
    mutants: rows.filter((row) => row.scenarios.includes(scenario)).map(({ mutant }) => mutant.name),
  }));
  const problems = [
    ...falseAlarms(outcomes),
    ...rows.flatMap(survivals),
    ...(charge.isPartial ? [] : [...toothlessLaws(laws), ...toothlessRequirements(requirements)]),
  ];
  return { protocol: charge.protocol, mutants: rows, laws, requirements, scenarios, problems };
}

/** Of numbers that may be missing: those that are missing are larger than any. `undefined` where the answer is one of
 *  them. `share` in a hundred: 50 is the median. */
export function percentile(values: readonly (number | undefined)[], share: number): number | undefined {
  const sorted = values.map((value) => value ?? Infinity).sort((left, right) => left - right);
  const found = sorted[Math.max(0, Math.ceil((sorted.length * share) / 100) - 1)];
  return found === Infinity ? undefined : found;
}

/** Plans until the search found something, from each base; `undefined` where it found nothing. */
export const plansToKill = (bases: readonly BaseOutcome[]): readonly (number | undefined)[] =>
  bases.map(({ plans, kill }) => (kill === undefined ? undefined : plans));

/** The same in milliseconds. */
export const millisecondsToKill = (bases: readonly BaseOutcome[]): readonly (number | undefined)[] =>
  bases.map(({ milliseconds, kill }) => (kill === undefined ? undefined : milliseconds));

function mutantRow(
  mutant: Mutant,
  baseNames: readonly string[],
  outcomes: readonly TrialOutcome[],
): MutantRow {
  const own = outcomes.filter((outcome) => outcome.mutant === mutant.name);
  const corpus = own.flatMap((outcome) => outcome.corpus);
  const searched = own.flatMap((outcome) => outcome.bases);
  const bases = baseNames.flatMap((name) => searched.filter(({ base }) => base === name));
  const kills = [...corpus, ...bases.flatMap(({ kill }) => kill ?? [])];
  return {
    mutant,
    scenarios: corpus.map(({ scenario }) => scenario).sort(),
    laws: unique(kills.flatMap(({ laws }) => laws)),
    requirements: unique(kills.flatMap(({ requirements }) => requirements)),
    bases,
  };
}

function lawRow(law: LawRow["law"], rows: readonly MutantRow[]): LawRow {
  const killed = rows.filter(({ laws }) => laws.includes(law.id));
  const found = killed.filter(({ bases }) => bases.some(({ kill }) => kill?.laws.includes(law.id) === true));
  return { law, mutants: namesOf(killed), bySearch: namesOf(found) };
}

function requirementRow(requirement: Requirement, rows: readonly MutantRow[]): RequirementRow {
  const named = rows.filter(({ requirements }) => requirements.includes(requirement.id));
  const isAimed = ({ mutant }: MutantRow): boolean => mutant.requirements.includes(requirement.id);
  return {
    requirement,
    mutants: namesOf(named.filter(isAimed)),
    besides: namesOf(named.filter((row) => !isAimed(row))),
  };
}

function falseAlarms(outcomes: readonly TrialOutcome[]): readonly string[] {
  const reference = outcomes.filter(({ mutant }) => mutant === undefined);
  return reference.flatMap(({ corpus, bases }) => [
    ...corpus.map(
      ({ scenario, laws, seen }) => `false alarm: the reference fails ${scenario}: ${said(laws, seen)}`,
    ),
    ...bases.flatMap(({ base, plans, kill }) =>
      kill === undefined
        ? []
        : [
            `false alarm: the reference fails the plan of seed ${base}-${plans - 1}: ${said(kill.laws, kill.seen)}`,
          ],
    ),
  ]);
}

function survivals({ mutant, scenarios, bases }: MutantRow): readonly string[] {
  const { name, story, hiddenFromSearch } = mutant;
  const plans = bases.reduce((sum, one) => sum + one.plans, 0);
  const isFound = bases.some(({ kill }) => kill !== undefined);
  return [
    ...(scenarios.length > 0 ? [] : [`survivor: no scenario fails with ${name}: ${story}`]),
    ...(isFound || hiddenFromSearch !== undefined
      ? []
      : [`survivor: the search does not find ${name} in ${plans} plans: ${story}`]),
    ...(isFound && hiddenFromSearch !== undefined
      ? [`stale excuse: the search finds ${name}, of which it is said that ${hiddenFromSearch}`]
      : []),
  ];
}

function toothlessLaws(rows: readonly LawRow[]): readonly string[] {
  return rows
    .filter(({ law, mutants }) => mutants.length === 0 && law.isAdvice !== true)
    .map(({ law }) => `toothless: the law ${law.id} kills no mutant: ${law.promise}`);
}

function toothlessRequirements(rows: readonly RequirementRow[]): readonly string[] {
  return rows
    .filter(({ requirement, mutants }) => mutants.length === 0 && requirement.kind !== "A")
    .map(({ requirement: { id, summary }, besides }) => {
      const others =
        besides.length === 0 ? "" : ` (only mutants of other rules die of it: ${besides.join(", ")})`;
      return `toothless: no mutant that breaks ${id} dies of a check or law that names it${others}: ${summary}`;
    });
}

const said = (laws: readonly string[], seen: string): string => [...laws, seen].join("; ");

const namesOf = (rows: readonly MutantRow[]): readonly string[] => rows.map(({ mutant }) => mutant.name);

const unique = (words: readonly string[]): readonly string[] => [...new Set(words)].sort();
