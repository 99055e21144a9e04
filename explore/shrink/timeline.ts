// A plan's steps with the time between them kept apart, so that a step can go while everything else stays when it was.
import type { Scenario, SourceLine, Step } from "../../scenarios/format/types.ts";

/** A step, and how long the plan waits before it. Units: virtual milliseconds. */
export interface TimedStep {
  readonly gapMs: number;
  readonly step: Step;
}

/** The longest wait that a file may say. Units: virtual milliseconds. */
const waitMaxMs = 60_000;

/** A step that no file has yet; its line is written when the plan is. */
export const unwritten: SourceLine = { line: 0, text: "" };

/** Steps with the waits before them; what is waited at the very end says nothing and is left out. */
export function timedSteps(steps: readonly Step[]): readonly TimedStep[] {
  const timed: TimedStep[] = [];
  let gapMs = 0;
  for (const step of steps) {
    if (step.kind === "wait") {
      gapMs += step.forMs;
      continue;
    }
    timed.push({ gapMs, step });
    gapMs = 0;
  }
  return timed;
}

export function plainSteps(timed: readonly TimedStep[]): readonly Step[] {
  return timed.flatMap(({ gapMs, step }) => [...waits(gapMs), step]);
}

export const withTimedSteps = (scenario: Scenario, timed: readonly TimedStep[]): Scenario => ({
  ...scenario,
  steps: plainSteps(timed),
});

/** Those that stay, each as late as it was: the time before what goes is waited before what comes after it. */
export function inTheirTime(timed: readonly TimedStep[], kept: readonly TimedStep[]): readonly TimedStep[] {
  const isKept = new Set(kept);
  const result: TimedStep[] = [];
  let gapMs = 0;
  for (const one of timed) {
    gapMs += one.gapMs;
    if (!isKept.has(one)) continue;
    result.push({ gapMs, step: one.step });
    gapMs = 0;
  }
  return result;
}

function waits(forMs: number): readonly Step[] {
  const steps: Step[] = [];
  for (let restMs = forMs; restMs > 0; restMs -= waitMaxMs)
    steps.push({ source: unwritten, kind: "wait", forMs: Math.min(restMs, waitMaxMs) });
  return steps;
}
