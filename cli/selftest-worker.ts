// A core of the selftest: takes jobs from its parent, one after another, and answers with what they came to. Shares
// nothing with other cores; a mutant's modules are loaded once and stay.
import { parentPort } from "node:worker_threads";
import {
  type OnTrial,
  runTrial,
  type TrialJob,
  type TrialOutcome,
} from "../explore/selftest/mutant-trial.ts";
import { loadCatalogue } from "../scenarios/catalogue.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import type { ThreadAnswer } from "../explore/threads.ts";
import { searchProtocolOf } from "../explore/protocols.ts";

const { scenarios } = loadCatalogue();
const port = parentPort!;

port.on("message", async (job: TrialJob) => {
  port.postMessage(await answerTo(job), []);
});

async function answerTo(job: TrialJob): Promise<ThreadAnswer<TrialOutcome>> {
  try {
    const protocol: OnTrial = searchProtocolOf(job.protocol);
    const own: readonly Scenario[] = scenarios.filter((scenario) => scenario.protocol === job.protocol);
    const world = { protocol, scenarios: own, nowMs: () => performance.now() };
    return { answer: await runTrial(job, world) };
  } catch (error) {
    return { failed: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}
