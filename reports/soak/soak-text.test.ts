import { describe, expect, it } from "vitest";
import { sampleSoak } from "../../test/sample-soak.ts";
import { closingText, standText } from "./soak-text.ts";
import { sparkline } from "./sparkline.ts";

describe("a sparkline", () => {
  it("goes from nothing to the highest value", () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7, 8], 20)).toBe("▁▂▃▄▅▆▇██");
  });

  it("has a gap where there is no value, and stays low where all is nothing", () => {
    expect(sparkline([4, undefined, 4], 20)).toBe("█ █");
    expect(sparkline([0, 0], 20)).toBe("▁▁");
    expect(sparkline([], 20)).toBe("");
  });

  it("shows the means of what falls on one character", () => {
    expect(sparkline([0, 0, 8, 8, 0, 16], 3)).toBe("▁██");
  });
});

describe("a soak in words", () => {
  it("says how it stands, before the first sample too", () => {
    const stand = { devices: 198, accounts: 51, backlog: 1, faults: 1_234 };
    expect(standText(stand)).toEqual([
      "198 devices up in 51 accounts",
      "1 edit to push · 1,234 faults struck",
    ]);
    expect(standText({ ...stand, sample: sampleSoak.samples[0]! })).toEqual([
      "198 devices up in 51 accounts · 60 pushes/s, 300 exchanges/s",
      "p50 5.0 p95 20 p99 90 ms · 1 edit to push · 1,234 faults struck",
    ]);
  });

  it("ends with graphs of equal length and a verdict on each series", () => {
    const lines = closingText(sampleSoak);
    expect(lines[0]).toBe(
      "72,000 pushes, p50 6.0 p95 23 p99 94 ms; 960 faults struck accounts, 1 befell the servers",
    );
    const graphs = lines.filter((line) => line.includes(" at most "));
    expect(graphs).toHaveLength(7);
    for (const graph of graphs) expect(graph.slice(12).search(" at most ")).toBe(60);
    expect(lines.filter((line) => / leaks \(| no leak seen \(/u.test(line))).toHaveLength(8);
    expect(lines.find((line) => line.startsWith("memory of server 2"))).toMatch(
      /^memory of server 2: leaks \(\+360 MiB an hour, between \+\d+ MiB and \+\d+ MiB; a leak is more than 128 MiB; \d+ values in 1[45] min\)$/u,
    );
  });

  it("names together what it cannot say anything of", () => {
    const leaks = sampleSoak.leaks.map((leak) => ({ ...leak, verdict: "too short to say" as const }));
    const lines = closingText({ ...sampleSoak, leaks: [sampleSoak.leaks[0]!, ...leaks.slice(1, 3)] });
    expect(lines.slice(-2)).toEqual([
      expect.stringContaining("memory of Seatrial: no leak seen"),
      "too short to say whether anything leaks in: heap of Seatrial, handles of Seatrial",
    ]);
  });

  it("says where Seatrial itself was late", () => {
    const late = sampleSoak.samples.map((sample) => ({ ...sample, loopDelayP99Ms: 730 }));
    const lines = (samples: typeof late) => closingText({ ...sampleSoak, samples }).join("\n");
    expect(lines(late)).toContain("event loop was late by 730 ms");
    expect(lines([...sampleSoak.samples])).not.toContain("event loop");
  });

  it("says whom nobody has judged", () => {
    const accounts = { ...sampleSoak.accounts, abandoned: 3 };
    expect(closingText({ ...sampleSoak, accounts })[0]).toContain("3 were cut short and not judged");
  });
});
