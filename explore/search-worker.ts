// A core of a search: takes jobs from its parent and answers with what they came to. Shares nothing with other cores.
import { parentPort } from "node:worker_threads";
import { createTrialRunner, type TrialJob, type TrialReport } from "./search-trial.ts";
import type { ThreadAnswer } from "./threads.ts";

/** Jobs with their places, which their answers carry too. */
export type WorkerTask = readonly { readonly place: number; readonly job: TrialJob }[];
export type WorkerReports = readonly { readonly place: number; readonly report: TrialReport }[];

const port = parentPort!;
const run = createTrialRunner();

port.on("message", async (task: WorkerTask) => {
  port.postMessage(await answerOf(task), []);
});

async function answerOf(task: WorkerTask): Promise<ThreadAnswer<WorkerReports>> {
  const answer: { place: number; report: TrialReport }[] = [];
  try {
    for (const { place, job } of task) answer.push({ place, report: await run(job) });
    return { answer };
  } catch (error) {
    return { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
