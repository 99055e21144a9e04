// The script of a failing run: what led to the failure and nothing that came after it, with the facts marked that cannot
// both be.
import type { WireRecord } from "../../live/wire-record.ts";
import type { Law } from "../../invariants/verdict.ts";
import { evidenceOf, type Failure, type TargetRun } from "../minimise/failure.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import { scriptOf } from "./script.ts";
import type { WireWords } from "./wire-words.ts";

export interface FailedRun {
  readonly scenario: Pick<Scenario, "id" | "title">;
  readonly run: TargetRun & { readonly wire: WireRecord };
  readonly failure: Failure;
  readonly explanation: string;
  readonly requirements: readonly string[];
}

/** As `scriptOf`; a `MinimalTrace` of a `LiveRun` is a failed run. */
export function scriptOfTrace(
  { scenario, run, failure, explanation, requirements }: FailedRun,
  options: {
    readonly words: WireWords;
    readonly laws: readonly Law[];
    readonly baseUrl?: string;
    readonly replay?: string;
  },
): string {
  const { laws, ...rest } = options;
  const evidence = evidenceOf(run, failure, laws);
  const judgement = evidence !== undefined && "judgement" in evidence ? evidence.judgement : undefined;
  const witness = judgement?.verdict.outcome === "violated" ? judgement.verdict.witness.events : [];
  const events = witness.map((index) => run.history.events[index]!);
  const check = evidence !== undefined && "check" in evidence ? evidence.check : undefined;
  const untilMs = check === undefined ? events.at(-1)?.at : check.at;
  return scriptOf({
    ...rest,
    wire: run.wire,
    history: run.history,
    checks: run.checks,
    id: scenario.id,
    title: scenario.title,
    explanation,
    ...(judgement === undefined ? {} : { promise: judgement.promise }),
    requirements,
    ...(untilMs === undefined ? {} : { untilMs }),
    highlights: events.map(({ at, actor }) => ({ at, actor })),
  });
}
