import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { certifiedRun } from "../../test/sample-certification.ts";
import { failed, passed, sampleRun, tellSample } from "../../test/sample-run.ts";
import { ctrfDocument } from "./ctrf-reporter.ts";

const whole = { type: "integer", minimum: 0 };
const text = { type: "string", minLength: 1 };
const closed = (properties: object, required: readonly string[]): object => ({
  type: "object",
  additionalProperties: false,
  properties,
  required,
});
const statuses = ["passed", "failed", "skipped", "pending", "other"];
const label = { anyOf: [{ type: "string" }, { type: "array", minItems: 1, items: { type: "string" } }] };

/** The part of the format that we write, as its specification says it: no member that it does not know. */
const format = closed(
  {
    reportFormat: { const: "CTRF" },
    specVersion: { type: "string", pattern: "^[0-9]+\\.[0-9]+\\.[0-9]+$" },
    timestamp: { type: "string", format: "date-time" },
    generatedBy: text,
    results: closed(
      {
        tool: closed({ name: text, version: text }, ["name"]),
        summary: closed(
          Object.fromEntries(
            ["tests", ...statuses, "suites", "start", "stop", "duration"].map((name) => [name, whole]),
          ),
          ["tests", ...statuses, "start", "stop"],
        ),
        tests: {
          type: "array",
          items: closed(
            {
              name: text,
              status: { enum: statuses },
              duration: whole,
              suite: { type: "array", minItems: 1, items: { type: "string" } },
              rawStatus: text,
              labels: { type: "object", additionalProperties: label },
              message: text,
              trace: text,
            },
            ["name", "status", "duration"],
          ),
        },
        environment: closed({ appName: text, extra: { type: "object" } }, []),
        extra: { type: "object" },
      },
      ["tool", "summary", "tests"],
    ),
  },
  ["results", "reportFormat", "specVersion"],
);

const plain = (run = sampleRun): ReturnType<typeof ctrfDocument> =>
  JSON.parse(JSON.stringify(ctrfDocument(run, tellSample))) as ReturnType<typeof ctrfDocument>;

describe("ctrf.json", () => {
  it("keeps to the format, with and without a certification", () => {
    const validate = new Ajv({ allErrors: true, strict: false, formats: { "date-time": true } }).compile(
      format,
    );
    for (const run of [sampleRun, certifiedRun, { ...sampleRun, results: [] }]) {
      validate(plain(run));
      expect(validate.errors).toBeNull();
    }
  });

  it("counts every scenario under exactly one status, times in whole milliseconds", () => {
    const { tests, summary } = plain().results;
    expect(summary).toEqual({
      tests: 7,
      passed: 1,
      failed: 4,
      skipped: 2,
      pending: 0,
      other: 0,
      suites: 5,
      start: Date.parse("2026-01-02T03:04:05.678Z"),
      stop: Date.parse("2026-01-02T03:04:05.678Z") + 5_432,
      duration: 5_432,
    });
    expect(tests.map(({ status, rawStatus }) => `${status} ${rawStatus}`)).toEqual([
      "passed pass",
      "failed fail",
      "failed fail",
      "failed drifted",
      "skipped blocked",
      "failed error",
      "skipped skipped",
    ]);
  });

  it("carries the story of what failed, and why something is blocked", () => {
    const [first, second, , , fifth] = plain().results.tests;
    expect(first).not.toHaveProperty("trace");
    expect(second!.message).toContain("law stable-prefix is violated");
    expect(second!.trace).toContain(failed.replay);
    expect(second!.labels).toEqual({ world: "sim", seed: "17", requirements: failed.requirements });
    expect(fifth!.message).toBe("blocked: needs backup, clock");
  });

  it("names the target and its levels", () => {
    const { environment, extra } = plain(certifiedRun).results;
    expect(environment["appName"]).toContain("./server");
    expect(extra["levels"]).toMatchObject([{ name: "core", verdict: "granted" }, {}, {}]);
    expect(
      plain({ ...sampleRun, results: [{ ...passed, requirements: [] }] }).results.tests[0]!.labels,
    ).toEqual({
      world: "sim",
      seed: "1",
    });
  });
});
