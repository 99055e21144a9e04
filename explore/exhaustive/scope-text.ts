// What a walk of scopes came to, in sentences that claim no more than was done.
import { describeScope } from "./scope.ts";
import type { ScopeReport } from "./scope-search.ts";

/** One line: what was complete, or how far it came before it was cut. `cutBy`: what ended it. */
export function scopeLine(report: ScopeReport, cutBy: string): string {
  const { scope, runs, states, ends, findings, walks, walksComplete } = report;
  const size = `${count(states)} states, ${count(ends)} ends, ${count(runs)} runs`;
  const what = describeScope(scope);
  if (findings.length > 0) return `${what}: a violation after ${count(runs)} runs; not gone on with`;
  if (report.isComplete) return `${what}: complete, ${size}`;
  const placings = walks === 1 ? "" : `, ${walksComplete} of ${walks} placings of its faults complete`;
  return `${what}: cut ${cutBy} at about ${percent(report)} of its choices${placings}; ${size} so far`;
}

/** Where the walk of a scope is, for whoever waits. */
export function scopeProgressLine(report: ScopeReport, walk: string): string {
  const { scope, states, depthMax, walks, walksComplete } = report;
  const place = walks === 1 ? "" : ` · ${walksComplete + 1} of ${walks}: ${walk}`;
  return `${describeScope(scope)}: about ${percent(report)} · ${count(states)} states · depth ${depthMax}${place}`;
}

/** What stands under every report.  */
export const scopeCaveats: readonly string[] = [
  "Complete means: every order of what devices, requests, statements, the compaction and the placed faults do, up to orders that differ only in steps that share nothing and states that are the same. Left out: live sockets, timers that run while others work, and what devices do after their program, which is one calm order.",
];

const percent = ({ doneInAMillion }: ScopeReport): string =>
  doneInAMillion < 10_000
    ? `${(doneInAMillion / 10_000).toFixed(2)} %`
    : `${Math.trunc(doneInAMillion / 10_000)} %`;

const count = (number: number): string => number.toLocaleString("en-US");
