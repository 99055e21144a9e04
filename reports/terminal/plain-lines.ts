// One scenario, one line: for pipes, logs and CI.
import type { ScenarioOutcome, ScenarioResult } from "../../invariants/result.ts";
import { failureSummary } from "../failure-text.ts";
import type { Ink } from "../ink.ts";
import { durationText } from "../time-text.ts";
import { cut, printable } from "../wrap.ts";
import type { LiveList } from "./live-list.ts";

const summaryWidthMax = 160;
const labelWidth = 8;

export const outcomeMarks: Readonly<Record<ScenarioOutcome, string>> = {
  pass: "✓",
  fail: "✗",
  drifted: "≠",
  error: "!",
  blocked: "○",
  skipped: "-",
};

export function outcomeInk(outcome: ScenarioOutcome, ink: Ink): (text: string) => string {
  if (outcome === "pass") return ink.green;
  if (outcome === "fail" || outcome === "error" || outcome === "drifted") return ink.red;
  return outcome === "blocked" ? ink.yellow : ink.dim;
}

/** `pass     sim   waveflow/push/retry  12 ms` */
export function scenarioLine(result: ScenarioResult, ink: Ink): string {
  const label = outcomeInk(result.outcome, ink)(result.outcome.padEnd(labelWidth));
  return `${label} ${result.world.padEnd(4)}  ${printable(result.id)}  ${ink.dim(afterword(result))}`.trimEnd();
}

/** `… 87 of 214 after 12.3 s; running: waveflow/resync/pending-edits` */
export function heartbeatLine(list: LiveList, nowMs: number): string {
  const { done, total, elapsedMs, running } = list.progress(nowMs);
  const names = running.length === 0 ? "" : `; running: ${running.map(printable).join(", ")}`;
  return `… ${done} of ${total} after ${durationText(elapsedMs)}${names}`;
}

function afterword(result: ScenarioResult): string {
  switch (result.outcome) {
    case "pass":
      return durationText(result.durationMs);
    case "blocked":
      return `needs ${result.missing.join(", ")}`;
    case "fail":
    case "error":
    case "drifted":
      return cut(failureSummary(result), summaryWidthMax);
    case "skipped":
      return "";
  }
}
