// The selftest as lines of text, for a terminal and for logs.
import { type KillMatrix, millisecondsToKill, percentile, plansToKill } from "./kill-matrix.ts";
import type { BaseOutcome, ScenarioKill } from "./mutant-trial.ts";

const nameWidth = 40;

/** `killed  no-receipt  28 scenarios; 30 of 30 bases; plans 1, p95 4; 20 ms, p95 90 ms`: one mutant, done. */
export function mutantText({
  mutant,
  scenarios,
  bases,
}: {
  readonly mutant: string;
  readonly scenarios: readonly ScenarioKill[];
  readonly bases: readonly BaseOutcome[];
}): { readonly line: string; readonly isGood: boolean } {
  const found = bases.filter(({ kill }) => kill !== undefined).length;
  const isGood = scenarios.length > 0 && found > 0;
  const plans = plansToKill(bases);
  const times = millisecondsToKill(bases);
  const search =
    found === 0
      ? `the search finds nothing in ${bases.reduce((sum, one) => sum + one.plans, 0)} plans`
      : `${found} of ${bases.length} bases; plans ${orMore(percentile(plans, 50))}, p95 ${orMore(percentile(plans, 95))}; ` +
        `${timeText(percentile(times, 50))}, p95 ${timeText(percentile(times, 95))}`;
  const words = [isGood ? "killed " : "ALIVE  ", mutant.padEnd(nameWidth)];
  return { line: [...words, `${String(scenarios.length).padStart(3)} scenarios;`, search].join(" "), isGood };
}

/** What the whole comes to. */
export function matrixSummary(matrix: KillMatrix): readonly string[] {
  const { protocol, mutants, laws, requirements, scenarios, problems } = matrix;
  const bases = mutants.flatMap((row) => row.bases);
  const times = millisecondsToKill(bases);
  const plans = plansToKill(bases);
  const killing = scenarios.filter((row) => row.mutants.length > 0).length;
  return [
    `${protocol}: ${mutants.length} mutants`,
    `  by the corpus     ${mutants.filter((row) => row.scenarios.length > 0).length} die; ${killing} of ${scenarios.length} scenarios kill`,
    `  by the search     ${mutants.filter((row) => row.bases.some(({ kill }) => kill !== undefined)).length} die`,
    `  first violation   median ${timeText(percentile(times, 50))}, p95 ${timeText(percentile(times, 95))}; ` +
      `plans ${orMore(percentile(plans, 50))}, p95 ${orMore(percentile(plans, 95))} (over all mutants and seed bases)`,
    `  laws              ${countOf(laws)} kill`,
    `  requirements      ${countOf(requirements)} kill`,
    ...(problems.length === 0 ? [] : ["", ...problems]),
  ];
}

const countOf = (rows: readonly { readonly mutants: readonly string[] }[]): string =>
  `${rows.filter(({ mutants }) => mutants.length > 0).length} of ${rows.length}`;

const orMore = (plans: number | undefined): string => (plans === undefined ? "not found" : String(plans));

function timeText(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return "not found";
  return milliseconds < 1_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1_000).toFixed(1)} s`;
}
