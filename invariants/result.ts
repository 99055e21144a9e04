// What a run of scenarios came to, as data: written by whoever ran them, read by every reporter.
import type { Certification } from "./certification-result.ts";
import type { Explanation } from "./explanation.ts";
import type { History } from "./history.ts";
import type { MinimalTraceResult } from "./minimal-trace.ts";
import type { Judgement } from "./verdict.ts";

/** `pass`: every check and law holds. `fail`: a check failed or a law is violated. `drifted`: a replay in which nothing
 *  failed, but which was another run than the one that was recorded. `blocked`: the world lacks an ability that the
 *  scenario needs; nothing was run. `error`: Seatrial itself failed. `skipped`: left out by a filter or by a bail.
 *  Source: certification.md section 4. */
export type ScenarioOutcome = "pass" | "fail" | "drifted" | "blocked" | "error" | "skipped";

/** How a replay differs from what was recorded. */
export interface Drift {
  readonly digest: string;
  readonly version: string;
  readonly recordedDigest: string;
  /** Absent where the record does not say it. */
  readonly recordedVersion?: string;
}

/** One expectation of a scenario, held against what was seen. */
export interface CheckOutcome {
  readonly pass: boolean;
  /** Where the expectation stands in its file, from 1. */
  readonly line: number;
  readonly text: string;
  readonly expected: string;
  readonly seen: string;
  /** When it was held against what was seen; absent for what ended the run. Units: as in the history. */
  readonly at?: number;
  /** It speaks of a process that ended or failed by itself, and of no rule. */
  readonly isOfProcess?: true;
  /** For a check that fails: the ids of the rules that it bears on. */
  readonly requirements?: readonly string[];
  /** For a check that fails: the rules that it bears on, each with its sentence. */
  readonly rules?: readonly string[];
  /** For a check that fails: shell lines that show it again, where there are such. */
  readonly reproduce?: readonly string[];
}

export interface ScenarioResult {
  readonly id: string;
  readonly title: string;
  /** Why this case matters, where its author has said so. */
  readonly why?: string;
  readonly protocol: string;
  readonly requirements: readonly string[];
  readonly world: "sim" | "live";
  readonly seed: string;
  readonly outcome: ScenarioOutcome;
  readonly checks: readonly CheckOutcome[];
  readonly judgements: readonly Judgement[];
  /** Kept for failures only. */
  readonly history?: History;
  /** Sixteen hexadecimal digits; only the simulation has one. */
  readonly digest?: string;
  /** For replays that were another run: those that failed as well as those that are `drifted`. */
  readonly drift?: Drift;
  /** Wall time. Units: milliseconds. */
  readonly durationMs: number;
  /** Virtual time that passed in the simulation. Units: milliseconds. */
  readonly virtualMs?: number;
  /** How often each kind of fault really happened. */
  readonly faults: Readonly<Record<string, number>>;
  /** Faults that the scenario arranged and that never happened: a failure, because then it showed nothing. */
  readonly unusedFaults: readonly string[];
  /** Accidents that the scenario has pinned and that never came to pass, as its file says them: no failure, because
   *  each stands on its own and shrinking leaves some behind. Absent where there are none. */
  readonly unstruckAccidents?: readonly string[];
  /** What was noticed on the way and is no fault, in words: who waited for whom. Absent where there is nothing. */
  readonly observations?: readonly string[];
  /** Kept for failures only: what the server's process last wrote. */
  readonly notes?: readonly string[];
  /** What a search makes of a finding: the smallest plan, and what each part of it is needed for. */
  readonly explanation?: Explanation;
  /** What is left of a scenario that failed on a target when everything is taken away that it does not need for it. */
  readonly minimal?: MinimalTraceResult;
  /** For `blocked`: the abilities that the world lacks. */
  readonly missing: readonly string[];
  /** For `blocked`: the run itself found out that what was tested has no place for what the scenario arranges, so that no
   *  other world or hook would unlock it. */
  readonly isInapplicable?: true;
  /** For `error`: what went wrong in Seatrial, with its stack; or, behind `setupFailed`, why what is to be tested could not
   *  be brought up. */
  readonly error?: string;
  /** The command that runs this one again. */
  readonly replay: string;
}

/** A whole run. */
export interface RunResult {
  readonly version: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly command: string;
  readonly node: string;
  /** True when it was cut short: a bail, or Ctrl-C. */
  readonly interrupted: boolean;
  /** What the run says of the build that was tested, where that was asked. */
  readonly certification?: Certification;
  readonly results: readonly ScenarioResult[];
}

/** How the `error` of a result begins where neither Seatrial nor a scenario failed, but the set-up. */
export const setupFailed = "could not set up: ";
