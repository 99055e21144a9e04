import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, describe, expect, it } from "vitest";
import { certifiedRun } from "../../test/sample-certification.ts";
import { failed, passed, sampleRun } from "../../test/sample-run.ts";
import type { StormProgress } from "../reporter.ts";
import { createEventsReporter, eventsFileName } from "./events-reporter.ts";
import schema from "./events.schema.json" with { type: "json" };

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

interface Line {
  readonly v: number;
  readonly seq: number;
  readonly at: string;
  readonly type: string;
  readonly [member: string]: unknown;
}

function createSetting() {
  const folder = mkdtempSync(join(tmpdir(), "seatrial-events-"));
  folders.push(folder);
  const outputDir = join(folder, "deep");
  let ms = Date.UTC(2026, 0, 1);
  const reporter = createEventsReporter({ outputDir, now: () => new Date(ms) });
  const lines = (): readonly Line[] =>
    readFileSync(join(outputDir, eventsFileName), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
  return { reporter, lines, pass: (by: number) => void (ms += by) };
}

const plan = {
  version: "0.1.0",
  command: "seatrial run",
  worlds: [{ world: "sim", scenarios: 2 }],
} as const;
const progress = {
  seedsDone: 1,
  seedsTotal: 9,
  events: 3,
  elapsedMs: 5,
  faults: {},
  violations: 0,
} as StormProgress;

describe("events.ndjson", () => {
  it("has every line as soon as it happens, numbered, dated and with its version", () => {
    const { reporter, lines, pass } = createSetting();
    reporter.onRunBegin?.(plan);
    expect(lines()).toEqual([{ v: 1, seq: 1, at: "2026-01-01T00:00:00.000Z", type: "run-begin", ...plan }]);
    pass(250);
    reporter.onScenarioBegin?.({ id: passed.id, title: passed.title, world: "sim" });
    expect(lines()[1]).toMatchObject({
      seq: 2,
      at: "2026-01-01T00:00:00.250Z",
      type: "scenario-begin",
      id: passed.id,
    });
    reporter.onScenarioEnd?.(passed);
    reporter.onInterrupt?.();
    reporter.onRunEnd?.(sampleRun);
    expect(lines().map(({ seq, type }) => `${seq} ${type}`)).toEqual([
      "1 run-begin",
      "2 scenario-begin",
      "3 scenario-end",
      "4 interrupt",
      "5 run-end",
    ]);
    expect(lines()[4]).toMatchObject({ interrupted: true, totals: { scenarios: 7, fail: 2 } });
  });

  it("tells what failed and what the laws say, and leaves the history to results.json", () => {
    const { reporter, lines } = createSetting();
    reporter.onScenarioEnd?.(failed);
    const [line] = lines();
    expect(line).toMatchObject({
      type: "scenario-end",
      outcome: "fail",
      replay: failed.replay,
      checks: { passed: 1, failed: [{ line: 31 }] },
      verdicts: [{ law: "stable-prefix", outcome: "violated", violations: 2 }],
    });
    expect(line).not.toHaveProperty("history");
  });

  it("tells of progress once a second at most", () => {
    const { reporter, lines, pass } = createSetting();
    for (let count = 0; count < 25; count++) {
      reporter.onProgress?.(progress);
      pass(100);
    }
    expect(lines().map(({ at }) => at.slice(17, 23))).toEqual(["00.000", "01.000", "02.000"]);
  });

  it("ends with what was certified", () => {
    const { reporter, lines } = createSetting();
    reporter.onRunEnd?.(certifiedRun);
    expect(lines()[0]).toMatchObject({
      type: "run-end",
      certification: { complete: true, levels: [{ name: "core", verdict: "granted" }, {}, {}] },
    });
  });

  it("begins anew with each run", () => {
    const { reporter, lines } = createSetting();
    reporter.onRunBegin?.(plan);
    reporter.onRunEnd?.(sampleRun);
    reporter.onRunBegin?.(plan);
    expect(lines().map(({ seq }) => seq)).toEqual([1]);
  });
});

describe("the published schema", () => {
  const isEvent = new Ajv2020({
    strict: true,
    strictRequired: false,
    strictTypes: false,
    formats: { "date-time": true },
  }).compile(schema);
  const { reporter, lines } = createSetting();
  reporter.onRunBegin?.(plan);
  reporter.onScenarioBegin?.({ id: passed.id, title: passed.title, world: "sim" });
  for (const result of sampleRun.results) reporter.onScenarioEnd?.(result);
  reporter.onProgress?.(progress);
  reporter.onInterrupt?.();
  reporter.onRunEnd?.(certifiedRun);
  const written = lines();

  it("holds for every line that is written", () => {
    for (const line of written)
      expect(isEvent(line), `${line.type}: ${JSON.stringify(isEvent.errors)}`).toBe(true);
    expect(new Set(written.map(({ type }) => type)).size).toBe(6);
  });

  it("bites: each kind of line without one of its members is none", () => {
    for (const line of written.filter(({ type }) => type !== "interrupt")) {
      const own = {
        "run-begin": "worlds",
        "scenario-begin": "title",
        "scenario-end": "verdicts",
        progress: "faults",
      };
      const member = own[line.type as keyof typeof own] ?? "totals";
      expect(isEvent({ ...line, [member]: undefined, [`no ${member}`]: 1 }), line.type).toBe(false);
    }
    expect(isEvent({ ...written[0], v: 2 })).toBe(false);
    expect(isEvent({ ...written[0], seq: 0 })).toBe(false);
  });
});
