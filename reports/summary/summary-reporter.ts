// summary.md: a run on one page, for pull requests and CI. In GitHub Actions it is appended to the page of the job as
// well. Bounded, because that page takes a megabyte and its readers less.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult, ScenarioResult } from "../../invariants/result.ts";
import { failureText } from "../failure-text.ts";
import type { Reporter, Storyteller } from "../reporter.ts";
import { durationText } from "../time-text.ts";
import { disagreementsOf, type Totals, totalsOf } from "../totals.ts";
import { writeAtomically } from "../write-atomically.ts";
import { certificationMarkdown } from "./certification-markdown.ts";
import { markdownBlock, markdownCode, markdownTable, markdownText } from "./markdown.ts";

export const summaryFileName = "summary.md";

/** Told in full; the rest is named. */
const storiesMax = 10;
/** Units: characters. */
const storyMax = 8_000;

export interface SummaryReporterOptions {
  readonly outputDir: string;
  readonly tell: Storyteller;
  /** `GITHUB_STEP_SUMMARY` names the file to append to. */
  readonly environment: NodeJS.ProcessEnv;
  /** Told where the page of the job cannot be written to: the run is as good as before. */
  readonly warn: (text: string) => void;
}

export function createSummaryReporter(options: SummaryReporterOptions): Reporter {
  return {
    onRunEnd(run) {
      const text = summaryMarkdown(run, options.tell);
      writeAtomically(join(options.outputDir, summaryFileName), text);
      const page = options.environment["GITHUB_STEP_SUMMARY"] ?? "";
      if (page === "") return;
      try {
        appendFileSync(page, `${text}\n`);
      } catch (error) {
        options.warn(`GITHUB_STEP_SUMMARY could not be written: ${(error as Error).message}`);
      }
    },
  };
}

export function summaryMarkdown(run: RunResult, tell: Storyteller): string {
  const { certification } = run;
  const title =
    certification === undefined
      ? "## Seatrial"
      : `## Seatrial: ${markdownText(certification.protocol)} · ${markdownText(certification.target.title)}`;
  return [
    title,
    "",
    ...(certification === undefined ? worldTable(run) : certificationMarkdown(certification)),
    ...disagreementLines(run),
    ...blockedLines(run),
    ...storyLines(run, tell),
    ...(run.interrupted ? ["**Cut short**: what was not run is counted as skipped.", ""] : []),
    `${markdownCode(run.command)}, ${durationText(run.durationMs)}, Seatrial ${markdownText(run.version)}, Node ${markdownText(run.node)}`,
    "",
  ].join("\n");
}

const outcomes = [
  "pass",
  "fail",
  "drifted",
  "error",
  "blocked",
  "skipped",
] as const satisfies readonly (keyof Totals)[];

function worldTable({ results }: RunResult): readonly string[] {
  const worlds = [...new Set(results.map(({ world }) => world))];
  const rows = worlds.map((world) => {
    const totals = totalsOf(results.filter((result) => result.world === world));
    return [world, ...outcomes.map((outcome) => String(totals[outcome]))];
  });
  return rows.length === 0 ? ["Nothing was run.", ""] : [...markdownTable(["", ...outcomes], rows), ""];
}

function disagreementLines(run: RunResult): readonly string[] {
  const disagreements = disagreementsOf(run);
  if (disagreements.length === 0) return [];
  const rows = disagreements.map(({ id, sim, live }) => [markdownCode(id), sim, live]);
  return ["### The worlds disagree", "", ...markdownTable(["scenario", "sim", "live"], rows), ""];
}

/** A certification says by itself what is missing. */
function blockedLines({ results, certification }: RunResult): readonly string[] {
  if (certification !== undefined) return [];
  const blocked = results.filter(({ outcome }) => outcome === "blocked");
  if (blocked.length === 0) return [];
  const byMissing = Map.groupBy(blocked, ({ world, missing }) => `${world}: ${missing.join(", ")}`);
  const rows = [...byMissing].map(([missing, members]) => [markdownText(missing), String(members.length)]);
  return ["### Blocked", "", ...markdownTable(["missing", "scenarios"], rows), ""];
}

function storyLines({ results }: RunResult, tell: Storyteller): readonly string[] {
  const failures = results.filter(({ outcome }) => ["fail", "error", "drifted"].includes(outcome));
  if (failures.length === 0) return [];
  const rest = failures.slice(storiesMax);
  return [
    "### Failures",
    "",
    ...failures.slice(0, storiesMax).flatMap((result) => storyOf(result, tell)),
    ...rest.map(({ id, world }) => `- ${markdownCode(id)} (${world})`),
    ...(rest.length === 0 ? [] : ["", "Their stories stand in results.json and junit.xml.", ""]),
  ];
}

function storyOf(result: ScenarioResult, tell: Storyteller): readonly string[] {
  const story = failureText(result, tell);
  const text =
    story.length > storyMax ? `${story.slice(0, storyMax)}\n… all of it stands in results.json` : story;
  return [
    `<details><summary>${markdownText(result.id)}: ${markdownText(result.title)}</summary>`,
    "",
    ...markdownBlock(text),
    "",
    "</details>",
    "",
  ];
}
