// What sim, live, run and replay have in common: scenarios and worlds in, reports written, exit code out.
import { resolve } from "node:path";
import type { RunResult } from "../invariants/result.ts";
import { judge } from "../invariants/judge.ts";
import type { Law } from "../invariants/verdict.ts";
import { type ExitCode, exitCodeOf } from "./exit-codes.ts";
import { watchInterrupts } from "./interrupt.ts";
import { givenCommand } from "./invocation.ts";
import type { RunFlags } from "./options.ts";
import { protocolOf } from "./protocols.ts";
import { createReporters, interruptReporters } from "./reporting.ts";
import { runScenarios, type RunPart } from "./run-scenarios.ts";
import { createTraceWriter } from "./trace-files.ts";
import { version } from "./version.ts";

export type RunInWorldsFlags = Pick<RunFlags, "seed" | "bail" | "reporter" | "json" | "outputDir"> & {
  /** What was run instead of the reference. */
  readonly mutant?: string;
};

/** What is made of a run, where it is more than its results. */
export interface RunEnding {
  /** By which laws, where it is not all of the protocol's. */
  readonly laws?: readonly Law[];
  /** Before it is reported; the worlds are still up. `signal`: Ctrl-C. */
  finish(run: RunResult, signal: AbortSignal): Promise<RunResult>;
  exitCodeOf(run: RunResult): ExitCode;
}

/** Runs, reports, sets the exit code of the process. The worlds are closed whatever happens. */
export async function runInWorlds(
  parts: readonly RunPart[],
  flags: RunInWorldsFlags,
  ending?: RunEnding,
): Promise<RunResult> {
  const live = parts.filter(({ world }) => world.world === "live").flatMap(({ scenarios }) => scenarios);
  const { outputDir, mutant } = flags;
  const traces = createTraceWriter({ outputDir: resolve(outputDir), scenarios: live, mutant });
  const reporters = [...createReporters(flags), ...(flags.reporter.length === 0 ? [] : [traces])];
  const interrupts = watchInterrupts(() => interruptReporters(reporters));
  try {
    const run = await runScenarios({
      parts,
      judge: (scenario, history) => judge(history, ending?.laws ?? protocolOf(scenario.protocol).laws),
      reporters,
      ...(flags.seed === undefined ? {} : { seed: flags.seed }),
      ...(flags.bail === undefined ? {} : { bail: flags.bail }),
      ...(ending === undefined ? {} : { finish: (ran: RunResult) => ending.finish(ran, interrupts.signal) }),
      signal: interrupts.signal,
      version: version(),
      command: givenCommand(),
    });
    process.exitCode = interrupts.code() ?? (ending ?? { exitCodeOf }).exitCodeOf(run);
    return run;
  } finally {
    for (const { world } of parts) await world.close();
    interrupts.stopWatching();
  }
}
