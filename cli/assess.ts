// From what was observed to a result: checks, laws and faults that never struck, each of which can fail a scenario.
import assert from "node:assert/strict";
import type { History } from "../invariants/history.ts";
import {
  type CheckOutcome,
  type Drift,
  type ScenarioOutcome,
  type ScenarioResult,
  setupFailed,
} from "../invariants/result.ts";
import { isFailing, type Judgement } from "../invariants/verdict.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import type { WorldName } from "../reports/reporter.ts";
import { emptyResult } from "./empty-result.ts";
import { SetupError } from "./errors.ts";
import { version } from "./version.ts";
import type { Observed } from "./world-runner.ts";

/** One scenario in one world under one seed. */
export interface Attempt {
  readonly scenario: Scenario;
  readonly world: WorldName;
  readonly seed: string;
  /** The command that runs it again. */
  readonly replay: string;
  /** For a replay: the run that it has to be. */
  readonly recorded?: { readonly digest: string; readonly version?: string };
}

/** The result of a run that came to its end. `judge` applies the laws of the scenario's protocol. */
export function assess(
  attempt: Attempt,
  observed: Observed,
  { judge, durationMs }: { judge: (history: History) => readonly Judgement[]; durationMs: number },
): ScenarioResult {
  const judgements = judge(observed.history);
  const { missing = [], isInapplicable } = observed;
  // What a law forbids is wrong whatever else did not come about.
  if (missing.length > 0 && !judgements.some((one) => isUnexpectedViolation(attempt.scenario, one)))
    return {
      ...blockedResult(attempt, missing),
      durationMs,
      ...(isInapplicable === undefined ? {} : { isInapplicable }),
    };
  const checks = [...observed.checks, ...expectedViolations(attempt.scenario, judgements)];
  const drift = driftOf(attempt, observed);
  const outcome = outcomeOf({ attempt, observed, checks, judgements, drift });
  const { unstruckAccidents = [], observations = [] } = observed;
  return {
    ...skippedResult(attempt),
    outcome,
    checks,
    judgements,
    durationMs,
    faults: observed.faults,
    unusedFaults: observed.unusedFaults,
    ...(unstruckAccidents.length === 0 ? {} : { unstruckAccidents }),
    ...(observations.length === 0 ? {} : { observations }),
    ...(outcome === "fail" ? { history: observed.history, notes: observed.notes ?? [] } : {}),
    ...(observed.digest === undefined ? {} : { digest: observed.digest }),
    ...(drift === undefined ? {} : { drift }),
    ...(observed.virtualMs === undefined ? {} : { virtualMs: observed.virtualMs }),
  };
}

/** The result of a scenario that this world cannot run. */
export function blockedResult(attempt: Attempt, missing: readonly string[]): ScenarioResult {
  assert(missing.length > 0, "a blocked scenario names what is missing");
  return { ...skippedResult(attempt), outcome: "blocked", missing };
}

/** The result of a scenario that a bail or Ctrl-C left out. */
export function skippedResult({ scenario, world, seed, replay }: Attempt): ScenarioResult {
  const { id, title, why, protocol, requirements } = scenario;
  const head = { id, title, ...(why === undefined ? {} : { why }), protocol, requirements };
  return emptyResult({ ...head, world, seed, replay });
}

/** The result of a scenario during which Seatrial itself failed, or that could not be begun. */
export function errorResult(attempt: Attempt, error: unknown, durationMs: number): ScenarioResult {
  return { ...skippedResult(attempt), outcome: "error", error: stackOf(error), durationMs };
}

/** Laws that hold against every build except those that the scenario was written to see broken. */
export function isUnexpectedViolation(scenario: Scenario, judgement: Judgement): boolean {
  return isFailing(judgement) && !(scenario.expect.violates ?? []).includes(judgement.law);
}

function outcomeOf(run: {
  readonly attempt: Attempt;
  readonly observed: Observed;
  readonly checks: readonly CheckOutcome[];
  readonly judgements: readonly Judgement[];
  readonly drift: Drift | undefined;
}): ScenarioOutcome {
  const isViolated = run.judgements.some((one) => isUnexpectedViolation(run.attempt.scenario, one));
  const hasFailedCheck = run.checks.some(({ pass }) => !pass);
  if (isViolated || hasFailedCheck || run.observed.unusedFaults.length > 0) return "fail";
  return run.drift === undefined ? "pass" : "drifted";
}

function driftOf({ recorded }: Attempt, { digest }: Observed): Drift | undefined {
  if (recorded === undefined || digest === undefined || recorded.digest === digest) return undefined;
  return {
    digest,
    version: version(),
    recordedDigest: recorded.digest,
    ...(recorded.version === undefined ? {} : { recordedVersion: recorded.version }),
  };
}

/** A scenario written against a broken build fails where the break does not show. */
function expectedViolations(scenario: Scenario, judgements: readonly Judgement[]): readonly CheckOutcome[] {
  return (scenario.expect.violates ?? []).map((law) => {
    const judgement = judgements.find((one) => one.law === law);
    return {
      pass: judgement?.verdict.outcome === "violated",
      line: 1,
      text: `violates: ${law}`,
      expected: "the law is violated",
      seen: judgement === undefined ? "no such law" : `the law is ${judgement.verdict.outcome}`,
    };
  });
}

function stackOf(error: unknown): string {
  if (error instanceof SetupError) return `${setupFailed}${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
