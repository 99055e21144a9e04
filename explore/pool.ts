// Jobs on all cores: worker threads with no shared state, the next handful of jobs to whoever is free. Reports come as
// they are made, each with the place of its job; whoever merges them in the order of places gets the same from any
// number of workers.
import { Worker } from "node:worker_threads";
import type { TrialJob, TrialReport } from "./search-trial.ts";
import type { WorkerAnswer, WorkerTask } from "./search-worker.ts";

export interface Pool {
  readonly workers: number;
  /** Runs the jobs; `onReport` hears of each with its place, from 0. Comes back when all have ended, or after the ones
   *  under way when the signal is aborted.  Errors: those of a job that could not be run at all. */
  run(
    jobs: Iterable<TrialJob>,
    onReport: (report: TrialReport, place: number) => void,
    signal?: AbortSignal,
  ): Promise<void>;
  close(): Promise<void>;
}

/** A worker could not run a job, or ended. */
export class WorkerFailed extends Error {
  readonly code = "worker_failed";
  override readonly name = "WorkerFailed";
}

/** Jobs that travel together: a message costs about as much as a small job. */
const jobsPerTask = 8;

export const createPool = ({ workers }: { readonly workers: number }): Pool => new ThreadPool(workers);

/** Beside the sources it is TypeScript, in the published package JavaScript. */
const workerFile = import.meta.url.endsWith(".ts") ? "./search-worker.ts" : "./search-worker.js";

class ThreadPool implements Pool {
  readonly workers: number;
  readonly #threads: Worker[] = [];

  constructor(workers: number) {
    this.workers = workers;
  }

  async run(
    jobs: Iterable<TrialJob>,
    onReport: (report: TrialReport, place: number) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    while (this.#threads.length < this.workers) this.#threads.push(createThread());
    const tasks = tasksOf(jobs);
    const work = async (thread: Worker): Promise<void> => {
      for (const task of tasks) {
        const answer = await answerOf(thread, task);
        if ("failed" in answer) throw new WorkerFailed(answer.failed);
        for (const { place, report } of answer) onReport(report, place);
        if (signal?.aborted === true) return;
      }
    };
    await Promise.all(this.#threads.map(work));
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.terminate()));
  }
}

function createThread(): Worker {
  const thread = new Worker(new URL(workerFile, import.meta.url));
  // Nobody waits for an idle thread.
  thread.unref();
  return thread;
}

/** Handfuls of jobs. Shared by all threads: whoever is free takes the next one. */
function* tasksOf(jobs: Iterable<TrialJob>): Generator<WorkerTask, void> {
  let task: { place: number; job: TrialJob }[] = [];
  let place = 0;
  for (const job of jobs) {
    task.push({ place: place++, job });
    if (task.length < jobsPerTask) continue;
    yield task;
    task = [];
  }
  if (task.length > 0) yield task;
}

function answerOf(thread: Worker, task: WorkerTask): Promise<WorkerAnswer> {
  const { promise, resolve } = Promise.withResolvers<WorkerAnswer>();
  const failed = (error: unknown): void => resolve({ failed: String(error) });
  thread.ref();
  thread.once("message", resolve).once("error", failed);
  thread.postMessage(task, []);
  return promise.finally(() => {
    thread.unref();
    thread.off("message", resolve).off("error", failed);
  });
}
