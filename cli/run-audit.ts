// The audit itself: each plan twice in this process and once in a fresh one, there in the opposite order, so that what
// one run leaves behind for the next meets other runs.
import {
  firstOtherEvent,
  firstOtherLine,
  isSamePrint,
  placeOfParting,
  printOf,
  type RunPrint,
  sameAgain,
} from "../explore/audit.ts";
import type { Build } from "../explore/trial.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { simulate } from "../sim/run.ts";
import type { AuditAnswer } from "./audit-child.ts";
import { FreshProcess } from "./fresh-process.ts";

export interface AuditPlan {
  readonly seed: string;
  /** Made when it is needed: many thousands of plans would not fit into memory. */
  readonly scenario: () => Scenario;
}

/** A plan that was run, and what it came to: here, and where else it was compared. */
export interface AuditedPlan {
  readonly id: string;
  readonly seed: string;
  readonly print?: RunPrint;
  readonly partings: readonly AuditParting[];
}

export interface AuditParting {
  readonly where: "again in this process" | "in a fresh process" | "than recorded";
  readonly firstDifference: string;
}

export interface AuditOptions {
  readonly plans: readonly AuditPlan[];
  readonly buildOf: (protocol: string) => Build;
  /** What another machine or version came to, by `planKey`. */
  readonly recorded?: ReadonlyMap<string, RunPrint>;
  /** Aborted: what was audited so far is all there is. */
  readonly signal: AbortSignal;
  /** Told when a plan has been run here. */
  onRun(): void;
}

export const planKey = ({ id, seed }: { readonly id: string; readonly seed: string }): string =>
  `${id} ${seed}`;

/** Audits the plans in order. Errors: those of a fresh process that does not come up. */
export async function runAudit(options: AuditOptions): Promise<readonly AuditedPlan[]> {
  const { plans, signal, onRun, buildOf } = options;
  const fresh = new FreshProcess();
  try {
    const elsewhere = runElsewhere(fresh, options);
    // Looked at below; an interruption ends it.
    elsewhere.catch(() => {});
    const here: AuditedPlan[] = [];
    for (const plan of plans) {
      if (signal.aborted) return here;
      here.push(await auditHere(plan, options));
      onRun();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const answers = await elsewhere;
    for (const [index, plan] of plans.entries()) {
      const answer = answers[index];
      const audited = here[index]!;
      if (answer === undefined) continue;
      const parting = await partingElsewhere(plan, audited, { answer, buildOf });
      if (parting !== undefined) here[index] = { ...audited, partings: [...audited.partings, parting] };
    }
    return here;
  } finally {
    fresh.close();
  }
}

/** Answers in the order of the plans, run from the last to the first. */
async function runElsewhere(
  fresh: FreshProcess,
  { plans, signal }: AuditOptions,
): Promise<readonly AuditAnswer[]> {
  const answers: AuditAnswer[] = [];
  for (const { scenario, seed } of plans.toReversed()) {
    if (signal.aborted) break;
    answers.push(await fresh.ask({ scenario: scenario(), seed, isTraced: false }));
  }
  return answers.reverse();
}

/** Twice in this process, and against what was recorded. */
async function auditHere(plan: AuditPlan, options: AuditOptions): Promise<AuditedPlan> {
  const { seed } = plan;
  const scenario = plan.scenario();
  const build = options.buildOf(scenario.protocol);
  const name = { id: scenario.id, seed };
  let run;
  try {
    run = await simulate({ scenario, seed, protocol: build.sim });
  } catch (error) {
    const firstDifference = `the run came to no end: ${String(error)}`;
    return { ...name, partings: [{ where: "again in this process", firstDifference }] };
  }
  const print = printOf(run);
  const partings: AuditParting[] = [];
  const again = await sameAgain(build, { scenario, seed, run });
  if (again !== undefined) partings.push({ where: "again in this process", ...again });
  const recorded = options.recorded?.get(planKey(name));
  if (recorded !== undefined && !isSamePrint(recorded, print)) {
    partings.push({ where: "than recorded", firstDifference: placeOfParting(print, recorded) });
  }
  return { ...name, print, partings };
}

async function partingElsewhere(
  plan: AuditPlan,
  { print }: AuditedPlan,
  { answer, buildOf }: { readonly answer: AuditAnswer; readonly buildOf: AuditOptions["buildOf"] },
): Promise<AuditParting | undefined> {
  const where = "in a fresh process";
  if (print === undefined) return undefined;
  if ("error" in answer) return { where, firstDifference: `the run came to no end: ${answer.error}` };
  if (isSamePrint(print, answer.print)) return undefined;
  return { where, firstDifference: await describeElsewhere(plan, [print, answer.print], buildOf) };
}

/** Both once more, with every event: in a process that has run nothing else, and here. */
async function describeElsewhere(
  plan: AuditPlan,
  [here, there]: readonly [RunPrint, RunPrint],
  buildOf: AuditOptions["buildOf"],
): Promise<string> {
  const { seed } = plan;
  const scenario = plan.scenario();
  const run = await simulate({ scenario, seed, protocol: buildOf(scenario.protocol).sim, trace: true });
  const fresh = new FreshProcess();
  try {
    const answer = await fresh.ask({ scenario, seed, isTraced: true });
    if ("trace" in answer && answer.trace !== undefined && answer.history !== undefined) {
      const difference =
        firstOtherEvent(run.trace!, answer.trace) ?? firstOtherLine(run.history, answer.history);
      if (difference !== undefined) return difference;
    }
  } finally {
    fresh.close();
  }
  return `${placeOfParting(here, there)}; two more repetitions were the same`;
}
