import { describe, expect, it } from "vitest";
import { searchProtocolOf } from "./protocols.ts";
import { residualRisk } from "./residual-risk.ts";
import {
  type Finding,
  mergeReports,
  reasonsForDoubt,
  searchLines,
  type SearchReport,
} from "./search-report.ts";
import { waveflowPlan } from "./waveflow/plan.ts";

const protocol = searchProtocolOf("waveflow/1");

const faults = Object.fromEntries(
  protocol.situationSpace.fault.filter((kind) => kind !== "something else").map((kind) => [kind, 3]),
);
/** Situations all over the space, so that nearly every pair is among them. */
const size = Object.values(protocol.situationSpace).reduce((product, values) => product * values.length, 1);
const everywhere = Array.from({ length: 20_000 }, (_, place) => (place * 7_919) % size);
const complete: SearchReport = {
  protocol: protocol.id,
  seed: "s",
  runs: 1_000,
  events: 500_000,
  cases: Object.fromEntries(protocol.laws.map(({ id }) => [id, 5])),
  faults,
  situations: everywhere,
  kept: 3,
  lastRuns: 100,
  newInLast: 10,
  repeated: 50,
  drifted: [],
  findings: [],
};
const finding: Finding = {
  law: "once",
  signature: "once, twice",
  explanation: "An operation has two ids.",
  alsoBroken: [],
  plan: waveflowPlan("f"),
  seed: "f",
  runsBefore: 7,
  count: 2,
  isError: false,
};

describe("a search that found nothing", () => {
  it("is believed where it reached enough", () => {
    expect(reasonsForDoubt(complete, protocol)).toEqual([]);
    expect(searchLines(complete, protocol).join("\n")).not.toContain("INCONCLUSIVE");
  });

  it.each([
    ["few pairs were met", { situations: [1, 2, 3] }, "more plans would reach more"],
    ["a law never had a case", { cases: { ...complete.cases, once: 0 } }, "never had a case: once"],
    ["a fault never happened", { faults: { ...faults, skew: undefined } }, ""],
    ["nothing was run", { runs: 0 }, "no plan was run"],
  ])("is inconclusive where %s", (_, change, text) => {
    const report = { ...complete, ...change } as SearchReport;
    const read = JSON.parse(JSON.stringify(report)) as SearchReport;
    const doubts = reasonsForDoubt(read, protocol);
    expect(doubts).toHaveLength(1);
    expect(doubts[0]).toContain(text);
    expect(searchLines(read, protocol).join("\n")).toContain("INCONCLUSIVE");
  });
});

describe("merged shards", () => {
  it("are one report", () => {
    const merged = mergeReports([
      { ...complete, situations: [1, 2, 3], findings: [finding] },
      { ...complete, situations: [3, 4], findings: [finding] },
    ]);
    expect(merged).toMatchObject({ runs: 2_000, events: 1_000_000, situations: [1, 2, 3, 4], lastRuns: 200 });
    expect(merged.findings).toEqual([{ ...finding, count: 4 }]);
    expect(merged.faults.skew).toBe(6);
  });

  it("have to be of one search", () => {
    expect(() => mergeReports([complete, { ...complete, seed: "other" }])).toThrow("shards of one search");
    expect(() => mergeReports([])).toThrow("at least one");
  });
});

describe("residual risk", () => {
  it("is what n clean runs prove, and no more", () => {
    expect(residualRisk(1_000_000, "plans")).toContain("fewer than 1 in 333,333 of such plans");
    expect(residualRisk(100, "plans")).toContain("fewer than 3.0 % of such plans");
    expect(residualRisk(1, "plans")).toContain("too few");
  });
});
