// A result before anything was run. Whatever makes a result begins with it, so that a new member of results is given its
// first value in one place.
import type { ScenarioResult } from "../invariants/result.ts";

/** What a result is about. */
type ResultHead = Pick<
  ScenarioResult,
  "id" | "title" | "why" | "protocol" | "requirements" | "world" | "seed" | "replay"
>;

/** The result of what was not run: `skipped`, nothing checked, nothing judged. */
export const emptyResult = ({ replay, ...head }: ResultHead): ScenarioResult => ({
  ...head,
  outcome: "skipped",
  checks: [],
  judgements: [],
  durationMs: 0,
  faults: {},
  unusedFaults: [],
  missing: [],
  replay,
});
