import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import type { RunResult } from "../../invariants/result.ts";
import { drifted, failed, passed, sampleRun, tellSample } from "../../test/sample-run.ts";
import type { TextStream } from "./screen.ts";
import { createTerminalReporter } from "./terminal-reporter.ts";

const escape = "\u001B";

interface Paper extends TextStream {
  text(): string;
}

function paper(options: Partial<TextStream> = {}): Paper {
  const written: string[] = [];
  return { ...options, write: (text) => written.push(text), text: () => written.join("") };
}

function report(run: RunResult, stream: Paper, environment: NodeJS.ProcessEnv = {}): string {
  const reporter = createTerminalReporter({ stream, environment, tell: tellSample, outputDir: "out" });
  reporter.onRunBegin?.({
    version: "1",
    command: "x",
    worlds: [{ world: "sim", scenarios: run.results.length }],
  });
  for (const result of run.results) {
    reporter.onScenarioBegin?.(result);
    reporter.onScenarioEnd?.(result);
  }
  reporter.onRunEnd?.(run);
  return stream.text();
}

describe("the last lines", () => {
  it("end in the plain count, errors among the failed, with blocked on a line of its own before", () => {
    const lines = report(sampleRun, paper()).trimEnd().split("\n");
    expect(lines.slice(-2)).toEqual(["1 blocked", "1 passed, 3 failed, 1 drifted, 1 skipped"]);
  });

  it("leave out what did not happen", () => {
    const run = { ...sampleRun, interrupted: false, results: [passed] };
    expect(report(run, paper()).trimEnd().split("\n").at(-1)).toBe("1 passed, 0 failed");
    expect(report(run, paper())).not.toContain("blocked");
  });

  it("say how many laws held and how many never had a case", () => {
    expect(report(sampleRun, paper())).toContain("laws: 1 held, 1 violated, 1 had no case");
  });

  it("say where the worlds disagree", () => {
    expect(report(sampleRun, paper())).toContain(
      "waveflow/push/retry-returns-first-id: passed in sim, failed in live",
    );
  });

  it("name pinned accidents that never came to pass, in what passed and in what failed", () => {
    const unstruckAccidents = Array.from(
      { length: 12 },
      (_, index) => `laptop push#${index + 1}: lose-reply`,
    );
    const passing = report({ ...sampleRun, results: [{ ...passed, unstruckAccidents }] }, paper());
    expect(passing).toContain(
      [
        `○ ${passed.id} (sim): 12 accidents of the file never came to pass`,
        ...unstruckAccidents.slice(0, 10).map((accident) => `    ${accident}`),
        "    and 2 more",
      ].join("\n"),
    );
    const failing = report({ ...sampleRun, results: [{ ...failed, unstruckAccidents }] }, paper());
    expect(failing).toContain("Accidents that the scenario has pinned never came to pass:");
    expect(failing.match(/laptop push#\d+: lose-reply/gu)).toHaveLength(12);
    expect(report(sampleRun, paper())).not.toContain("came to pass");
  });

  it("group what is blocked by what is missing", () => {
    expect(report(sampleRun, paper())).toContain("live cannot do backup, clock: 1 blocked");
  });
});

describe("a drifted replay", () => {
  it("is told with both digests and both versions, and is never among the passed", () => {
    const text = report({ ...sampleRun, interrupted: false, results: [drifted] }, paper());
    expect(text).toContain("≠ DRIFTED waveflow/push/once-failed");
    expect(text).toContain("recorded  0123456789abcdef with 0.0.9");
    expect(text).toContain("now       00c0ffee00c0ffee with 0.1.0");
    expect(text.trimEnd().split("\n").at(-1)).toBe("0 passed, 0 failed, 1 drifted");
  });

  it("is told beside what failed in it", () => {
    const { drift } = drifted;
    const text = report({ ...sampleRun, results: [{ ...failed, drift: drift! }] }, paper());
    expect(text).toContain("DRIFTED: this is not the run that was recorded");
    expect(text).toContain("law stable-prefix is violated");
    expect(text.trimEnd().split("\n").at(-1)).toBe("0 passed, 1 failed");
  });
});

describe("a failure", () => {
  it.each([60, 80, 100, 140, 200])("fits %i columns", (columns) => {
    const lines = report({ ...sampleRun, results: [failed] }, paper({ isTTY: true, columns }), { CI: "1" });
    const story = lines.slice(lines.indexOf("✗")).split("\n");
    const widths = story.map((line) => stripVTControlCharacters(line).length);
    const longest = Math.max(...widths.filter((_, index) => !/again:|✗/.test(story[index]!)));
    expect(longest).toBeLessThanOrEqual(columns);
  });

  it("stands in columns where there is room, and marks the contradicting events without colour", () => {
    const wide = report({ ...sampleRun, results: [failed] }, paper({ columns: 160 }));
    expect(wide).toMatch(/^ +time {2}laptop +phone +tablet +server +world$/m);
    expect(wide.split("\n").filter((line) => /^ +> /.test(line))).toHaveLength(2);
  });

  it("stands in rows where there is none", () => {
    const narrow = report({ ...sampleRun, results: [failed] }, paper({ columns: 80 }));
    expect(narrow).toMatch(/^ +> +0\.240 s {2}tablet {2}pulls from 0/m);
  });
});

describe("colour", () => {
  const coloured = (environment: NodeJS.ProcessEnv, isTTY: boolean): boolean => {
    const text = report({ ...sampleRun, results: [failed] }, paper({ isTTY }), { CI: "1", ...environment });
    return text.includes("\u001B[3");
  };
  it.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: "1" }, true, false],
    [{ NO_COLOR: "" }, true, true],
    [{ FORCE_COLOR: "1" }, false, true],
    [{ FORCE_COLOR: "0" }, true, false],
    [{ TERM: "dumb" }, true, false],
  ])("with %j on a terminal (%s): %s", (environment, isTTY, expected) => {
    expect(coloured(environment, isTTY)).toBe(expected);
  });

  it("is the only escape sequence that leaves a pipe, also where a server answered with some", () => {
    expect(report(sampleRun, paper())).not.toContain("\u001B");
  });
});

describe("the live list", () => {
  it("stays within the screen, however much fails", () => {
    const many = Array.from({ length: 50 }, (_, index) => ({ ...failed, id: `waveflow/push/n-${index}` }));
    const stream = paper({ isTTY: true, columns: 60, rows: 12 });
    report({ ...sampleRun, results: many }, stream);
    const painted = [...stream.text().matchAll(new RegExp(`${escape}\\[(\\d+)A`, "g"))].map(([, up]) =>
      Number(up),
    );
    expect(painted.length).toBeGreaterThan(0);
    expect(Math.max(...painted)).toBeLessThan(12);
  });

  it("gives way to one line a scenario in CI", () => {
    const text = report(sampleRun, paper({ isTTY: true, columns: 100 }), { CI: "true", NO_COLOR: "1" });
    expect(text).not.toContain("\u001B");
    expect(text).toMatch(/^pass {5}sim {3}waveflow\/push\/retry-returns-first-id {2}4 ms$/m);
  });
});
