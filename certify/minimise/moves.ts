// The moves of certification, dearest saving first: what comes after the failure, expectations that are not the one that
// failed, devices, steps, and at last the words of what is left. All but the first two are the search's own.
import { flatSteps } from "../../explore/shrink/plan-size.ts";
import { fewerDevices, oneProcess, oneUser } from "../../explore/shrink/passes/actors.ts";
import { plainerPayloads } from "../../explore/shrink/passes/payloads.ts";
import { plainerRequests } from "../../explore/shrink/passes/requests.ts";
import { plainSettings } from "../../explore/shrink/passes/settings.ts";
import { cutTail, dropExpectations, fewerSteps } from "../../explore/shrink/passes/steps.ts";
import { shorterTimes } from "../../explore/shrink/passes/times.ts";
import type { Reduction } from "../../explore/shrink/reduction.ts";
import type { Scenario, Step } from "../../scenarios/format/types.ts";
import type { Failure } from "./failure.ts";

export type Move = (reduction: Reduction) => Promise<void>;

/** Once, in this order: they make the plan, and with it every later run, short. */
export const openingMoves = (failure: Failure): readonly Move[] => [
  failure.kind === "law" ? dropExpectations : (reduction) => dropOtherExpectations(reduction, failure.line),
  cutTail,
  fewerDevices,
];

/** What can go. */
export const partMoves: readonly Move[] = [
  fewerDevices,
  oneProcess,
  oneUser,
  fewerSteps,
  cutTail,
  plainSettings,
];

/** What can be said in plainer words. Contents twice: steps that come to be about the same can be one. */
export const wordMoves: readonly Move[] = [plainerRequests, plainerPayloads, plainerPayloads, shorterTimes];

/** Only the step of the expectation keeps what it expects; 0 is what stands at the end of a file. */
async function dropOtherExpectations(reduction: Reduction, line: number): Promise<void> {
  reduction.begin("dropping other expectations");
  const { scenario } = reduction;
  const isAbout = (step: Step): boolean => step.source.line === line;
  const isThere = line === 0 || flatSteps(scenario.steps).some(isAbout);
  if (!isThere) return;
  const steps = scenario.steps.flatMap((step) => withoutExpectation(step, isAbout));
  const plain: Scenario = { ...scenario, steps, expect: line === 0 ? scenario.expect : {} };
  await reduction.take(plain);
}

function withoutExpectation(step: Step, isKept: (step: Step) => boolean): readonly Step[] {
  if (isKept(step)) return [step];
  if (step.kind === "together" || step.kind === "start")
    return [{ ...step, steps: step.steps.flatMap((inner) => withoutExpectation(inner, isKept)) }];
  if (step.kind === "check") return [];
  if (!("expect" in step)) return [step];
  const { expect: _expect, ...rest } = step;
  return [rest];
}
