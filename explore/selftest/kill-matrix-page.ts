// docs/kill-matrix.md: the matrix as a page. Nothing in it depends on the machine: how long the search takes is counted
// in plans, because the same build needs the same number of them everywhere.
import {
  type KillMatrix,
  type LawRow,
  type MutantRow,
  percentile,
  plansToKill,
  type RequirementRow,
  type ScenarioRow,
} from "./kill-matrix.ts";

export interface PageOptions {
  readonly bases: number;
  /** Plans after which a base gives up. */
  readonly plansMax: number;
}

/** Names in a cell; with more of them a row says nothing that a reader would read. */
const namesMax = 8;

export function killMatrixPage(matrices: readonly KillMatrix[], options: PageOptions): string {
  return [
    "# Kill matrix",
    "",
    "Written by `seatrial selftest --write-docs`; do not edit. A mutant is the reference with one defect (explore/mutants/). The",
    "scenario corpus runs against each of them, and so does the search, from each base, until a law is violated. Every",
    "mutant has to die of both, and every law and every rule of kind S and P has to kill a mutant.",
    "",
    ...matrices.flatMap((matrix) => protocolLines(matrix, options)),
  ].join("\n");
}

/** From which seeds a page is written, as it says itself. */
export const seedsText = ({ bases, plansMax }: PageOptions): string =>
  `${bases} seed ${bases === 1 ? "base" : "bases"} of at most ${plansMax} plans`;

/** What must stand on the page whatever the search finds: cheap to hold against it without running anything. */
export function namesOnPage({ mutants, laws, requirements }: KillMatrix): readonly string[] {
  return [
    ...mutants.map(({ mutant }) => mutant.name),
    ...laws.map(({ law }) => law.id),
    ...requirements.map(({ requirement }) => requirement.id),
  ];
}

/** Mutants that only scenarios kill, with the reason. */
function hiddenLines(rows: readonly MutantRow[]): readonly string[] {
  const hidden = rows.filter(({ mutant }) => mutant.hiddenFromSearch !== undefined);
  if (hidden.length === 0) return [];
  return [
    "### Killed by scenarios only",
    "",
    ...hidden.map(({ mutant }) => `- \`${mutant.name}\`: ${mutant.hiddenFromSearch}`),
    "",
  ];
}

function protocolLines(matrix: KillMatrix, options: PageOptions): readonly string[] {
  const { protocol, mutants, laws, requirements, scenarios, problems } = matrix;
  const plans = mutants.flatMap((row) => plansToKill(row.bases));
  return [
    `## ${protocol}`,
    "",
    `${mutants.length} mutants, ${scenarios.length} scenarios, ${seedsText(options)}. Plans until`,
    `the search finds a mutant, over all mutants and bases: median ${plansText(percentile(plans, 50))}, p95 ${plansText(percentile(plans, 95))}.`,
    "",
    ...(problems.length === 0
      ? ["Every mutant dies of both, and every law and rule kills."]
      : problems.map((problem) => `- ${problem}`)),
    "",
    ...hiddenLines(mutants),
    "### Mutants",
    "",
    "| mutant | part | breaks | scenarios that fail | laws that are violated | plans: median, p95 | bases that found it |",
    "|---|---|---|---|---|---|---|",
    ...mutants.map(mutantLine),
    "",
    "### Laws",
    "",
    "| law | mutants | of them in the search | which |",
    "|---|---|---|---|",
    ...laws.map(lawLine),
    "",
    "### Requirements",
    "",
    "A rule kills a mutant that breaks it when a failed check or a violated law names it.",
    "",
    "| rule | kind | mutants | which | besides |",
    "|---|---|---|---|---|",
    ...requirements.map(requirementLine),
    "",
    "### Scenarios",
    "",
    "| scenario | mutants | which |",
    "|---|---|---|",
    ...scenarios.map(scenarioLine),
    "",
  ];
}

function mutantLine({ mutant, scenarios, laws, bases }: MutantRow): string {
  const plans = plansToKill(bases);
  const found = plans.filter((count) => count !== undefined).length;
  return row([
    code(mutant.name),
    mutant.part,
    mutant.requirements.join(", "),
    scenarios.length === 0 ? "**none**" : String(scenarios.length),
    names(laws),
    `${plansText(percentile(plans, 50))}, ${plansText(percentile(plans, 95))}`,
    found === 0 ? "**none**" : `${found} of ${bases.length}`,
  ]);
}

function lawLine({ law, mutants, bySearch }: LawRow): string {
  const teeth = law.isAdvice === true ? "advice" : "**toothless**";
  return row([
    code(law.id),
    mutants.length === 0 ? teeth : String(mutants.length),
    String(bySearch.length),
    names(mutants),
  ]);
}

function requirementLine({ requirement: { id, kind }, mutants, besides }: RequirementRow): string {
  const teeth = kind === "A" ? "advice" : "**toothless**";
  return row([
    id,
    kind,
    mutants.length === 0 ? teeth : String(mutants.length),
    names(mutants),
    String(besides.length),
  ]);
}

const scenarioLine = ({ scenario, mutants }: ScenarioRow): string =>
  row([code(scenario), String(mutants.length), names(mutants)]);

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

const code = (text: string): string => `\`${text}\``;

function names(all: readonly string[]): string {
  const shown = all.slice(0, namesMax).map(code).join(", ");
  return all.length > namesMax ? `${shown} and ${all.length - namesMax} more` : shown;
}

/** A share of the bases that found nothing is a number that is not known. */
const plansText = (plans: number | undefined): string => (plans === undefined ? "not found" : String(plans));
