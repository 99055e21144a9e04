// The smallest scenario that fails on a target as a bigger one did, as data for whoever reports it.
import type { PlanCounts } from "./explanation.ts";
import type { StoryLine } from "./story.ts";

export interface MinimalTraceResult {
  /** The scenario's file; it replays. */
  readonly file: string;
  /** The file with the same as shell commands that a stranger can paste. */
  readonly script: string;
  /** The command that replays the file. */
  readonly replay: string;
  /** The steps, a line each. */
  readonly plan: readonly string[];
  readonly story: readonly StoryLine[];
  /** What contradicts what, in a sentence or two. */
  readonly explanation: string;
  readonly requirements: readonly string[];
  /** The scenario failed alike when it was run again with the same seed. */
  readonly isDeterministic: boolean;
  readonly before: PlanCounts;
  readonly after: PlanCounts;
  /** Runs on the target. */
  readonly attempts: number;
  /** What ended it before there was nothing more to take away. */
  readonly stoppedBy?: "attempts" | "time" | "interruption";
}
