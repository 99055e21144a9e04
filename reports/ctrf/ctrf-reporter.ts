// ctrf.json, the Common Test Report Format (https://ctrf.io, specification 0.1.0), which dashboards and chat robots read.
// One test a scenario. The format knows fewer outcomes than Seatrial: `rawStatus` carries ours. Blocked is `skipped`, as
// in junit.xml; an error of Seatrial's own is `failed`, because a run with one proves nothing.
import { join } from "node:path";
import type { RunResult, ScenarioOutcome, ScenarioResult } from "../../invariants/result.ts";
import { failureSummary, failureText } from "../failure-text.ts";
import type { Reporter, Storyteller } from "../reporter.ts";
import { writeAtomically } from "../write-atomically.ts";

export const ctrfFileName = "ctrf.json";

const specVersion = "0.1.0";

type CtrfStatus = "passed" | "failed" | "skipped" | "pending" | "other";

export interface CtrfTest {
  readonly name: string;
  readonly status: CtrfStatus;
  /** Units: milliseconds, whole. */
  readonly duration: number;
  readonly suite: readonly string[];
  readonly rawStatus: string;
  readonly labels: Readonly<Record<string, string | readonly string[]>>;
  readonly message?: string;
  readonly trace?: string;
}

export interface CtrfDocument {
  readonly reportFormat: "CTRF";
  readonly specVersion: string;
  readonly timestamp: string;
  readonly generatedBy: string;
  readonly results: {
    readonly tool: { readonly name: string; readonly version: string };
    readonly summary: Readonly<
      Record<"tests" | CtrfStatus | "suites" | "start" | "stop" | "duration", number>
    >;
    readonly tests: readonly CtrfTest[];
    readonly environment: Readonly<Record<string, unknown>>;
    readonly extra: Readonly<Record<string, unknown>>;
  };
}

export function createCtrfReporter(options: {
  readonly outputDir: string;
  readonly tell: Storyteller;
}): Reporter {
  return {
    onRunEnd(run) {
      const text = `${JSON.stringify(ctrfDocument(run, options.tell), null, 2)}\n`;
      writeAtomically(join(options.outputDir, ctrfFileName), text);
    },
  };
}

export function ctrfDocument(run: RunResult, tell: Storyteller): CtrfDocument {
  const tests = run.results.map((result) => ctrfTest(result, tell));
  const count = (status: CtrfStatus): number => tests.filter((test) => test.status === status).length;
  const start = Date.parse(run.startedAt);
  const duration = Math.round(run.durationMs);
  const { certification } = run;
  return {
    reportFormat: "CTRF",
    specVersion,
    timestamp: new Date(start + duration).toISOString(),
    generatedBy: `seatrial ${run.version}`,
    results: {
      tool: { name: "seatrial", version: run.version },
      summary: {
        tests: tests.length,
        passed: count("passed"),
        failed: count("failed"),
        skipped: count("skipped"),
        pending: count("pending"),
        other: count("other"),
        suites: new Set(tests.map(({ suite }) => suite.join("/"))).size,
        start,
        stop: start + duration,
        duration,
      },
      tests,
      environment: {
        ...(certification === undefined ? {} : { appName: certification.target.title }),
        extra: { node: run.node, command: run.command },
      },
      extra: {
        interrupted: run.interrupted,
        ...(certification === undefined
          ? {}
          : { protocol: certification.protocol, levels: certification.levels, checks: certification.counts }),
      },
    },
  };
}

const statuses: Readonly<Record<ScenarioOutcome, CtrfStatus>> = {
  pass: "passed",
  fail: "failed",
  drifted: "failed",
  error: "failed",
  blocked: "skipped",
  skipped: "skipped",
};

function ctrfTest(result: ScenarioResult, tell: Storyteller): CtrfTest {
  const { id, title, world, seed, outcome, requirements, missing } = result;
  const status = statuses[outcome];
  const message =
    outcome === "blocked"
      ? `blocked: needs ${missing.join(", ")}`
      : status === "failed"
        ? failureSummary(result)
        : "";
  return {
    name: `${id}: ${title}`,
    status,
    duration: Math.round(result.durationMs),
    suite: [`seatrial ${world}`, id.split("/").slice(0, -1).join("/")],
    rawStatus: outcome,
    labels: { world, seed, ...(requirements.length === 0 ? {} : { requirements }) },
    ...(message === "" ? {} : { message }),
    ...(status === "failed" ? { trace: failureText(result, tell) } : {}),
  };
}
