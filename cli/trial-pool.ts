// Jobs of the selftest on all cores: one worker thread each, no shared state, the next job to whoever is free. What comes
// back does not depend on how many there are. A job that does not end (a mutant can loop where no event is counted) is
// ended with its thread, and named.
import { Worker } from "node:worker_threads";
import type { TrialJob, TrialOutcome } from "../explore/selftest/mutant-trial.ts";
import type { TrialAnswer } from "./selftest-worker.ts";

export interface TrialPoolOptions {
  readonly jobs: readonly TrialJob[];
  readonly workers: number;
  /** Aborted: what runs is thrown away, and the answers so far are all there are. */
  readonly signal: AbortSignal;
  onBegin(job: TrialJob): void;
  onOutcome(job: TrialJob, outcome: TrialOutcome): void;
  /** A job that has no outcome: the sentence says why. */
  onError(job: TrialJob, error: string): void;
}

/** How long one job may take. Units: milliseconds. */
const jobLimitMs = 600_000;

/** Runs all jobs; returns when all have ended. Errors: none of a job. */
export async function runTrials(options: TrialPoolOptions): Promise<void> {
  const queue = [...options.jobs];
  const work = async (): Promise<void> => {
    let worker: Worker | undefined;
    for (let job = queue.shift(); job !== undefined && !options.signal.aborted; job = queue.shift()) {
      worker ??= new Worker(new URL("./selftest-worker.ts", import.meta.url));
      options.onBegin(job);
      const answer = await answerOf(worker, job, options.signal);
      if (answer === undefined) break;
      if ("outcome" in answer) options.onOutcome(job, answer.outcome);
      else {
        options.onError(job, answer.error);
        // Whatever it left behind in its thread, the next job does not get it.
        await worker.terminate();
        worker = undefined;
      }
    }
    await worker?.terminate();
  };
  await Promise.all(Array.from({ length: Math.min(options.workers, queue.length) }, work));
}

/** `undefined`: nobody waits for an answer any more. */
function answerOf(worker: Worker, job: TrialJob, signal: AbortSignal): Promise<TrialAnswer | undefined> {
  const { promise, resolve } = Promise.withResolvers<TrialAnswer | undefined>();
  const isOver = (): void => resolve(undefined);
  const failed = (error: unknown): void => resolve({ error: String(error) });
  const tooLong = setTimeout(() => failed(`it did not end within ${jobLimitMs / 1_000} s`), jobLimitMs);
  worker.once("message", resolve).once("error", failed);
  signal.addEventListener("abort", isOver, { once: true });
  worker.postMessage(job, []);
  return promise.finally(() => {
    clearTimeout(tooLong);
    worker.off("message", resolve).off("error", failed);
    signal.removeEventListener("abort", isOver);
  });
}
