import { expect, test } from "vitest";
import { judge } from "./judge.ts";
import { storyTime, tellStory } from "./story.ts";
import { HistoryBuilder } from "./waveflow/history-builder.ts";
import {
  describeWaveflowEvent,
  waveflowLaws,
  waveflowStorytelling,
  waveflowSubjects,
} from "./waveflow/index.ts";
import { serverLawCases } from "./waveflow/server-law-cases.ts";

const telling = { describe: describeWaveflowEvent, subjects: waveflowSubjects };

function storyOf(law: string, before: (h: HistoryBuilder) => void = () => {}) {
  const h = new HistoryBuilder();
  before(h);
  serverLawCases[law]!(h, true);
  const history = h.history({});
  const judgement = judge(history, waveflowLaws).find((one) => one.law === law)!;
  return tellStory(history, judgement, telling);
}

test("a story has the promise, the contradiction, and the events of the witness in order", () => {
  const story = storyOf("once")!;
  expect(story.promise).toBe("One operation has one id, one stamp and one effect for ever.");
  expect(story.explanation).toMatch(/has id 1\. Later the same operation has id 4/);
  expect(
    story.lines.map(({ highlighted, lane, text }) => `${highlighted ? ">" : " "} ${lane} ${text}`),
  ).toEqual([
    '  laptop pushes op 00000002 (title of song/1 := "A")',
    "> laptop is answered: op 00000002 stored as 1; head 1",
    "  laptop pushes op 00000002",
    "> laptop is answered: op 00000002 duplicate as 4; head 4",
  ]);
});

test("what has nothing to do with it is counted, and faults between the facts are told", () => {
  const story = storyOf("stable-prefix", (h) => {
    h.join("stranger", { user: "u2" });
    for (let count = 0; count < 40; count++) h.pull("stranger", 0).give([]);
  })!;
  expect(story.lines.length).toBeLessThanOrEqual(16);
  expect(story.lines.filter(({ lane }) => lane === "stranger")).toEqual([]);
  expect(story.lines.some(({ text }) => /^… \d+ events? that/.test(text))).toBe(true);
});

test("what an answer proves about the database is told before it, once", () => {
  const h = new HistoryBuilder();
  serverLawCases["once"]!(h, true);
  const history = h.history({});
  const judgement = judge(history, waveflowLaws).find(({ law }) => law === "once")!;
  const { lines } = tellStory(history, judgement, waveflowStorytelling)!;
  expect(lines.filter(({ lane }) => lane === "database").map(({ text }) => text)).toEqual([
    "has op 00000002 as id 1 by now",
    "has op 00000002 as id 4 by now",
  ]);
});

test("a law that holds has no story", () => {
  const h = new HistoryBuilder();
  serverLawCases["once"]!(h, false);
  const history = h.history();
  for (const judgement of judge(history, waveflowLaws)) {
    expect(tellStory(history, judgement, telling)).toBeUndefined();
  }
});

test("times are seconds with three places", () => {
  expect([storyTime(0), storyTime(12_340), storyTime(61_005)]).toEqual(["0.000 s", "12.340 s", "61.005 s"]);
});
