import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { certifiedRun } from "../../test/sample-certification.ts";
import { sampleRun, tellSample } from "../../test/sample-run.ts";
import { createJsonReporter, type ResultsDocument, resultsDocument } from "./json-reporter.ts";
import schema from "./results.schema.json" with { type: "json" };
import { scratchFolder } from "../../test/run-seatrial.ts";

const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  strictRequired: false,
  formats: { "date-time": true },
});
const validate = ajv.compile(schema);
const plain = (run = sampleRun): ResultsDocument =>
  JSON.parse(JSON.stringify(resultsDocument(run, tellSample))) as ResultsDocument;

const folder = scratchFolder("json");

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

  it("keeps to it with a certification", () => {
    validate(plain(certifiedRun));
    expect(validate.errors).toBeNull();
    expect(plain(certifiedRun).certification).toEqual(certifiedRun.certification);
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
    const outputDir = join(folder, "deep", "down");
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

describe("the schema bites in a certification", () => {
  type Part = Record<string, unknown>;
  const spoiled: readonly (readonly [string, (certification: Record<string, Part[]>) => void])[] = [
    ["a level that is granted and has a rule that fails", ({ levels }) => (levels![0]!["failed"] = 1)],
    ["a level that is nearly granted", ({ levels }) => (levels![0]!["verdict"] = "nearly")],
    ["a rule without a verdict", ({ requirements }) => delete requirements![0]!["verdict"]],
    ["a check that is of no rule", ({ checks }) => (checks![0]!["id"] = "waveflow/push/retry")],
    [
      "a check that is blocked by nothing",
      ({ checks }) => Object.assign(checks![0]!, { outcome: "blocked" }),
    ],
    ["no word on whether it was complete", (certification) => delete certification["complete"]],
    ["no counts", (certification) => delete certification["counts"]],
  ];
  it.each(spoiled)("on %s", (_name, spoil) => {
    const document = plain(certifiedRun);
    spoil(document.certification as unknown as Record<string, Part[]>);
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
