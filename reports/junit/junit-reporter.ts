// junit.xml, for CI systems. One suite a world, one case a scenario; a failure carries its whole story as text.
// Blocked scenarios are JUnit's "skipped", with the missing ability as the message: the format has no other word for
// "said nothing".
import { join } from "node:path";
import type { RunResult, ScenarioResult } from "../../invariants/result.ts";
import { failureSummary, failureText } from "../failure-text.ts";
import type { Reporter, Storyteller } from "../reporter.ts";
import { totalsOf } from "../totals.ts";
import { writeAtomically } from "../write-atomically.ts";
import { xmlAttribute, xmlText } from "./xml.ts";

export const junitFileName = "junit.xml";

export function createJunitReporter(options: {
  readonly outputDir: string;
  readonly tell: Storyteller;
}): Reporter {
  return {
    onRunEnd: (run) => writeAtomically(join(options.outputDir, junitFileName), junitXml(run, options.tell)),
  };
}

export function junitXml(run: RunResult, tell: Storyteller): string {
  const worlds = [...new Set(run.results.map(({ world }) => world))];
  const suites = worlds.map((world) =>
    suiteXml(
      run,
      run.results.filter((result) => result.world === world),
      tell,
    ),
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="seatrial"${countAttributes(run.results)} time="${seconds(run.durationMs)}">`,
    ...suites,
    "</testsuites>",
    "",
  ].join("\n");
}

function suiteXml(run: RunResult, results: readonly ScenarioResult[], tell: Storyteller): string {
  const durationMs = results.reduce((sum, result) => sum + result.durationMs, 0);
  const timestamp = run.startedAt.replace(/\.\d+Z$/, "Z");
  const head = `<testsuite name=${xmlAttribute(`seatrial ${results[0]!.world}`)}${countAttributes(results)} time="${seconds(durationMs)}" timestamp=${xmlAttribute(timestamp)}>`;
  return [`  ${head}`, ...results.map((result) => caseXml(result, tell)), "  </testsuite>"].join("\n");
}

function caseXml(result: ScenarioResult, tell: Storyteller): string {
  const area = result.id.split("/").slice(0, -1).join(".");
  const attributes = [
    `name=${xmlAttribute(`${result.id}: ${result.title}`)}`,
    `classname=${xmlAttribute(`${result.world}.${area}`)}`,
    `time="${seconds(result.durationMs)}"`,
  ].join(" ");
  const inner = outcomeXml(result, tell);
  return inner === ""
    ? `    <testcase ${attributes}/>`
    : `    <testcase ${attributes}>\n${inner}\n    </testcase>`;
}

function outcomeXml(result: ScenarioResult, tell: Storyteller): string {
  switch (result.outcome) {
    case "pass":
      return "";
    case "fail":
    case "drifted":
    case "error": {
      const tag = result.outcome === "error" ? "error" : "failure";
      const type = { fail: "violation", drifted: "drifted", error: "seatrial" }[result.outcome];
      const message = xmlAttribute(failureSummary(result));
      return `      <${tag} type="${type}" message=${message}>${xmlText(failureText(result, tell))}</${tag}>`;
    }
    case "blocked":
      return `      <skipped message=${xmlAttribute(`blocked: this world cannot do ${result.missing.join(", ")}`)}/>`;
    case "skipped":
      return `      <skipped message="not run: the run was cut short"/>`;
  }
}

function countAttributes(results: readonly ScenarioResult[]): string {
  const totals = totalsOf(results);
  return ` tests="${totals.scenarios}" failures="${totals.fail + totals.drifted}" errors="${totals.error}" skipped="${totals.blocked + totals.skipped}"`;
}

function seconds(durationMs: number): string {
  return (durationMs / 1_000).toFixed(3);
}
