// From results to checks: each scenario or probe held against each rule that it bears on. A scenario that fails blames
// the rules of its first violation; of its other rules it then says nothing.
import type { CertificationCheck, CertificationOutcome } from "../invariants/certification-result.ts";
import type { ScenarioResult } from "../invariants/result.ts";
import type { Requirement } from "../protocol/requirement.ts";
import { type Blame, blameOf, findingsOf } from "./blame.ts";

export interface CheckContext {
  readonly requirements: readonly Requirement[];
  /** The level of a scenario or probe, by its id. */
  levelOf(id: string): string;
  /** A probe's findings are faults of their own; a scenario's are the wake of its first. */
  isProbe(id: string): boolean;
  /** Probes that found what they look for absent, and not declared either. */
  readonly unsupported: ReadonlySet<string>;
}

/** The checks of a run, in the order of its results. Rules that only a device can break are left out.
 *  Source: certification.md section 4. */
export function checksOfRun(
  results: readonly ScenarioResult[],
  context: CheckContext,
): readonly CertificationCheck[] {
  const ofServers = new Map(
    context.requirements.filter(({ subject }) => subject !== "device").map((one) => [one.id, one]),
  );
  const blamesByResult = results.map((result) => blamesOf(result, new Set(ofServers.keys()), context));
  const blamed = fewestRules(blamesByResult.flat());
  return results.flatMap((result, place) => {
    const blames = blamesByResult[place]!;
    const ids = new Set([...blames.flatMap(({ requirements }) => requirements), ...result.requirements]);
    return [...ids]
      .filter((id) => ofServers.has(id))
      .map((id): CertificationCheck => {
        const isAdvice = ofServers.get(id)!.kind === "A";
        const judged = outcomeOf(result, {
          id,
          blames,
          blamed,
          isAdvice,
          isProbe: context.isProbe(result.id),
          isUnsupported: context.unsupported.has(result.id),
        });
        return {
          id: `${result.id}::${id}`,
          scenario: result.id,
          requirement: id,
          level: context.levelOf(result.id),
          ...judged,
          ...(judged.outcome === "pass" ? {} : { replay: result.replay }),
        };
      });
  });
}

type Judged = Pick<CertificationCheck, "outcome" | "why" | "missing">;

/** What a failed result is blamed on; empty for one that did not fail. */
function blamesOf(
  result: ScenarioResult,
  ofServers: ReadonlySet<string>,
  { isProbe }: CheckContext,
): readonly Blame[] {
  if (result.outcome !== "fail" || endedByItself(result) !== undefined) return [];
  return isProbe(result.id) ? findingsOf(result, ofServers) : [blameOf(result, ofServers)];
}

/** The rules that are blamed over the whole run. A violation that could be of several rules is one of a rule that is
 *  broken for certain elsewhere, where there is such: the narrowest suspicions come first, and what one of them explains
 *  accuses nobody else. */
function fewestRules(blames: readonly Blame[]): ReadonlySet<string> {
  const blamed = new Set<string>();
  for (const { requirements } of blames.toSorted(
    (left, right) => left.requirements.length - right.requirements.length,
  )) {
    if (!requirements.some((id) => blamed.has(id))) for (const id of requirements) blamed.add(id);
  }
  return blamed;
}

function outcomeOf(
  result: ScenarioResult,
  about: {
    readonly id: string;
    readonly blames: readonly Blame[];
    readonly blamed: ReadonlySet<string>;
    readonly isAdvice: boolean;
    readonly isProbe: boolean;
    readonly isUnsupported: boolean;
  },
): Judged {
  const { id, blames, isAdvice } = about;
  switch (result.outcome) {
    case "pass":
      if (about.isUnsupported)
        return { outcome: "unsupported", why: "the target does not declare it, nor has it" };
      return isAdvice ? adviceOf(result, id) : { outcome: "pass" };
    case "fail": {
      const dead = endedByItself(result);
      if (dead !== undefined) return { outcome: "error", why: dead };
      const blame = blames.find(({ requirements }) => requirements.includes(id));
      if (blame !== undefined && about.blamed.has(id))
        return { outcome: isAdvice ? "advice" : "fail", why: blame.why };
      if (blame !== undefined) {
        const culprits = blame.requirements.filter((one) => about.blamed.has(one)).join(", ");
        return { outcome: "skipped", why: `explained by ${culprits}, which is broken for certain elsewhere` };
      }
      if (about.isProbe) return { outcome: "pass" };
      return { outcome: "skipped", why: whyNotJudged(blames) };
    }
    case "blocked": {
      if (result.isInapplicable === true)
        return { outcome: "unsupported", why: `the target does not have ${result.missing.join(", ")}` };
      return { outcome: "blocked", why: `needs ${result.missing.join(", ")}`, missing: result.missing };
    }
    case "error":
    case "drifted":
      return { outcome: "error", why: result.error ?? "another run than the one that was recorded" };
    case "skipped":
      return { outcome: "skipped", why: "left out" };
  }
}

function whyNotJudged(blames: readonly Blame[]): string {
  const named = blames.flatMap(({ requirements }) => requirements);
  return named.length === 0
    ? `the scenario failed by what it expects of the device: ${blames.map(({ why }) => why).join("; ")}`
    : `the scenario failed before, for ${named.join(", ")}`;
}

/** A process that died took with it whatever was asked of it then: no rule is to blame, and none was put to the test. */
export function endedByItself({ checks }: ScenarioResult): string | undefined {
  return checks.find(({ pass, isOfProcess }) => !pass && isOfProcess === true)?.seen;
}

/** A rule that only advises fails nothing; whether it is kept, its laws say. */
function adviceOf({ judgements }: ScenarioResult, id: string): Judged {
  const broken = judgements.find(
    ({ requirements, isAdvice, verdict }) =>
      isAdvice === true && requirements.includes(id) && verdict.outcome === "violated",
  );
  if (broken === undefined || broken.verdict.outcome !== "violated") return { outcome: "pass" };
  return { outcome: "advice", why: broken.verdict.witness.explanation };
}

/** How many checks came to each outcome; adds up to their number. */
export function countOutcomes(
  checks: readonly CertificationCheck[],
): Readonly<Record<CertificationOutcome, number>> {
  const counts = { pass: 0, fail: 0, advice: 0, blocked: 0, unsupported: 0, error: 0, skipped: 0 };
  for (const { outcome } of checks) counts[outcome]++;
  return counts;
}
