// Which rule a failed scenario speaks of. One mistake of a server breaks one promise first, and then much else in its
// wake: a skipped op is a lost edit, a wrong state and a run that never settles. Only the first one is blamed, and only
// for the rules that the scenario or the violation names, so that whoever mends it looks in the right place.
import type { CheckOutcome, ScenarioResult } from "../invariants/result.ts";
import { isFailing, type Judgement } from "../invariants/verdict.ts";

export interface Blame {
  /** Empty where a server can break none of those that are in question. */
  readonly requirements: readonly string[];
  /** What went wrong, in a sentence or two. */
  readonly why: string;
  /** The law, where it was one. */
  readonly law?: string;
}

interface Suspect extends Blame {
  readonly at: number;
}

/** Blames the first violation of a failed result. `ofServers`: the rules that a server can break.
 *  Errors: none; a result in which nothing fails blames all its rules, and its outcome says why. */
export function blameOf(result: ScenarioResult, ofServers: ReadonlySet<string>): Blame {
  const suspects = [
    ...result.judgements.flatMap((judgement) => lawSuspect(judgement, result)),
    ...result.checks.filter(({ pass }) => !pass).map((check) => checkSuspect(check, result)),
  ];
  // A law comes before a check of the same moment: it says more. Sorting is stable.
  const [first] = suspects.toSorted((left, right) => left.at - right.at);
  const { requirements, why, law } = first ?? {
    requirements: result.requirements,
    why: `what the scenario arranged never happened: ${result.unusedFaults.join("; ")}`,
    law: undefined,
  };
  return {
    requirements: narrowed(requirements, result, ofServers),
    why,
    ...(law === undefined ? {} : { law }),
  };
}

/** Blames each finding of a failed probe: they are faults of their own and not the wake of the first. */
export function findingsOf(result: ScenarioResult, ofServers: ReadonlySet<string>): readonly Blame[] {
  return result.checks
    .filter(({ pass }) => !pass)
    .map((check) => checkSuspect(check, result))
    .map(({ requirements, why }) => ({ requirements: narrowed(requirements, result, ofServers), why }));
}

function lawSuspect(judgement: Judgement, { history }: ScenarioResult): readonly Suspect[] {
  const { law, verdict, promise } = judgement;
  if (!isFailing(judgement) || verdict.outcome !== "violated") return [];
  const { witness } = verdict;
  const last = witness.events.at(-1);
  const at = last === undefined ? undefined : history?.events[last]?.at;
  return [
    {
      requirements: witness.requirements ?? judgement.requirements,
      law,
      why: `${witness.explanation} (law ${law}: ${lowerFirst(promise)})`,
      at: at ?? Infinity,
    },
  ];
}

function checkSuspect(
  { text, expected, seen, at, requirements }: CheckOutcome,
  result: ScenarioResult,
): Suspect {
  return {
    requirements: requirements ?? result.requirements,
    why: `${text}: expected ${expected}, saw ${seen}`,
    at: at ?? Infinity,
  };
}

/** Those that a server can break; of these, those that the scenario is about, where there are any. What a single line
 *  asks of the device alone accuses no server. */
function narrowed(
  requirements: readonly string[],
  { requirements: own }: ScenarioResult,
  ofServers: ReadonlySet<string>,
): readonly string[] {
  const possible = requirements.filter((id) => ofServers.has(id));
  const about = possible.filter((id) => own.includes(id));
  return about.length > 0 ? about : possible;
}

const lowerFirst = (text: string): string =>
  text.slice(0, 1).toLowerCase() + text.slice(1).replace(/\.$/u, "");
