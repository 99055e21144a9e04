// What the interpreter says about expectations, as results say it.
import type { CheckOutcome } from "../invariants/result.ts";
import type { Requirement } from "../protocol/requirement.ts";
import type { CheckResult } from "../scenarios/format/interpreter.ts";

/** Checks as results say them. A fault that never struck is told once, as such, and not as a check as well. */
export function checksOf(
  checks: readonly CheckResult[],
  unusedFaults: readonly string[],
  requirements: readonly Requirement[],
): { readonly checks: readonly CheckOutcome[]; readonly unusedFaults: readonly string[] } {
  const missed = checks
    .filter(({ about, pass }) => about === "fault" && !pass)
    .map(({ expected }) => expected.replace(/^the fault strikes: /, ""));
  return {
    checks: checks
      .filter(({ about }) => about !== "fault")
      .map(({ pass, line, at, step, expected, seen, requirements: ids, about }) => {
        const process = about === "process" ? { isOfProcess: true as const } : {};
        const check = {
          pass,
          line,
          text: step,
          expected,
          seen,
          ...(at === undefined ? {} : { at }),
          ...process,
        };
        return pass ? check : { ...check, requirements: ids, rules: rulesOf(ids, requirements) };
      }),
    unusedFaults: [...new Set([...unusedFaults, ...missed])],
  };
}

/** What a server of which nothing is known but its protocol has shown not to have: the place of a fault that never
 *  struck. Where its transactions end, and how many frames it sends, is its own affair, so that such a run proves
 *  nothing. A fault of the network that did not strike is told only where nothing else was wrong: it may be what the
 *  server did wrong that kept the fault from striking. Of a run that broke off, nothing can be said to be lacking. */
export function placesLacking(seen: {
  readonly checks: readonly CheckOutcome[];
  readonly unusedFaults: readonly string[];
}): readonly string[] {
  const { checks, unusedFaults } = seen;
  const failed = checks.filter(({ pass }) => !pass);
  if (failed.some(({ at }) => at === undefined)) return [];
  const isElsewhereFine = failed.length === 0;
  return unusedFaults
    .filter((fault) => isElsewhereFine || /^(?:server|database): /u.test(fault))
    .map((fault) => `a place where this could strike: ${fault}`);
}

/** A scenario about everything says nothing by its rules; then they are only named. */
const rulesMax = 4;

/** Rules with their sentences, as failures name them. */
export function rulesOf(ids: readonly string[], requirements: readonly Requirement[]): readonly string[] {
  if (ids.length > rulesMax) return [ids.join(", ")];
  return ids.map((id) => {
    const summary = requirements.find((requirement) => requirement.id === id)?.summary;
    return summary === undefined ? id : `${id}: ${summary}`;
  });
}
