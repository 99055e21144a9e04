// The probes of isolation, hooks and declarations against a server that is right, and against the same one with one thing
// wrong.
import { afterEach, describe, expect, test } from "vitest";
import type { Probe, ProbeOptions, ProbeReport } from "../probe.ts";
import { declaredProbe } from "./declared.ts";
import { hooksProbe } from "./hooks.ts";
import { isolationProbe } from "./isolation.ts";
import { type Defect, type LittleServer, startLittleServer } from "./little-server.contract.ts";

const options: ProbeOptions = {
  seed: "1",
  signal: new AbortController().signal,
  budgetMs: 60_000,
  declared: {},
};

const started: LittleServer[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
});

async function probed(
  probe: Probe,
  defects: readonly Defect[],
  declared: ProbeOptions["declared"] = {},
): Promise<ProbeReport> {
  const server = await startLittleServer(...defects);
  started.push(server);
  return probe.run(server.target, { ...options, declared });
}

const told = ({ findings }: ProbeReport): string =>
  findings.map(({ requirements, text, seen }) => `${requirements.join()}: ${text} → ${seen}`).join("\n");

test.each([isolationProbe, hooksProbe, declaredProbe])("a server that is right passes %$", async (probe) => {
  const report = await probed(probe, []);
  expect(told(report)).toBe("");
  expect(report.outcome).toBe("pass");
});

describe("what crosses from one user to another is found", () => {
  const cases: readonly (readonly [Defect, string, RegExp])[] = [
    ["receipts are of all users", "WF-AUTH-2", /another user's operation_id and other content.* → 409/u],
    ["stamps are of the device alone", "WF-AUTH-2", /lamport_regression/u],
    ["cursors are of the device alone", "WF-AUTH-2", /ops are gone/u],
    ["frames go to everybody", "WF-AUTH-2", /a frame with the other user's value/u],
    ["user_id in the query counts", "WF-AUTH-2", /user_id of another user in the query → op 1/u],
    ["claims are not looked at", "WF-AUTH-3", /bound to no UUID.* → 200/u],
  ];
  test.each(cases)("%s", async (defect, rule, says) => {
    const report = await probed(isolationProbe, [defect]);
    expect(report.outcome).toBe("fail");
    expect(new Set(report.findings.flatMap(({ requirements }) => requirements))).toEqual(new Set([rule]));
    expect(told(report)).toMatch(says);
    for (const { reproduce } of report.findings) expect(reproduce.length).toBeGreaterThan(0);
  });
});

describe("hooks that are open are found, and what they have done is seen", () => {
  test.each([
    ["hooks are open", "WF-AUTH-1", /the compact hook with no token.* → 200/u],
    ["hooks open to users", "WF-AUTH-2", /the clock hook with a user's own token → 200/u],
  ] as const)("%s", async (defect, rule, says) => {
    const report = await probed(hooksProbe, [defect]);
    expect(report.outcome).toBe("fail");
    expect(report.findings.flatMap(({ requirements }) => requirements)).toContain(rule);
    expect(told(report)).toMatch(says);
  });

  test("the control token itself stands in no line of a report", async () => {
    const report = await probed(hooksProbe, ["hooks are open"]);
    const [{ target } = { target: undefined }] = started;
    expect(JSON.stringify(report)).not.toContain(target!.controlToken);
  });
});

describe("what is declared and what is there are compared", () => {
  test.each([
    [[], {}, "pass"],
    [[], { socket: true }, "pass"],
    [[], { socket: false }, "fail"],
    [["no socket"], {}, "unsupported"],
    [["no socket"], { socket: false }, "unsupported"],
    [["no socket"], { socket: true }, "fail"],
    [["no hello"], { socket: true }, "fail"],
  ] as const)(
    "%j, declared as %j: %s",
    async (defects, declared, outcome) => {
      const report = await probed(declaredProbe, defects, declared);
      expect(report.outcome).toBe(outcome);
      if (outcome === "fail") expect(report.findings[0]!.requirements).toEqual(["WF-WS-1"]);
    },
    20_000,
  );
});
