// A core of the selftest: takes jobs from its parent, one after another, and answers with what they came to. Shares
// nothing with other cores; a mutant's modules are loaded once and stay.
import {
  type OnTrial,
  runTrial,
  type TrialJob,
  type TrialOutcome,
} from "../explore/selftest/mutant-trial.ts";
import { loadCatalogue } from "../scenarios/catalogue.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { answerTasks } from "../explore/threads.ts";
import { searchProtocolOf } from "../explore/protocols.ts";

const { scenarios } = loadCatalogue();

answerTasks((job: TrialJob): Promise<TrialOutcome> => {
  const protocol: OnTrial = searchProtocolOf(job.protocol);
  const own: readonly Scenario[] = scenarios.filter((scenario) => scenario.protocol === job.protocol);
  return runTrial(job, { protocol, scenarios: own, nowMs: () => performance.now() });
});
