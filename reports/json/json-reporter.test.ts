import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { sampleRun, tellSample } from "../../test/sample-run.ts";
import { createJsonReporter, type ResultsDocument, resultsDocument } from "./json-reporter.ts";
import schema from "./results.schema.json" with { type: "json" };

const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  strictRequired: false,
  formats: { "date-time": true },
});
const validate = ajv.compile(schema);
const plain = (): ResultsDocument =>
  JSON.parse(JSON.stringify(resultsDocument(sampleRun, tellSample))) as ResultsDocument;

describe("results.json", () => {
  it("keeps to its published schema", () => {
    validate(plain());
    expect(validate.errors).toBeNull();
  });

  it("keeps to it with accidents that never came to pass", () => {
    const unstruckAccidents = ["laptop push#9: lose-reply"];
    const [result, ...others] = sampleRun.results;
    validate(
      resultsDocument({ ...sampleRun, results: [{ ...result!, unstruckAccidents }, ...others] }, tellSample),
    );
    expect(validate.errors).toBeNull();
  });

  it("counts every result under exactly one outcome", () => {
    const { scenarios, ...outcomes } = plain().totals;
    expect(scenarios).toBe(sampleRun.results.length);
    expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(scenarios);
  });

  it("carries the story of a failure and of nothing else", () => {
    const told = plain().results.filter(({ story }) => story !== undefined);
    expect(told.map(({ outcome }) => outcome).sort()).toEqual(["drifted", "error", "fail", "fail"]);
  });

  it("names scenarios on which the worlds disagree", () => {
    expect(plain().disagreements).toEqual([
      { id: "waveflow/push/retry-returns-first-id", sim: "pass", live: "fail" },
    ]);
  });

  it("counts a law without a case apart from one that held", () => {
    expect(plain().laws).toEqual({
      held: ["once"],
      violated: ["stable-prefix"],
      withoutCase: ["watermark-only-grows"],
    });
  });

  it("appears whole: nothing but the finished file is left in the folder", () => {
    const outputDir = join(mkdtempSync(join(tmpdir(), "seatrial-json-")), "deep", "down");
    createJsonReporter({ outputDir, tell: tellSample }).onRunEnd?.(sampleRun);
    expect(readdirSync(outputDir)).toEqual(["results.json"]);
    expect(JSON.parse(readFileSync(join(outputDir, "results.json"), "utf8"))).toEqual(plain());
  });
});

describe("the schema bites", () => {
  const spoiled: readonly (readonly [string, (document: Record<string, unknown>) => void])[] = [
    ["another format", (document) => (document["format"] = "seatrial-results/2")],
    ["no totals", (document) => delete document["totals"]],
    ["an unknown outcome", (document) => (first(document)["outcome"] = "maybe")],
    ["a digest that is none", (document) => (first(document)["digest"] = "xyz")],
    ["blocked by nothing", (document) => Object.assign(first(document), { outcome: "blocked", missing: [] })],
    ["a drift that is not told", (document) => Object.assign(first(document), { outcome: "drifted" })],
    ["an error that is not told", (document) => Object.assign(first(document), { outcome: "error" })],
    ["a law that holds without a case", (document) => (firstVerdict(document)["cases"] = 0)],
  ];
  it.each(spoiled)("on %s", (_name, spoil) => {
    const document = plain() as unknown as Record<string, unknown>;
    spoil(document);
    expect(validate(document)).toBe(false);
  });
});

function first(document: Record<string, unknown>): Record<string, unknown> {
  return (document["results"] as Record<string, unknown>[])[0]!;
}

function firstVerdict(document: Record<string, unknown>): Record<string, unknown> {
  const [judgement] = first(document)["judgements"] as { verdict: Record<string, unknown> }[];
  return judgement!.verdict;
}
