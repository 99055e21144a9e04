// A core of a search: takes jobs from its parent and answers with what they came to. Shares nothing with other cores.
import { createTrialRunner, type TrialJob, type TrialReport } from "./search-trial.ts";
import { answerTasks } from "./threads.ts";

/** Jobs with their places, which their answers carry too. */
export type WorkerTask = readonly { readonly place: number; readonly job: TrialJob }[];
export type WorkerReports = readonly { readonly place: number; readonly report: TrialReport }[];

const run = createTrialRunner();

answerTasks(async (task: WorkerTask): Promise<WorkerReports> => {
  const reports: { place: number; report: TrialReport }[] = [];
  for (const { place, job } of task) reports.push({ place, report: await run(job) });
  return reports;
});
