// One failure, told so that a stranger understands it: what the scenario is about, what was promised, the two facts
// that cannot both be, the few events that led there, and the command that shows it again. The terminal prints it in
// colour, JUnit and the JSON document carry it plain.
import { type CheckOutcome, type ScenarioResult, setupFailed } from "../invariants/result.ts";
import { brokenRules, isFailing, type Judgement } from "../invariants/verdict.ts";
import { explanationLines } from "./explanation-text.ts";
import { type Ink, plainInk } from "./ink.ts";
import type { Storyteller } from "./reporter.ts";
import { minimalLines } from "./minimal-text.ts";
import { layoutStory } from "./story-layout.ts";
import { cut, printable, wrap } from "./wrap.ts";

/** Width of a failure in files. Units: characters. */
const widthInFiles = 100;
const labelWidth = 10;
/** An answer's body can be a page long; all of it stands in results.json. Units: characters. */
const seenMax = 400;

export interface FailureLayout {
  readonly tell: Storyteller;
  /** Units: characters. */
  readonly width: number;
  readonly ink: Ink;
}

/** The failure as lines no longer than the width. Empty for a result that is no failure. */
export function failureLines(result: ScenarioResult, layout: FailureLayout): readonly string[] {
  if (result.outcome !== "fail" && result.outcome !== "error" && result.outcome !== "drifted") return [];
  const inner = { ...layout, width: layout.width - 2 };
  // The smallest trace says the same with less.
  const told =
    result.minimal === undefined ? wholeStory(result, inner) : [minimalLines(result.minimal, inner)];
  const parts: readonly (readonly string[])[] = [
    titleLines(result, inner),
    ...told,
    [`${inner.ink.bold("again:")} ${inner.ink.cyan(printable(result.replay))}`],
  ];
  const { red, bold } = layout.ink;
  const mark = result.outcome === "drifted" ? "≠ DRIFTED" : "✗";
  const head = `${red(mark)} ${bold(printable(result.id))}  ${layout.ink.dim(`(${result.world}, seed ${printable(result.seed)})`)}`;
  const body = parts.filter((lines) => lines.length > 0).flatMap((lines) => [...lines, ""]);
  return [head, ...body.map((line) => (line === "" ? "" : `  ${line}`))];
}

function wholeStory(result: ScenarioResult, inner: FailureLayout): readonly (readonly string[])[] {
  return [
    driftLines(result, inner),
    ...(result.explanation === undefined
      ? violationsOf(result).map((judgement) => violationLines(result, judgement, inner))
      : [explanationLines(result.explanation, inner)]),
    ...merged(failedChecks(result)).map((check) => checkLines(check, inner)),
    lastEventLines(result, inner),
    unusedFaultLines(result, inner),
    unstruckAccidentLines(result, inner),
    errorLines(result, inner),
    noteLines(result, inner),
  ];
}

/** The failure without colour, for files. */
export function failureText(result: ScenarioResult, tell: Storyteller): string {
  return failureLines(result, { tell, width: widthInFiles, ink: plainInk }).join("\n").trimEnd();
}

/** What failed, in one line. */
export function failureSummary(result: ScenarioResult): string {
  const laws = violationsOf(result).map(({ law }) => `law ${law} is violated`);
  const checks = failedChecks(result).map((check) => `${placeText(check)}: ${check.text}`);
  const unused = result.unusedFaults.map((fault) => `never happened: ${fault}`);
  const errors = result.error === undefined ? [] : [firstLine(result.error)];
  const drift =
    result.drift === undefined
      ? []
      : [`DRIFTED: digest ${result.drift.digest}, recorded ${result.drift.recordedDigest}`];
  return printable([...errors, ...drift, ...laws, ...checks, ...unused].join("; "));
}

export function violationsOf(result: ScenarioResult): readonly Judgement[] {
  return result.judgements.filter(isFailing);
}

export function failedChecks(result: ScenarioResult): readonly CheckOutcome[] {
  return result.checks.filter(({ pass }) => !pass);
}

function noteLines({ notes = [] }: ScenarioResult, layout: FailureLayout): readonly string[] {
  if (notes.length === 0) return [];
  const { ink } = layout;
  return [
    ink.bold("the server's last words:"),
    ...notes.flatMap((note) => labelled("", note, layout, 2)).map(ink.dim),
  ];
}

function titleLines({ title, why }: ScenarioResult, { width, ink }: FailureLayout): readonly string[] {
  const lines = wrap(printable(title), width);
  return why === undefined ? lines : [...lines, ...wrap(printable(why), width).map(ink.dim)];
}

function driftLines({ drift, outcome }: ScenarioResult, layout: FailureLayout): readonly string[] {
  if (drift === undefined) return [];
  const { ink, width } = layout;
  const { digest, version, recordedDigest, recordedVersion } = drift;
  const isSameVersion = version === recordedVersion;
  const changed = isSameVersion
    ? "The scenario or what was tested"
    : "Seatrial, the scenario or what was tested";
  const after =
    outcome === "drifted" ? "Nothing failed in this run, which proves nothing about that one." : "";
  return [
    ink.bold(ink.red("DRIFTED: this is not the run that was recorded")),
    ...labelled(
      "recorded",
      `${recordedDigest} with ${recordedVersion ?? "a version that it does not name"}`,
      layout,
    ),
    ...labelled("now", `${digest} with ${version}`, layout),
    ...wrap(`${changed} has changed since. ${after}`.trimEnd(), width),
  ];
}

function checkLines(check: CheckOutcome, layout: FailureLayout): readonly string[] {
  const { ink, width } = layout;
  return [
    ...wrap(`check ${placeText(check)}: ${printable(check.text)}`, width).map(ink.bold),
    ...labelled("expected", check.expected, layout),
    ...labelled("seen", cut(check.seen, seenMax), layout).map(ink.red),
    ...(check.rules ?? []).flatMap((rule) => labelled("rule", rule, layout)),
    // Whole, however long: people paste them.
    ...(check.reproduce ?? []).map((line) => ink.cyan(printable(line))),
  ];
}

/** Where no law tells what led to the first failed check, what happened before it does. */
function lastEventLines(result: ScenarioResult, layout: FailureLayout): readonly string[] {
  const [first] = failedChecks(result);
  if (first === undefined || violationsOf(result).length > 0) return [];
  const { ink, width } = layout;
  const story = layoutStory(layout.tell(result, { before: first.at ?? Infinity }), { ink, width: width - 2 });
  return story.length === 0 ? [] : [ink.bold("before the first of these:"), "", ...story];
}

/** What one step saw is told once, whatever was expected of it. */
function merged(checks: readonly CheckOutcome[]): readonly CheckOutcome[] {
  const together: CheckOutcome[] = [];
  for (const check of checks) {
    const last = together.at(-1);
    const isSameStep = last?.line === check.line && last.text === check.text && last.seen === check.seen;
    if (isSameStep)
      together[together.length - 1] = { ...last, expected: `${last.expected}, ${check.expected}` };
    else together.push(check);
  }
  return together;
}

/** Line 0 is what the end of a run asks by itself. */
function placeText({ line }: CheckOutcome): string {
  return line === 0 ? "at the end" : `in line ${line}`;
}

function violationLines(
  result: ScenarioResult,
  judgement: Judgement,
  layout: FailureLayout,
): readonly string[] {
  const { law, promise, verdict } = judgement;
  if (verdict.outcome !== "violated") return [];
  const { ink, width } = layout;
  const broken = brokenRules(judgement);
  const rules = broken.length === 0 ? "" : ` (${broken.join(", ")})`;
  const more = verdict.violations > 1 ? `; the first of ${verdict.violations} times is told here` : "";
  const story = layoutStory(layout.tell(result, { law }), { ink, width: width - 2 });
  return [
    ...wrap(`law ${law} is violated${rules}${more}`, width).map(ink.bold),
    ...labelled("promise", promise, layout),
    ...labelled("but", verdict.witness.explanation, layout).map(ink.red),
    ...(story.length === 0 ? [] : ["", ...story]),
  ];
}

function unusedFaultLines({ unusedFaults }: ScenarioResult, layout: FailureLayout): readonly string[] {
  if (unusedFaults.length === 0) return [];
  const { ink, width } = layout;
  const why =
    "The scenario arranged faults that never happened, so it did not show what it is meant to show:";
  return [
    ...wrap(why, width).map(ink.bold),
    ...unusedFaults.flatMap((fault) => labelled("-", fault, layout, 2)),
  ];
}

function unstruckAccidentLines(
  { unstruckAccidents = [] }: ScenarioResult,
  layout: FailureLayout,
): readonly string[] {
  if (unstruckAccidents.length === 0) return [];
  const { ink, width } = layout;
  return [
    ...wrap("Accidents that the scenario has pinned never came to pass:", width).map(ink.bold),
    ...unstruckAccidents.flatMap((accident) => labelled("-", accident, layout, 2)),
  ];
}

function errorLines({ error }: ScenarioResult, { ink, width }: FailureLayout): readonly string[] {
  if (error === undefined) return [];
  const title = error.startsWith(setupFailed)
    ? "Nothing was tested:"
    : "Seatrial itself failed here; this says nothing about what was tested:";
  return [ink.bold(ink.yellow(title)), ...wrap(printable(error), width - 2).map((line) => `  ${line}`)];
}

function labelled(
  label: string,
  text: string,
  { width }: FailureLayout,
  columns = labelWidth,
): readonly string[] {
  return wrap(printable(text), width - columns - 2).map(
    (line, index) => `  ${(index === 0 ? label : "").padEnd(columns)}${line}`,
  );
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}
