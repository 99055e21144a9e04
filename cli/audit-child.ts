// A fresh process for `seatrial audit`: runs the plans that its parent sends, one after another, and answers with what
// tells two runs apart. Nothing that the parent has warmed up or counted is here.
import { printOf, type RunPrint } from "../explore/audit.ts";
import type { History } from "../invariants/history.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import type { RunTrace } from "../sim/kernel/trace.ts";
import { simulate } from "../sim/run.ts";
import { protocolOf } from "./protocols.ts";

export interface AuditJob {
  readonly scenario: Scenario;
  readonly seed: string;
  /** Send every event along, and the history. */
  readonly isTraced: boolean;
}

export type AuditAnswer =
  | { readonly print: RunPrint; readonly trace?: RunTrace; readonly history?: History }
  | { readonly error: string };

process.on("message", (job: AuditJob) => {
  void answer(job).then((told) => process.send!(told));
});

async function answer({ scenario, seed, isTraced }: AuditJob): Promise<AuditAnswer> {
  try {
    const { sim } = protocolOf(scenario.protocol);
    const run = await simulate({ scenario, seed, protocol: sim, ...(isTraced ? { trace: true } : {}) });
    if (run.trace === undefined) return { print: printOf(run) };
    return { print: printOf(run), trace: run.trace, history: run.history };
  } catch (error) {
    return { error: String(error) };
  }
}
