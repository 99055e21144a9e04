// The smallest trace of a failure as text: its steps, what they lead to, and where it lies as a file and as a script.
import type { MinimalTraceResult } from "../invariants/minimal-trace.ts";
import type { Ink } from "./ink.ts";
import { layoutStory } from "./story-layout.ts";
import { cut, printable, wrap } from "./wrap.ts";

/** A plan that is longer could not be made small. */
const planLinesMax = 30;

export function minimalLines(
  minimal: MinimalTraceResult,
  { ink, width }: { readonly ink: Ink; readonly width: number },
): readonly string[] {
  const { plan, story, explanation, before, after, attempts, isDeterministic, stoppedBy } = minimal;
  const size = `${after.steps} of ${before.steps} steps, after ${attempts} runs`;
  const ended = stoppedBy === undefined ? "" : `, ended by ${stoppedBy === "time" ? "the time" : stoppedBy}`;
  const sure = isDeterministic ? "fails every time" : "does not fail every time";
  const told = layoutStory(story, { ink, width: width - 2 });
  return [
    ...wrap(`smallest that fails alike (${size}${ended}; ${sure}):`, width).map(ink.bold),
    ...plan.slice(0, planLinesMax).map((line) => `  ${cut(printable(line), width - 2)}`),
    ...(plan.length > planLinesMax ? [`  and ${plan.length - planLinesMax} more`] : []),
    ...wrap(printable(explanation), width - 2).map((line) => `  ${ink.red(line)}`),
    ...(told.length === 0 ? [] : ["", ...told, ""]),
    `  ${ink.dim("as a scenario")}  ${ink.cyan(printable(minimal.replay))}`,
    `  ${ink.dim("with curl")}      ${ink.cyan(`sh ${printable(minimal.script)}`)}`,
  ];
}
