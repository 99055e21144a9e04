// events.ndjson: what happens in a run, one JSON object a line, written when it happens. Whoever follows the file sees a
// run as it goes, and a run that is killed leaves everything up to then. Every line has `v` (the version of the format),
// `seq` (from 1, without gaps), `at` (RFC 3339, UTC) and `type`; readers pass over types and members that they do not
// know. What a history holds stands in results.json and not here.
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Certification } from "../../invariants/certification-result.ts";
import type { RunResult, ScenarioResult } from "../../invariants/result.ts";
import type { Judgement } from "../../invariants/verdict.ts";
import type { Reporter } from "../reporter.ts";
import { totalsOf } from "../totals.ts";

export const eventsFileName = "events.ndjson";

/** Grows when a member changes its meaning or goes. */
const formatVersion = 1;
/** A search tells of its progress thousands of times a second. Units: milliseconds. */
const progressEveryMs = 1_000;

export interface EventsReporterOptions {
  readonly outputDir: string;
  /** Default: the clock of this machine. */
  readonly now?: () => Date;
}

/** Writes each line before it goes on, so that nothing is left to flush when the process ends. */
export function createEventsReporter({ outputDir, now = () => new Date() }: EventsReporterOptions): Reporter {
  let file: number | undefined;
  let seq = 0;
  let toldProgressAtMs = -Infinity;
  const tell = (type: string, members: object): void => {
    // A run that cannot begin has reporters that are told of its end only.
    file ??= openFile(outputDir);
    seq++;
    writeSync(
      file,
      `${JSON.stringify({ v: formatVersion, seq, at: now().toISOString(), type, ...members })}\n`,
    );
  };
  return {
    onRunBegin: (plan) => tell("run-begin", plan),
    onScenarioBegin: (scenario) => tell("scenario-begin", scenario),
    onScenarioEnd: (result) => tell("scenario-end", scenarioEnd(result)),
    onProgress(progress) {
      const nowMs = now().getTime();
      if (nowMs - toldProgressAtMs < progressEveryMs) return;
      toldProgressAtMs = nowMs;
      tell("progress", progress);
    },
    onInterrupt: () => tell("interrupt", {}),
    onRunEnd(run) {
      tell("run-end", runEnd(run));
      if (file !== undefined) closeSync(file);
      file = undefined;
      seq = 0;
    },
  };
}

function openFile(outputDir: string): number {
  mkdirSync(outputDir, { recursive: true });
  return openSync(join(outputDir, eventsFileName), "w");
}

/** The result without what is long: of checks those that fail, of laws what they say. */
function scenarioEnd(result: ScenarioResult): object {
  const { history: _history, explanation: _explanation, notes: _notes, checks, judgements, ...head } = result;
  return {
    ...head,
    checks: { passed: checks.filter(({ pass }) => pass).length, failed: checks.filter(({ pass }) => !pass) },
    verdicts: judgements.map(verdictOf),
  };
}

const verdictOf = ({ law, requirements, isAdvice, verdict }: Judgement): object => ({
  law,
  requirements,
  ...(isAdvice === undefined ? {} : { isAdvice }),
  ...verdict,
});

function runEnd({ startedAt, durationMs, interrupted, results, certification }: RunResult): object {
  return {
    startedAt,
    durationMs,
    interrupted,
    totals: totalsOf(results),
    ...(certification === undefined ? {} : { certification: briefly(certification) }),
  };
}

const briefly = ({ protocol, target, levels, counts, complete, baseline }: Certification): object => ({
  protocol,
  target: target.title,
  complete,
  levels: levels.map(({ name, verdict, why }) => ({ name, verdict, why })),
  counts,
  baseline,
});
