// A story on paper: who did what, in the order of time, in lanes. Where the width allows it every lane is a column, so
// that a race is seen side by side; else each line names its lane. Readable without colour: `>` marks the events that
// contradict the law.
import type { StoryLine } from "../invariants/story.ts";
import type { Ink } from "./ink.ts";
import { runTimeText } from "./time-text.ts";
import { printable, wrap } from "./wrap.ts";

/** Narrower columns break every sentence. Units: characters. */
const laneWidthMin = 22;
/** Wider ones tear the lanes apart. Units: characters. */
const laneWidthMax = 44;
const laneGap = 2;
/** More than this is no story. The rest stands in results.json. */
const linesMax = 80;

export interface StoryLayout {
  /** Units: characters. */
  readonly width: number;
  readonly ink: Ink;
}

/** The story as lines no longer than the width. */
export function layoutStory(story: readonly StoryLine[], layout: StoryLayout): readonly string[] {
  if (story.length === 0) return [];
  const shown = story.slice(0, linesMax);
  const all = lanesOf(shown.filter((line) => !isLeftOut(line)));
  const timeWidth = Math.max(...shown.map(({ at }) => runTimeText(at).length));
  const room = layout.width - timeWidth - 4;
  const widthOf = (lanes: readonly string[]): number =>
    Math.floor((room - laneGap * (lanes.length - 1)) / lanes.length);
  // What befalls everybody needs no column of its own: where there is no room it goes across all of them.
  const lanes = widthOf(all) >= laneWidthMin ? all : all.filter((lane) => lane !== "world");
  const laneWidth = widthOf(lanes);
  const lines =
    lanes.length > 1 && laneWidth >= laneWidthMin
      ? inColumns(shown, { ...layout, lanes, timeWidth, laneWidth: Math.min(laneWidth, laneWidthMax) })
      : inRows(shown, { ...layout, lanes: all, timeWidth });
  const rest = story.length - shown.length;
  return rest === 0 ? lines : [...lines, `  … ${rest} more in results.json`];
}

/** Devices as they come up, then the server, the database, and at last the world. */
function lanesOf(story: readonly StoryLine[]): readonly string[] {
  const rank = (lane: string): number =>
    lane === "world" ? 3 : lane === "database" ? 2 : lane.startsWith("server") ? 1 : 0;
  return [...new Set(story.map(({ lane }) => lane))].sort((left, right) => rank(left) - rank(right));
}

/** "… 7 events that do not bear on it" is nobody's. */
function isLeftOut({ text }: StoryLine): boolean {
  return text.startsWith("… ");
}

function leftOutLine({ text }: StoryLine, timeWidth: number, ink: Ink): string {
  return ink.dim(`${" ".repeat(timeWidth + 4)}${text}`);
}

interface Columns extends StoryLayout {
  readonly lanes: readonly string[];
  readonly timeWidth: number;
  readonly laneWidth: number;
}

function inColumns(story: readonly StoryLine[], layout: Columns): readonly string[] {
  const { ink, lanes, laneWidth, timeWidth } = layout;
  const title = lanes.map((lane) => printable(lane).padEnd(laneWidth + laneGap)).join("");
  const header = `  ${"time".padStart(timeWidth)}  ${title}`.trimEnd();
  const lines = story.flatMap((line) => {
    if (isLeftOut(line)) return [leftOutLine(line, timeWidth, ink)];
    if (!lanes.includes(line.lane)) return acrossLines(line, layout);
    const indent = " ".repeat(lanes.indexOf(line.lane) * (laneWidth + laneGap));
    return wrap(printable(line.text), laneWidth).map((text, index) => {
      const front = index === 0 ? timeCell(line, timeWidth) : " ".repeat(timeWidth + 4);
      return paint(line, `${front}${indent}${text}`, ink);
    });
  });
  return [ink.dim(header), ...lines];
}

function acrossLines(line: StoryLine, { ink, timeWidth, width }: Columns): readonly string[] {
  return wrap(`── ${printable(line.text)} ──`, width - timeWidth - 4).map((text, index) => {
    const front = index === 0 ? timeCell(line, timeWidth) : " ".repeat(timeWidth + 4);
    return line.highlighted ? paint(line, `${front}${text}`, ink) : ink.yellow(`${front}${text}`);
  });
}

function inRows(story: readonly StoryLine[], layout: Omit<Columns, "laneWidth">): readonly string[] {
  const { ink, lanes, timeWidth, width } = layout;
  const laneWidth = Math.max(...lanes.map((lane) => printable(lane).length));
  const room = Math.max(20, width - timeWidth - laneWidth - 6);
  return story.flatMap((line) => {
    if (isLeftOut(line)) return [leftOutLine(line, timeWidth, ink)];
    return wrap(printable(line.text), room).map((text, index) => {
      const lane = printable(index === 0 ? line.lane : "").padEnd(laneWidth);
      const front = index === 0 ? timeCell(line, timeWidth) : " ".repeat(timeWidth + 4);
      return paint(line, `${front}${lane}  ${text}`, ink);
    });
  });
}

function timeCell({ at, highlighted }: StoryLine, width: number): string {
  return `${highlighted ? ">" : " "} ${runTimeText(at).padStart(width)}  `;
}

function paint({ highlighted }: StoryLine, text: string, ink: Ink): string {
  return highlighted ? ink.bold(ink.red(text)) : text;
}
