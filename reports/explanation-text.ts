// A finding as text for a terminal or a file: what the law says and what contradicts it, the smallest plan, the story,
// what each part of the plan is needed for, the run that only just passes, and when it was decided.
import type { Explanation, Likelihood, NearestRun, NecessaryPart } from "../invariants/explanation.ts";
import type { StoryLine } from "../invariants/story.ts";
import type { Ink } from "./ink.ts";
import { layoutStory } from "./story-layout.ts";
import { countText, runTimeText } from "./time-text.ts";
import { cut, printable, wrap } from "./wrap.ts";

export interface ExplanationLayout {
  /** Units: characters. */
  readonly width: number;
  readonly ink: Ink;
}

const indent = "  ";
const gap = 3;
/** A plan that is longer was not shrunk to its end. */
const planLinesMax = 40;
/** A bar of a likelihood that is certain. Units: characters. */
const barMax = 30;

/** The explanation as lines no longer than the width. */
export function explanationLines(explanation: Explanation, layout: ExplanationLayout): readonly string[] {
  const inner = { ...layout, width: layout.width - indent.length };
  const parts: readonly (readonly string[])[] = [
    headLines(explanation, inner),
    planPartLines(explanation, inner),
    titled("how it happens", layoutStory(explanation.story, inner), inner),
    titled("why nothing of it can be left out", necessaryLines(explanation.necessary, inner), inner),
    explanation.nearest === undefined ? [] : nearestLines(explanation.nearest, inner),
    explanation.likelihood === undefined ? [] : likelihoodLines(explanation.likelihood, inner),
  ];
  const { red, bold } = layout.ink;
  const rules = explanation.requirements.length === 0 ? "" : `  (${explanation.requirements.join(", ")})`;
  const [head = "", ...rest] = wrap(`${explanation.law} is broken${rules}`, inner.width);
  const body = parts.filter((lines) => lines.length > 0).flatMap((lines) => ["", ...lines]);
  return [
    `${red("✗")} ${bold(head)}`,
    ...rest.map((line) => `${indent}${bold(line)}`),
    ...body.map((line) => (line === "" ? "" : `${indent}${line}`)),
  ];
}

function headLines(
  { promise, explanation }: Explanation,
  { ink, width }: ExplanationLayout,
): readonly string[] {
  return [
    ...labelled("the law", promise, width),
    ...labelled("what was seen", explanation, width).map(ink.red),
  ];
}

function planPartLines(explanation: Explanation, layout: ExplanationLayout): readonly string[] {
  const { before, after, tried, isComplete, plan } = explanation;
  const sizes = `${sizeText(after)}, from ${sizeText(before)} (${countText(before.events)} events became ${countText(after.events)}; ${countText(tried)} plans tried)`;
  const unfinished = isComplete ? [] : ["Stopped before its end: a smaller plan may do it as well."];
  const { ink, width } = layout;
  return titled(
    "the smallest plan that does it",
    [
      ...wrap(sizes, width).map(ink.dim),
      ...unfinished.map(ink.yellow),
      ...plan.slice(0, planLinesMax).flatMap((line) => {
        const inner = line.length - line.trimStart().length;
        return wrap(printable(line.trimStart()), width - inner - 4).map(
          (text, index) => `${" ".repeat(inner + (index === 0 ? 0 : 4))}${text}`,
        );
      }),
      ...(plan.length > planLinesMax ? [ink.dim(`… ${plan.length - planLinesMax} more in the file`)] : []),
    ],
    layout,
  );
}

function necessaryLines(
  parts: readonly NecessaryPart[],
  { ink, width }: ExplanationLayout,
): readonly string[] {
  return parts.flatMap(({ sentence, outcome }) => {
    const paint = outcome === "another law" || outcome === "senseless" ? ink.dim : (text: string) => text;
    return wrap(printable(sentence), width - 2).map((line, index) =>
      paint(`${index === 0 ? "• " : "  "}${line}`),
    );
  });
}

function nearestLines(nearest: NearestRun, layout: ExplanationLayout): readonly string[] {
  const { ink, width } = layout;
  const column = Math.floor((width - gap) / 2);
  const title = `the nearest run that passes: the same plan without ${nearest.without}`;
  const shared = wrap(
    nearest.shared === 0
      ? "The two part at once."
      : `Both begin with the same ${countText(nearest.shared)} events${nearest.before.length === 0 ? "." : ", which end with"}`,
    width,
  );
  const before = nearest.before.flatMap((line) => wrap(lineText(line), width));
  const failing = columnLines("then, as it fails", nearest.failing, column);
  const passing = columnLines("then, as it passes", nearest.passing, column);
  const rows = Array.from({ length: Math.max(failing.length, passing.length) }, (_, index) => {
    const [left, isHot] = failing[index] ?? ["", false];
    const [right] = passing[index] ?? ["", false];
    const cell = left.padEnd(column);
    return `${isHot ? ink.bold(ink.red(cell)) : cell}${" ".repeat(gap)}${ink.green(right)}`.trimEnd();
  });
  return titled(title, [...shared.map(ink.dim), ...before.map(ink.dim), "", ...rows], layout);
}

type ColumnLine = readonly [text: string, isHighlighted: boolean];

function columnLines(title: string, lines: readonly StoryLine[], width: number): readonly ColumnLine[] {
  const body = lines.length === 0 ? [["nothing more", false] as const] : [];
  return [
    [cut(title, width), false],
    ...body,
    ...lines.flatMap((line) =>
      wrap(`${line.highlighted ? "> " : ""}${lineText(line)}`, width - 2).map(
        (text, index): ColumnLine => [`${index === 0 ? "" : "  "}${text}`, line.highlighted],
      ),
    ),
  ];
}

const lineText = ({ at, lane, text }: StoryLine): string =>
  printable(`${runTimeText(at)}  ${lane === "world" ? "" : `${lane} `}${text}`);

function likelihoodLines({ moments, jump }: Likelihood, layout: ExplanationLayout): readonly string[] {
  const { ink, width } = layout;
  const timeWidth = Math.max(...moments.map(({ at }) => runTimeText(at).length));
  const shareWidth = 5;
  const lines = moments.map(({ at, broken, runs, event }, index) => {
    const share = shareOf({ broken, runs });
    const bar = "█".repeat(Math.round(share * barMax)).padEnd(barMax, "·");
    const percent = `${Math.round(share * 100)} %`.padStart(shareWidth);
    const front = `${runTimeText(at).padStart(timeWidth)}  ${bar} ${percent}`;
    const isJump = index === jump;
    const what =
      isJump && event !== undefined
        ? `  after: ${event.lane === "world" ? "" : `${event.lane} `}${event.text}`
        : "";
    const text = cut(printable(`${front}${what}`), width);
    return isJump ? ink.bold(ink.red(text)) : text;
  });
  const runs = Math.max(...moments.map((moment) => moment.runs));
  const intro = `Of the run that was found, ${runs} others were made from each moment on, with the same past and other fates; so many broke the law the same way:`;
  return titled(
    "when it was decided",
    [
      ...wrap(intro, width).map(ink.dim),
      ...lines,
      ...wrap(verdictText({ moments, ...(jump === undefined ? {} : { jump }) }), width),
    ],
    layout,
  );
}

function verdictText({ moments, jump }: Likelihood): string {
  if (moments.length === 1) return "It was bound to happen: no fate would have spared this plan.";
  if (jump === undefined) {
    const [first] = moments;
    const isLikely = first !== undefined && first.broken * 4 >= first.runs * 3;
    return isLikely ? "It was as good as decided from the beginning." : "No single moment decided it.";
  }
  const { event } = moments[jump]!;
  const at = runTimeText(event?.at ?? moments[jump]!.at);
  const what =
    event === undefined ? "" : `, when ${event.lane === "world" ? "" : `${event.lane} `}${event.text}`;
  const isSudden = shareOf(moments[jump]!) - shareOf(moments[jump - 1]!) >= 0.5;
  return printable(
    isSudden
      ? `The damage was done at ${at}${what}.`
      : `It was decided little by little, and most of all at ${at}${what}.`,
  );
}

const shareOf = ({ broken, runs }: { readonly broken: number; readonly runs: number }): number =>
  runs === 0 ? 0 : broken / runs;

const sizeText = ({ devices, steps, accidents }: Explanation["after"]): string =>
  [
    plural(devices, "device"),
    plural(steps, "step"),
    ...(accidents === 0 ? [] : [plural(accidents, "accident")]),
  ].join(", ");

const plural = (count: number, noun: string): string =>
  `${countText(count)} ${noun}${count === 1 ? "" : "s"}`;

function titled(
  title: string,
  lines: readonly string[],
  { ink, width }: ExplanationLayout,
): readonly string[] {
  return lines.length === 0 ? [] : [...wrap(printable(title), width).map(ink.bold), ...lines];
}

const labelWidth = 15;

function labelled(label: string, text: string, width: number): readonly string[] {
  return wrap(printable(text), width - labelWidth).map(
    (line, index) => `${(index === 0 ? label : "").padEnd(labelWidth)}${line}`,
  );
}
