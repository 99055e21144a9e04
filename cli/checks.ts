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
      .map(({ pass, line, at, step, expected, seen, requirements: ids }) => {
        const check = { pass, line, text: step, expected, seen, ...(at === undefined ? {} : { at }) };
        return pass ? check : { ...check, requirements: ids, rules: rulesOf(ids, requirements) };
      }),
    unusedFaults: [...new Set([...unusedFaults, ...missed])],
  };
}

/** A scenario about everything says nothing by its rules; then they are only named. */
const rulesMax = 4;

function rulesOf(ids: readonly string[], requirements: readonly Requirement[]): readonly string[] {
  if (ids.length > rulesMax) return [ids.join(", ")];
  return ids.map((id) => {
    const summary = requirements.find((requirement) => requirement.id === id)?.summary;
    return summary === undefined ? id : `${id}: ${summary}`;
  });
}
