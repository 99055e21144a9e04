// The last words of a run. Failures stand near the end, where the eye is, and the very last line is the plain count
// that scripts and people look for.
import {
  type RunResult,
  type ScenarioOutcome,
  type ScenarioResult,
  setupFailed,
} from "../../invariants/result.ts";
import { failureLines } from "../failure-text.ts";
import type { Ink } from "../ink.ts";
import type { Storyteller, StormProgress, WorldName } from "../reporter.ts";
import { countText, durationText } from "../time-text.ts";
import { disagreementsOf, lawTotalsOf, totalsOf } from "../totals.ts";
import { printable, wrap } from "../wrap.ts";
import { certificationLines } from "./certification-lines.ts";
import { outcomeInk } from "./plain-lines.ts";
import { faultsText } from "./storm-lines.ts";

/** Told in full; a longer list drowns the first one. The rest is named in one line each. */
const storiesMax = 10;

export interface SummaryOptions {
  readonly tell: Storyteller;
  readonly outputDir: string;
  readonly ink: Ink;
  readonly width: number;
  readonly storm: StormProgress | undefined;
}

export function summaryLines(run: RunResult, options: SummaryOptions): readonly string[] {
  const { storm } = options;
  return [
    "",
    ...(storm === undefined ? areaLines(run, options) : stormSummary(storm, run, options)),
    ...storyLines(run, options),
    ...blockedLines(run, options),
    ...unstruckLines(run, options),
    ...observationLines(run, options),
    ...disagreementLines(run, options),
    ...(run.certification === undefined ? [] : certificationLines(run.certification, options)),
    ...closingLines(run, options),
  ];
}

/** A table: areas down, worlds across. */
function areaLines({ results }: RunResult, { ink }: SummaryOptions): readonly string[] {
  const worlds = [...new Set(results.map(({ world }) => world))];
  const areas = [...new Set(results.map(areaOf))].sort();
  if (areas.length === 0) return [];
  const nameWidth = Math.max(...areas.map((area) => area.length), 8);
  const cellWidth = 34;
  const cell = (area: string, world: WorldName): string => {
    const counts = countsText(
      results.filter((result) => areaOf(result) === area && result.world === world),
      ink,
    );
    return counts.styled + " ".repeat(Math.max(2, cellWidth - counts.plain.length));
  };
  const header = `  ${"".padEnd(nameWidth)}  ${worlds.map((world) => world.padEnd(cellWidth)).join("")}`;
  const rows = areas.map(
    (area) => `  ${area.padEnd(nameWidth)}  ${worlds.map((world) => cell(area, world)).join("")}`,
  );
  return [ink.dim(header.trimEnd()), ...rows.map((row) => row.trimEnd()), ""];
}

const outcomeWords: Readonly<Record<ScenarioOutcome, string>> = {
  pass: "passed",
  fail: "failed",
  drifted: "drifted",
  error: "errors",
  blocked: "blocked",
  skipped: "skipped",
};

function countsText(results: readonly ScenarioResult[], ink: Ink): { plain: string; styled: string } {
  const totals = totalsOf(results);
  const parts = (["pass", "fail", "drifted", "error", "blocked", "skipped"] as const)
    .filter((outcome) => totals[outcome] > 0)
    .map((outcome) => ({ outcome, text: countOf(outcome, totals[outcome]) }));
  return {
    plain: parts.map(({ text }) => text).join(", "),
    styled: parts.map(({ outcome, text }) => outcomeInk(outcome, ink)(text)).join(", "),
  };
}

function countOf(outcome: ScenarioOutcome, count: number): string {
  return outcome === "error" && count === 1 ? "1 error" : `${count} ${outcomeWords[outcome]}`;
}

/** What the storms were, and what a clean series proves: the title of the result that stands for all clean ones. */
function stormSummary(
  storm: StormProgress,
  { results }: RunResult,
  { ink, width }: SummaryOptions,
): readonly string[] {
  const { seedsDone, elapsedMs, events, unit = "seeds" } = storm;
  const seconds = Math.max(0.001, elapsedMs / 1_000);
  const eventsText = events === 0 ? "" : `, ${countText(events / seconds)} events/s`;
  const speed = `${countText(seedsDone / seconds)} ${unit}/s${eventsText}`;
  const clean = results.filter(({ outcome }) => outcome === "pass").map(({ title }) => title);
  const name = storm.unit ?? (storm.name === undefined ? "storms" : "plans");
  return [
    ink.bold(`${countText(seedsDone)} ${name} in ${durationText(elapsedMs)}: ${speed}`),
    ...(storm.closing ?? [faultsText(storm.faults), ...clean]).flatMap((text) => wrap(text, width)),
    "",
  ];
}

function storyLines({ results }: RunResult, { tell, width, ink }: SummaryOptions): readonly string[] {
  const failures = results.filter(
    ({ outcome }) => outcome === "fail" || outcome === "error" || outcome === "drifted",
  );
  const told = failures.slice(0, storiesMax).flatMap((result) => failureLines(result, { tell, width, ink }));
  const rest = failures.slice(storiesMax);
  if (rest.length === 0) return told;
  return [
    ...told,
    ink.bold(`and ${rest.length} more failed; their stories stand in junit.xml and results.json:`),
    ...rest.map((result) => `  ${ink.red("✗")} ${printable(result.id)} (${result.world})`),
    "",
  ];
}

/** Grouped by what is missing, because one ability often unlocks many scenarios. */
function blockedLines({ results }: RunResult, { ink }: SummaryOptions): readonly string[] {
  const idsByMissing = new Map<string, string[]>();
  for (const { world, missing, outcome, id, isInapplicable } of results) {
    if (outcome !== "blocked") continue;
    const what = missing.join(", ");
    const key = isInapplicable === true ? `the server does not have ${what}` : `${world} cannot do ${what}`;
    idsByMissing.set(key, [...(idsByMissing.get(key) ?? []), id]);
  }
  const named = 3;
  return [...idsByMissing].flatMap(([missing, ids]) => {
    return [
      ink.yellow(`○ ${printable(missing)}: ${ids.length} blocked`),
      ...ids.slice(0, named).map((id) => `    ${printable(id)}`),
      ...(ids.length > named ? [`    and ${ids.length - named} more`] : []),
      "",
    ];
  });
}

const accidentsNamedMax = 10;

/** Nothing failed, but not all happened that the file says; of what failed, its story says so. */
function unstruckLines({ results }: RunResult, { ink, width }: SummaryOptions): readonly string[] {
  return results.flatMap(({ id, world, outcome, unstruckAccidents = [] }) => {
    if (outcome !== "pass" || unstruckAccidents.length === 0) return [];
    const count = unstruckAccidents.length;
    const accidents = count === 1 ? "1 accident of the file" : `${count} accidents of the file`;
    return [
      ...wrap(`○ ${printable(id)} (${world}): ${accidents} never came to pass`, width).map(ink.yellow),
      ...unstruckAccidents.slice(0, accidentsNamedMax).map((accident) => `    ${printable(accident)}`),
      ...(count > accidentsNamedMax ? [`    and ${count - accidentsNamedMax} more`] : []),
      "",
    ];
  });
}

/** Of more scenarios than this, results.json tells. */
const observedMax = 5;

/** What was noticed on the way and is no fault. */
function observationLines({ results }: RunResult, { ink, width }: SummaryOptions): readonly string[] {
  const observed = results.filter(({ observations = [] }) => observations.length > 0);
  if (observed.length === 0) return [];
  if (observed.length > observedMax) {
    const text = `${observed.length} scenarios saw one transaction wait for another; results.json tells who for whom.`;
    return [...wrap(text, width).map(ink.dim), ""];
  }
  return [
    ...observed.flatMap(({ id, world, observations = [] }) => [
      `○ ${printable(id)} (${world})`,
      ...observations.flatMap((text) => wrap(printable(text), width - 4).map((line) => `    ${line}`)),
    ]),
    "",
  ];
}

const disagreementText = "The two worlds disagree; either the model or the real thing is not what we think:";

function disagreementLines(run: RunResult, { ink, width }: SummaryOptions): readonly string[] {
  const disagreements = disagreementsOf(run);
  if (disagreements.length === 0) return [];
  return [
    ...wrap(disagreementText, width).map((line) => ink.bold(ink.yellow(line))),
    ...disagreements.map(
      ({ id, sim, live }) => `  ${printable(id)}: ${outcomeWords[sim]} in sim, ${outcomeWords[live]} in live`,
    ),
    "",
  ];
}

function closingLines(run: RunResult, { ink, outputDir, storm }: SummaryOptions): readonly string[] {
  const totals = totalsOf(run.results);
  const failed = totals.fail + totals.error;
  const ours = run.results.filter(
    ({ outcome, error }) => outcome === "error" && error?.startsWith(setupFailed) !== true,
  ).length;
  const passed = storm === undefined ? totals.pass : storm.seedsDone - storm.violations;
  const skipped = storm === undefined ? totals.skipped : 0;
  const skippedText = skipped > 0 ? `, ${skipped} skipped` : "";
  const driftedText = totals.drifted > 0 ? `, ${totals.drifted} drifted` : "";
  const counts = `${passed} passed, ${failed} failed${driftedText}${skippedText}`;
  return [
    ink.dim(`${lawsText(run)}; took ${durationText(run.durationMs)}`),
    ink.dim(`reports: ${outputDir}`),
    ...(run.interrupted ? [ink.yellow(cutShortText(storm))] : []),
    ...(ours > 0 ? [ink.yellow(`${ours} of the failed are errors of Seatrial itself`)] : []),
    ...(totals.blocked > 0 ? [ink.yellow(blockedText(run, totals.blocked))] : []),
    failed + totals.drifted > 0 ? ink.bold(ink.red(counts)) : ink.bold(counts),
  ];
}

/** What nobody has a place for is no gap that something could close. */
function blockedText({ results }: RunResult, blocked: number): string {
  const inapplicable = results.filter(({ isInapplicable }) => isInapplicable === true).length;
  if (inapplicable === 0) return `${blocked} blocked`;
  return `${blocked} blocked, ${inapplicable} of them because the server has nothing of the kind`;
}

function lawsText({ results }: RunResult): string {
  const laws = lawTotalsOf(results);
  const violated = laws.violated.length === 0 ? "" : `${laws.violated.length} violated, `;
  return `laws: ${laws.held.length} held, ${violated}${laws.withoutCase.length} had no case`;
}

function cutShortText(storm: StormProgress | undefined): string {
  if (storm === undefined) return "cut short; what was not run is counted as skipped";
  const { seedsDone, seedsTotal, timeTotalMs, unit = "seeds" } = storm;
  if (timeTotalMs !== undefined) return `stopped after ${countText(seedsDone)} ${unit}`;
  return `stopped after ${countText(seedsDone)} of ${countText(seedsTotal)} ${unit}`;
}

/** `waveflow/push/poison-value/nul` → `waveflow/push` */
function areaOf({ id }: ScenarioResult): string {
  return id.split("/").slice(0, 2).join("/");
}
