import { describe, expect, it } from "vitest";
import { resultsDocument } from "../reports/json/json-reporter.ts";
import { certifiedRun } from "../test/sample-certification.ts";
import { sampleRun, tellSample } from "../test/sample-run.ts";
import { NoResults, readResults } from "./read-results.ts";

const written = (run = certifiedRun): string => JSON.stringify(resultsDocument(run, tellSample));

describe("a results.json", () => {
  it.each([sampleRun, certifiedRun])("is read back as it was written", (run) => {
    const read = readResults(written(run), "results.json");
    const results = read.results.map((result) => ({ ...result, story: undefined }));
    expect({ ...read, results }).toEqual(JSON.parse(JSON.stringify(run)));
  });

  it("keeps what a newer Seatrial says beside", () => {
    const newer = JSON.stringify({ ...JSON.parse(written()), more: 1 });
    expect(readResults(newer, "results.json")).toHaveProperty("more", 1);
  });

  it.each([
    ["no JSON", "{", "r.json is no JSON"],
    ["something else", "[]", "r.json is no results document of Seatrial"],
    ["another format", written().replace("seatrial-results/1", "seatrial-results/2"), "format"],
    [
      "an outcome that there is not",
      written(sampleRun).replace('"outcome":"fail"', '"outcome":"maybe"'),
      "results[1].outcome",
    ],
    [
      "a witness of what never happened",
      written(sampleRun).replace('"events":[3,6]', '"events":[3,60]'),
      "results[1]",
    ],
    ["a level of no verdict", written().replace('"granted"', '"perhaps"'), "certification.levels[0].verdict"],
  ])("is refused where it is %s", (_what, text, message) => {
    expect(() => readResults(text, "r.json")).toThrow(NoResults);
    expect(() => readResults(text, "r.json")).toThrow(message);
  });
});
