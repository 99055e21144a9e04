// What a run shows to be wrong, in a form in which two runs of one scenario can be held against each other, whatever world
// each was made in.
import type { History } from "../../invariants/history.ts";
import { judge } from "../../invariants/judge.ts";
import { isFailing, type Law } from "../../invariants/verdict.ts";
import type { CheckResult } from "../../scenarios/format/interpreter.ts";

export interface Sighting {
  /** Violated, those that only advise left out. */
  readonly laws: readonly string[];
  /** Expectations that failed, as "line 12: phone: pull". */
  readonly expectations: readonly string[];
  /** Faults that were asked for and never struck: something is off, but nobody knows what. */
  readonly unstruck: readonly string[];
}

export interface Sighted {
  readonly history: History;
  readonly checks: readonly CheckResult[];
  readonly unusedFaults: readonly string[];
}

/** Errors: `LawFailed`, a bug of ours. */
export function sightingOf(
  { history, checks, unusedFaults }: Sighted,
  { laws, intended = [] }: { readonly laws: readonly Law[]; readonly intended?: readonly string[] },
): Sighting {
  const failed = checks.filter(({ pass, about }) => !pass && about !== "fault" && about !== "placeholder");
  return {
    laws: judge(history, laws)
      .filter((judgement) => isFailing(judgement) && !intended.includes(judgement.law))
      .map(({ law }) => law),
    expectations: [
      ...new Set(
        failed.map(({ line, step, expected }) =>
          expected === canBeWorkedWith ? unworkable : `line ${line}: ${step}`,
        ),
      ),
    ],
    unstruck: [...unusedFaults],
  };
}

/** How a world says that it could not read the server, in words that both share. */
const canBeWorkedWith = "the server can be worked with";
const unworkable = "at any time: that the server can be read";

/** Of a run that ended there: `undefined` for an error that is no such end. */
export function sightingOfError(error: unknown): Sighting | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "account_unreadable" ? { laws: [], expectations: [unworkable], unstruck: [] } : undefined;
}

/** What both show. Faults that never struck prove nothing: one that was not needed here may not have come there. */
export const seenInBoth = (one: Sighting, other: Sighting): Sighting => ({
  laws: one.laws.filter((law) => other.laws.includes(law)),
  expectations: one.expectations.filter((expectation) => other.expectations.includes(expectation)),
  unstruck: [],
});

export const isEmpty = ({ laws, expectations }: Sighting): boolean =>
  laws.length === 0 && expectations.length === 0;

/** In words: "guard-is-exact is violated; line 12: tablet: pull fails". */
export function sightingText({ laws, expectations, unstruck }: Sighting): string {
  const parts = [
    ...(laws.length === 0 ? [] : [`${laws.join(", ")} ${laws.length === 1 ? "is" : "are"} violated`]),
    ...expectations.map((expectation) => `${cut(expectation)} fails`),
    ...unstruck.map((fault) => `"${fault}" never strikes`),
  ];
  return parts.length === 0 ? "nothing is wrong" : parts.join("; ");
}

const cut = (text: string): string => (text.length > textMax ? `${text.slice(0, textMax - 1)}…` : text);
const textMax = 90;
