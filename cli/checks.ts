// What the interpreter says about expectations, as results say it.
import type { CheckOutcome } from "../invariants/result.ts";
import type { CheckResult } from "../scenarios/format/interpreter.ts";

/** Checks as results say them. A fault that never struck is told once, as such, and not as a check as well. */
export function checksOf(
  checks: readonly CheckResult[],
  unusedFaults: readonly string[],
): { readonly checks: readonly CheckOutcome[]; readonly unusedFaults: readonly string[] } {
  const missed = checks
    .filter(({ about, pass }) => about === "fault" && !pass)
    .map(({ expected }) => expected.replace(/^the fault strikes: /, ""));
  return {
    checks: checks
      .filter(({ about }) => about !== "fault")
      .map(({ pass, line, step, expected, seen }) => ({ pass, line, text: step, expected, seen })),
    unusedFaults: [...new Set([...unusedFaults, ...missed])],
  };
}
