// Jobs of a search on all cores, the next handful of them to whichever thread is free. Reports come as they are made,
// each with the place of its job; whoever merges them in the order of places gets the same from any
// number of workers.
import type { TrialJob, TrialReport } from "./search-trial.ts";
import type { WorkerReports, WorkerTask } from "./search-worker.ts";
import { Threads } from "./threads.ts";

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

/** Jobs that travel together: a message costs about as much as a small job. */
const jobsPerTask = 8;

export const createPool = ({ workers }: { readonly workers: number }): Pool => new ThreadPool(workers);

/** Beside the sources it is TypeScript, in the published package JavaScript. */
const workerFile = import.meta.url.endsWith(".ts") ? "./search-worker.ts" : "./search-worker.js";

class ThreadPool implements Pool {
  readonly workers: number;
  readonly #threads: Threads<WorkerTask, WorkerReports>;

  constructor(workers: number) {
    this.workers = workers;
    this.#threads = new Threads(new URL(workerFile, import.meta.url), workers);
  }

  run(
    jobs: Iterable<TrialJob>,
    onReport: (report: TrialReport, place: number) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    return this.#threads.run(tasksOf(jobs), {
      onAnswer: (reports) => {
        for (const { place, report } of reports) onReport(report, place);
      },
      signal,
    });
  }

  close(): Promise<void> {
    return this.#threads.close();
  }
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
