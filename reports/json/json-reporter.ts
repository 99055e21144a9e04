// results.json: everything a run came to, for machines. Its shape is published beside this file as
// results.schema.json; a member is only ever added.
import { join } from "node:path";
import type { RunResult, ScenarioResult } from "../../invariants/result.ts";
import { failureText } from "../failure-text.ts";
import type { Reporter, Storyteller } from "../reporter.ts";
import {
  type Disagreement,
  disagreementsOf,
  type LawTotals,
  lawTotalsOf,
  type Totals,
  totalsOf,
} from "../totals.ts";
import { writeAtomically } from "../write-atomically.ts";

export const resultsFileName = "results.json";

/** The document. `format` grows when a member changes its meaning or goes. */
export interface ResultsDocument extends Omit<RunResult, "results"> {
  readonly format: "seatrial-results/1";
  readonly totals: Totals;
  readonly laws: LawTotals;
  readonly disagreements: readonly Disagreement[];
  readonly results: readonly (ScenarioResult & { readonly story?: string })[];
}

export interface JsonReporterOptions {
  readonly outputDir: string;
  readonly tell: Storyteller;
  /** Also given the text, for `--json`. */
  readonly print?: (text: string) => void;
}

export function createJsonReporter({ outputDir, tell, print }: JsonReporterOptions): Reporter {
  return {
    onRunEnd(run) {
      const text = `${JSON.stringify(resultsDocument(run, tell), null, 2)}\n`;
      writeAtomically(join(outputDir, resultsFileName), text);
      print?.(text);
    },
  };
}

export function resultsDocument(run: RunResult, tell: Storyteller): ResultsDocument {
  const { results, ...head } = run;
  return {
    format: "seatrial-results/1",
    ...head,
    totals: totalsOf(results),
    laws: lawTotalsOf(results),
    disagreements: disagreementsOf(run),
    results: results.map((result) => {
      const story = failureText(result, tell);
      return story === "" ? result : { ...result, story };
    }),
  };
}
