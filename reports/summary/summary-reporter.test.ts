import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { certifiedRun, sampleCertification } from "../../test/sample-certification.ts";
import { failed, sampleRun, tellSample } from "../../test/sample-run.ts";
import { markdownBlock, markdownCode, markdownText } from "./markdown.ts";
import { createSummaryReporter, summaryFileName, summaryMarkdown } from "./summary-reporter.ts";

const folder = mkdtempSync(join(tmpdir(), "seatrial-summary-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("summary.md", () => {
  const text = summaryMarkdown(sampleRun, tellSample);
  const certified = summaryMarkdown(certifiedRun, tellSample);

  it("counts by world, and tells the failures", () => {
    expect(text).toContain("| sim | 1 | 1 | 1 | 0 | 0 | 0 |");
    expect(text).toContain("| live | 0 | 1 | 0 | 1 | 1 | 1 |");
    expect(text).toContain("law stable-prefix is violated");
    expect(text).toContain("| `waveflow/push/retry-returns-first-id` | pass | fail |");
    expect(text).toContain("| live: backup, clock | 1 |");
    expect(text).toContain("**Cut short**");
  });

  it("says which levels are granted, and why others are not", () => {
    expect(certified).toContain("| **core** | ✅ granted | 2 of 2 |  |");
    expect(certified).toContain("| **realtime** | ❌ refused | 1 of 2 | WF-WS-1 is violated in");
    expect(certified).toContain("| **compaction** | ⚪ not assessed | 0 of 1 | needs compact |");
    expect(certified).toContain("| compact | 1 |");
    expect(certified).toContain("- **WF-PULL-8** a 410 that nobody needed");
    expect(certified).not.toContain("not complete");
    const cut = { ...certifiedRun, certification: { ...sampleCertification, complete: false } };
    expect(summaryMarkdown(cut, tellSample)).toContain("nothing is certified");
  });

  it("shows what nobody expected before what the baseline knows", () => {
    const unexpected = certified.indexOf("| **WF-WS-1** |");
    const known = certified.indexOf("known: being mended");
    expect(unexpected).toBeGreaterThan(0);
    expect(known).toBeGreaterThan(unexpected);
    expect(certified).toContain("no longer fails, take it out: `waveflow/push/mended::WF-PUSH-4`");
    expect(certified).toContain("its day has passed, it excuses nothing: `waveflow/ack/old::WF-ACK-2`");
  });

  it("names what it does not tell, and stays small", () => {
    const long = { ...failed, error: "x".repeat(100_000), outcome: "error" } as const;
    const many = Array.from({ length: 200 }, (_, index) => ({ ...long, id: `waveflow/x/${index}` }));
    const page = summaryMarkdown({ ...sampleRun, results: many }, tellSample);
    expect(page.length).toBeLessThan(200_000);
    expect(page).toContain("`waveflow/x/199` (sim)");
  });

  it("is written beside the reports, and appended to the page of the job", () => {
    const page = join(folder, "page.md");
    const warnings: string[] = [];
    const options = { outputDir: folder, tell: tellSample, warn: (text: string) => void warnings.push(text) };
    for (let run = 0; run < 2; run++)
      createSummaryReporter({ ...options, environment: { GITHUB_STEP_SUMMARY: page } }).onRunEnd?.(sampleRun);
    expect(readFileSync(join(folder, summaryFileName), "utf8")).toBe(text);
    expect(readFileSync(page, "utf8")).toBe(`${text}\n${text}\n`);
    const nowhere = { GITHUB_STEP_SUMMARY: join(folder, "no", "such", "folder") };
    createSummaryReporter({ ...options, environment: nowhere }).onRunEnd?.(sampleRun);
    expect(warnings).toEqual([expect.stringContaining("GITHUB_STEP_SUMMARY could not be written")]);
  });
});

describe("what a server answered", () => {
  it("ends no cell and becomes no HTML", () => {
    expect(markdownText("a|b <script> `c` *d* \n[e](f) \u001b[31m & @team #1")).toBe(
      "a\\|b &lt;script> \\`c\\` \\*d\\* \\[e\\](f) \\\\u001b\\[31m &amp; \\@team \\#1",
    );
    expect(markdownCode("a|b")).toBe("`a\\|b`");
  });
  it("ends no code", () => {
    expect(markdownCode("`a``b")).toBe("``` `a``b ```");
    expect(markdownBlock("a\n````\nb")).toEqual(["`````text", "a", "````", "b", "`````"]);
  });
});
