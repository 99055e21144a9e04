// What the process says to whoever started it. Never 0 after a failed set-up or an empty selection.
import type { RunResult } from "../invariants/result.ts";
import { unassessedIds } from "../reports/totals.ts";

export const exitCodes = {
  /** Everything asked for holds. */
  ok: 0,
  /** A check failed or a law is violated. */
  violation: 1,
  /** Bad usage, a filter that matches nothing, nothing selected. */
  usage: 2,
  /** The target never came up, or Seatrial itself failed. */
  broken: 3,
  /** Nothing failed, but some of what was asked for could not be assessed here. */
  notAssessed: 4,
  /** Nothing failed, but a replay was another run than the one that was recorded. */
  drifted: 5,
  /** Ctrl-C, as shells count it: 128 + SIGINT. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The code of a finished run. An error of ours outranks a violation: who cannot trust the run should know first. */
export function exitCodeOf(run: RunResult): ExitCode {
  const has = (outcome: string): boolean => run.results.some((result) => result.outcome === outcome);
  if (has("error")) return exitCodes.broken;
  if (has("fail")) return exitCodes.violation;
  if (has("drifted")) return exitCodes.drifted;
  if (!has("pass")) return unassessedIds(run.results).length > 0 ? exitCodes.notAssessed : exitCodes.usage;
  return unassessedIds(run.results).length > 0 ? exitCodes.notAssessed : exitCodes.ok;
}
