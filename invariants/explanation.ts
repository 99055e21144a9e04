// A finding as a person gets it: the smallest plan that breaks the law, its story, what each part of the plan is needed
// for, the run that nearly broke it and did not, and when the damage was done. Data: made by whoever searched, laid out
// by reports.
import type { RunMs } from "./history.ts";
import type { StoryLine } from "./story.ts";

/** How much there is to read. */
export interface PlanCounts {
  readonly devices: number;
  readonly steps: number;
  readonly accidents: number;
  /** Kernel events of the run. */
  readonly events: number;
}

/** What happens without one part of the plan. */
export interface NecessaryPart {
  /** "the lost reply to laptop's push" */
  readonly part: string;
  /** What becomes of the law: it holds, or has nothing to judge any more; or another one is broken; or the rest of the
   *  plan cannot be carried out. */
  readonly outcome: "holds" | "nothing to judge" | "another law" | "senseless";
  /** "Without the lost reply to laptop's push, laptop is answered: op 1a2b3c4d stored as 1; head 1, and the law holds." */
  readonly sentence: string;
}

/** The passing run that agrees longest with the failing one. */
export interface NearestRun {
  /** The part of the plan that it does without. */
  readonly without: string;
  /** Events that both runs have in common before they part. */
  readonly shared: number;
  /** The last of them. */
  readonly before: readonly StoryLine[];
  /** What happens then, there and here. */
  readonly passing: readonly StoryLine[];
  readonly failing: readonly StoryLine[];
}

/** How likely it was to end badly from one moment on. */
export interface LikelihoodMoment {
  readonly at: RunMs;
  /** Runs that went another way from here. */
  readonly runs: number;
  /** Those of them that broke the law in the same way. */
  readonly broken: number;
  /** What had just happened. */
  readonly event: StoryLine | undefined;
}

export interface Likelihood {
  /** In the order of time. */
  readonly moments: readonly LikelihoodMoment[];
  /** The moment with the greatest rise, from which on it stays decided: place in `moments`, never the first. Absent
   *  where it was decided from the beginning, or never. */
  readonly jump?: number;
}

export interface Explanation {
  readonly law: string;
  readonly promise: string;
  readonly requirements: readonly string[];
  /** The two facts that cannot both be. */
  readonly explanation: string;
  /** How it is broken, without names and numbers: equal for findings of the same kind. */
  readonly signature: string;
  readonly before: PlanCounts;
  readonly after: PlanCounts;
  /** Candidates that were run to get there. */
  readonly tried: number;
  /** Nothing more can be taken away. */
  readonly isComplete: boolean;
  /** The steps as the file has them, a line each. */
  readonly plan: readonly string[];
  readonly story: readonly StoryLine[];
  readonly necessary: readonly NecessaryPart[];
  readonly nearest?: NearestRun;
  readonly likelihood?: Likelihood;
}
