// The same work under two schedulers: five actors that each wait, answer and wait again. Once under the kernel, once
// under fast-check's scheduler with Node's fake timers, which is what a team would otherwise reach for.
import { mock } from "node:test";
import fc from "fast-check";
import { Kernel } from "../sim/kernel/kernel.ts";

const actors = 5;
const waitsPerActor = 400;
const waitMs = 3;

/** Waits of one run of the work. */
export const waitsPerRun = actors * waitsPerActor;

export async function underKernel(round: number): Promise<number> {
  const kernel = new Kernel({ seed: String(round) });
  const main = kernel.process("main");
  const decisions = kernel.random.decisions("bench", "wait");
  await kernel.run(main, async () => {
    const running = Array.from({ length: actors }, async () => {
      for (let wait = 0; wait < waitsPerActor; wait++) await main.sleep(decisions.nextBetween(0, waitMs));
    });
    await Promise.all(running);
  });
  return waitsPerRun;
}

export async function underFastCheck(round: number): Promise<number> {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  try {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const running = Array.from({ length: actors }, async () => {
          for (let wait = 0; wait < waitsPerActor; wait++) {
            const slept = new Promise<void>((resolve) => {
              setTimeout(resolve, wait % (waitMs + 1));
            });
            mock.timers.tick(waitMs);
            await scheduler.schedule(slept);
          }
        });
        await scheduler.waitFor(Promise.all(running));
      }),
      { numRuns: 1, seed: round },
    );
  } finally {
    mock.timers.reset();
  }
  return waitsPerRun;
}
