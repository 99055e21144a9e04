// What a certification says to whoever started it.  Source: certification.md section 4.
import type { Certification } from "../invariants/certification-result.ts";
import type { RunResult } from "../invariants/result.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";

/** An error of ours outranks a violation, and a violation a gap: who cannot trust the run should know first.
 *  `isStrict`: advice that is not followed counts as a violation. */
export function certifyExitCode(
  { results }: RunResult,
  { checks, baseline, levels, complete }: Certification,
  { isStrict }: { readonly isStrict: boolean },
): ExitCode {
  const has = (outcome: string): boolean => checks.some((check) => check.outcome === outcome);
  if (results.some(({ outcome }) => outcome === "error") || has("error")) return exitCodes.broken;
  const isViolated = baseline.unexpected.length > 0 || baseline.fixed.length > 0;
  if (isViolated || (isStrict && has("advice"))) return exitCodes.violation;
  // Of a part that was asked for, no level comes out: then only what it left open counts.
  if (!complete) return has("blocked") || has("skipped") ? exitCodes.notAssessed : exitCodes.ok;
  // A level that is refused for nothing but what the baseline expects is as it was said to be.
  return levels.some(({ verdict }) => verdict === "not assessed") ? exitCodes.notAssessed : exitCodes.ok;
}
