// Checks that stand in no scenario: it ends, nobody ends by itself, and there is a server to work with.
import type { CheckResult } from "../scenarios/format/interpreter.ts";
import type { Scenario, Step } from "../scenarios/format/types.ts";
import type { LiveWorld } from "./world/world.ts";

/** A scenario that did not end. */
export function lateCheck(
  scenario: Scenario,
  late: { readonly timeoutMs: number; readonly underWay: readonly Step[]; readonly world: LiveWorld },
): CheckResult {
  const { timeoutMs, underWay, world } = late;
  const waiting = world.waiting();
  const steps = underWay.map(({ source }) => `line ${source.line} (${source.text})`);
  const at = steps.length === 0 ? "after the last step" : `in ${steps.join(", ")}`;
  const seen = `still running ${at}; ${waiting.length === 0 ? "no message is under way" : `waiting for ${waiting.join(", ")}`}`;
  return checkOf(scenario, {
    ...placeOf(underWay),
    expected: `the scenario ends within ${timeoutMs} ms`,
    seen,
  });
}

/** What a server did that leaves nothing to run a scenario against; `undefined` for everything else. */
export function faultOfTarget(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && targetFaults.has(code) ? (error as Error).message : undefined;
}

const targetFaults: ReadonlySet<string> = new Set([
  "account_unreadable",
  "hook_failed",
  "hook_unanswered",
  "not_started",
  "unanswered",
]);

/** The step that was under way. */
export function placeOf(underWay: readonly Step[]): { readonly line: number; readonly step: string } {
  const step = underWay.at(-1);
  return { line: step?.source.line ?? 0, step: step?.source.text ?? "at the end" };
}

/** A check that nobody wrote: it fails the scenario as a whole. */
export function checkOf(
  scenario: Scenario,
  check: Pick<CheckResult, "step" | "expected" | "seen"> & Partial<Pick<CheckResult, "line" | "about">>,
): CheckResult {
  const { id, requirements } = scenario;
  return { scenario: id, line: 0, about: "settled", requirements, pass: false, ...check };
}
