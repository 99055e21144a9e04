import { expect, it } from "vitest";
import { sampleCertification as certification } from "../test/sample-certification.ts";
import { matricesOf, matrixMarkdown } from "./matrix.ts";

const [first, ...others] = certification.requirements;
const later = {
  ...certification,
  complete: false,
  levels: certification.levels.slice(0, 2).map((level) => ({ ...level, verdict: "granted" as const })),
  requirements: [
    ...others.map((rule) => ({ ...rule, verdict: "holds" as const })),
    { ...first!, id: "WF-NEW-1" },
  ],
};
const builds = [
  { name: "old", certification },
  { name: "new|1", certification: later },
];

it("every rule and level that any build speaks of has its row, and every build its column", () => {
  const [matrix, ...more] = matricesOf(builds);
  expect(more).toEqual([]);
  expect(matrix!.requirements.map(({ id, verdicts }) => [id, verdicts])).toEqual([
    ["WF-PUSH-2", { old: "holds" }],
    ["WF-WS-1", { old: "violated", "new|1": "holds" }],
    ["WF-PULL-8", { old: "advice", "new|1": "holds" }],
    ["WF-COMP-3", { old: "blocked", "new|1": "holds" }],
    ["WF-NEW-1", { "new|1": "holds" }],
  ]);
  expect(matrix!.levels.map(({ id, verdicts }) => [id, verdicts])).toEqual([
    ["core", { old: "granted", "new|1": "granted" }],
    ["realtime", { old: "refused", "new|1": "granted" }],
    ["compaction", { old: "not assessed" }],
  ]);
});

it("builds of different protocols are not compared", () => {
  const other = { name: "notes", certification: { ...certification, protocol: "notes/1" } };
  const protocols = matricesOf([...builds, other]).map(({ protocol, builds }) => [
    protocol,
    builds.map(({ name }) => name),
  ]);
  expect(protocols).toEqual([
    ["waveflow/1", ["old", "new|1"]],
    ["notes/1", ["notes"]],
  ]);
});

it("is a table in Markdown, with a word on runs that were not complete", () => {
  const text = matrixMarkdown(matricesOf(builds)[0]!);
  expect(text).toContain("| level | old | new\\|1 (not complete) |");
  expect(text).toContain("| **realtime** | ❌ | ✅ |");
  expect(text).toContain("| **WF-WS-1** S | Frames carry committed ops only. | ❌ | ✅ |");
  expect(text).toContain("| **compaction** | ⚪ |  |");
});
