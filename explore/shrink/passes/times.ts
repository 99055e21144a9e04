// Shorter times: waits and clock advances as short, and as round, as they can be.
import type { Step } from "../../../scenarios/format/types.ts";
import type { Reduction } from "../reduction.ts";
import { timedSteps, withTimedSteps } from "../timeline.ts";

/** Times that people write. Units: virtual milliseconds. */
const roundTimesMs = [
  1, 10, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 20_000, 30_000, 60_000, 3_600_000,
  86_400_000, 604_800_000, 2_592_000_000, 7_776_000_000, 7_862_400_000,
] as const;

/** The first of the round times below the present one that still does it, or one a little above it. */
export async function tryTimes(presentMs: number, still: (ms: number) => Promise<boolean>): Promise<void> {
  for (const ms of roundTimesMs) {
    if (ms === presentMs || ms > presentMs + presentMs / 5) return;
    if (await still(ms)) return;
  }
}

export async function shorterTimes(attempts: Reduction): Promise<void> {
  attempts.begin("shortening waits");
  const count = timedSteps(attempts.scenario.steps).length;
  for (let index = 0; index < count; index++) {
    const timed = timedSteps(attempts.scenario.steps);
    const one = timed[index];
    if (one === undefined) break;
    const change = (to: Partial<typeof one>): Promise<boolean> =>
      attempts.take(
        withTimedSteps(
          attempts.scenario,
          timed.map((other, place) => (place === index ? { ...other, ...to } : other)),
        ),
      );
    if (one.gapMs > 0 && !(await change({ gapMs: 0 })))
      await tryTimes(one.gapMs, (gapMs) => change({ gapMs }));
    const { step } = timedSteps(attempts.scenario.steps)[index] ?? one;
    await shorterStep(step, (shorter) => change({ step: shorter }));
  }
}

async function shorterStep(step: Step, still: (shorter: Step) => Promise<boolean>): Promise<void> {
  if (step.kind === "clock") await tryTimes(step.advanceMs, (advanceMs) => still({ ...step, advanceMs }));
  if (step.kind !== "network") return;
  const { action } = step;
  if ("byMs" in action)
    await tryTimes(action.byMs, (byMs) => still({ ...step, action: { ...action, byMs } }));
  if ("afterMs" in action)
    await tryTimes(action.afterMs, (afterMs) => still({ ...step, action: { ...action, afterMs } }));
}
