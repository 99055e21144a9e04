import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { searchProtocolOf } from "../explore/protocols.ts";
import type { SearchReport } from "../explore/search-report.ts";
import { explorationExitCode, readReport, writeReport } from "./explore-report.ts";

const protocol = searchProtocolOf("waveflow/1");
const folder = mkdtempSync(join(tmpdir(), "seatrial-explore-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Situations all over the space, so that nearly every pair is among them. */
const size = Object.values(protocol.situationSpace).reduce((product, values) => product * values.length, 1);
const everywhere = Array.from({ length: 20_000 }, (_, place) => (place * 7_919) % size);
const clean: SearchReport = {
  protocol: protocol.id,
  seed: "s",
  runs: 100,
  events: 50_000,
  cases: Object.fromEntries(protocol.laws.map(({ id }) => [id, 1])),
  faults: Object.fromEntries(
    protocol.situationSpace.fault.filter((kind) => kind !== "something else").map((kind) => [kind, 1]),
  ),
  situations: everywhere,
  kept: 2,
  lastRuns: 10,
  newInLast: 0,
  repeated: 5,
  drifted: [],
  findings: [],
};
const finding = {
  law: "once",
  signature: "x",
  explanation: "",
  alsoBroken: [],
  plan: protocol.plan("p"),
  seed: "p",
  runsBefore: 3,
  count: 1,
  isError: false,
};

describe("the report of a search", () => {
  it("is read as it was written", () => {
    const file = join(folder, "explore.json");
    const report = { ...clean, mutant: "guard-missing", findings: [finding] };
    writeReport(file, report, protocol);
    expect(readReport(file)).toEqual(JSON.parse(JSON.stringify(report)));
  });

  it("is told from other files", () => {
    const file = join(folder, "other.json");
    writeFileSync(file, "{}");
    expect(() => readReport(file)).toThrow("is no report of seatrial explore");
    expect(() => readReport(join(folder, "absent.json"))).toThrow("cannot be read");
  });
});

describe("the exit code of a search", () => {
  it.each([
    ["nothing was found and enough was reached", {}, 0],
    ["something was found", { findings: [finding] }, 1],
    ["a run failed in itself", { findings: [{ ...finding, isError: true }] }, 3],
    ["a run was another one the second time", { drifted: ["p: event 4"], findings: [finding] }, 3],
    ["little was reached", { situations: [4, 7] }, 4],
  ])("says whether %s", (_, change, code) => {
    expect(explorationExitCode({ ...clean, ...change }, protocol)).toBe(code);
  });
});
