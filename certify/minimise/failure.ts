// What a run on a target shows to be wrong, so that another run can be asked whether it shows the same: the law and the
// way in which it is broken, or the expectation and what was seen instead. Names, numbers and ids of a run are left out:
// the next run has others.
import { signatureOf, isSameWay } from "../../explore/shrink/signature.ts";
import { judge } from "../../invariants/judge.ts";
import type { History } from "../../invariants/history.ts";
import { isFailing, type Judgement, type Law } from "../../invariants/verdict.ts";
import type { CheckResult } from "../../scenarios/format/interpreter.ts";

/** What there is to look at after a run. A `LiveRun` is one. */
export interface TargetRun {
  readonly history: History;
  readonly checks: readonly CheckResult[];
  readonly unusedFaults: readonly string[];
}

export type Failure = LawFailure | CheckFailure;

export interface LawFailure {
  readonly kind: "law";
  readonly law: string;
  readonly signature: string;
  /** When it was complete. Units: milliseconds since the run began. */
  readonly at: number;
}

export interface CheckFailure {
  readonly kind: "check";
  /** Of the step in its file; 0 for what the end of a run asks. */
  readonly line: number;
  /** Which of the expectations of that step. */
  readonly expectation: string;
  /** What was seen, without its values. */
  readonly seen: string;
  readonly at: number;
}

/** Which failure to look for. */
export type FailureChoice = { readonly law: string } | { readonly line: number };

/** What went wrong first in a run, or first of what is asked for; `undefined` where nothing of it did. A fault that did
 *  not strike is no failure here: it says nothing about the target.
 *  Errors: `LawFailed`, a bug of ours. */
export function failureOf(run: TargetRun, laws: readonly Law[], choice?: FailureChoice): Failure | undefined {
  const failures: readonly Failure[] = [
    ...violationsOf(run, laws).map((judgement) => lawFailure(judgement, run.history)),
    ...failedChecks(run).map(checkFailure),
  ];
  const asked = failures.filter((failure) => {
    if (choice === undefined) return true;
    if ("law" in choice) return failure.kind === "law" && failure.law === choice.law;
    return failure.kind === "check" && failure.line === choice.line;
  });
  // A law comes before a check of the same moment: it says more. Sorting is stable.
  return asked.toSorted((left, right) => left.at - right.at)[0];
}

/** Whether a run shows a failure, whatever else it shows. */
export function showsFailure(run: TargetRun, failure: Failure, laws: readonly Law[]): boolean {
  if (failure.kind === "check")
    return failedChecks(run).some((check) => isSameCheck(checkFailure(check), failure));
  const asked = laws.filter(({ id }) => id === failure.law);
  return violationsOf(run, asked).some((judgement) =>
    isSameWay(failure.signature, signatureOf(judgement, run.history)),
  );
}

/** The violated judgement or the failed check that a failure speaks of. */
export function evidenceOf(
  run: TargetRun,
  failure: Failure,
  laws: readonly Law[],
): { readonly judgement: Judgement } | { readonly check: CheckResult } | undefined {
  if (failure.kind === "law") {
    const asked = laws.filter(({ id }) => id === failure.law);
    const judgement = violationsOf(run, asked)[0];
    return judgement === undefined ? undefined : { judgement };
  }
  const check = failedChecks(run).find((one) => isSameCheck(checkFailure(one), failure));
  return check === undefined ? undefined : { check };
}

const violationsOf = ({ history }: TargetRun, laws: readonly Law[]): readonly Judgement[] =>
  judge(history, laws).filter(isFailing);

function lawFailure(judgement: Judgement, history: History): LawFailure {
  const { law, verdict } = judgement;
  const last = verdict.outcome === "violated" ? verdict.witness.events.at(-1) : undefined;
  const at = last === undefined ? Infinity : (history.events[last]?.at ?? Infinity);
  return { kind: "law", law, signature: signatureOf(judgement, history), at };
}

const failedChecks = ({ checks }: TargetRun): readonly CheckResult[] =>
  checks.filter(({ pass, about }) => !pass && about !== "fault" && about !== "placeholder");

function checkFailure({ line, about, expected, seen, at = Infinity }: CheckResult): CheckFailure {
  const expectation = `${about} ${/^[a-z' ]*/iu.exec(expected)![0].trim()}`;
  return { kind: "check", line, expectation, seen: wordsOf(seen), at };
}

const isSameCheck = (one: CheckFailure, other: CheckFailure): boolean =>
  one.line === other.line && one.expectation === other.expectation && one.seen === other.seen;

/** A status and a type tell one mistake from another; bodies, ids, times and counts do not. */
function wordsOf(seen: string): string {
  const outcome = /^outcome \w+(?:, status \d+)?(?:, type [\w-]+)?/u.exec(seen);
  if (outcome !== null) return outcome[0];
  return seen
    .replaceAll(/"(?:[^"\\]|\\.)*(?:"|…)/gu, "_")
    .replaceAll(/\{.*\}|\[.*\]/gu, "_")
    .replaceAll(/[\w-]*\d[\w-]*/gu, "_");
}
