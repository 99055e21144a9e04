// The probe of bad input against a server that is right, and against the same one with one thing wrong.
import { afterEach, describe, expect, test } from "vitest";
import type { ProbeOptions, ProbeReport } from "../probe.ts";
import type { BadCase } from "./bad-case.ts";
import { runBadInput } from "./bad-input.ts";
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

async function serverWith(...defects: readonly Defect[]): Promise<LittleServer> {
  const server = await startLittleServer(...defects);
  started.push(server);
  return server;
}

/** The report in short: what is blamed, and what is said of it. */
const told = ({ findings }: ProbeReport): readonly string[] =>
  findings.map(({ requirements, text, seen }) => `${requirements.join()}: ${text} → ${seen}`);

test("a server that is right passes, whichever kind of request is made", async () => {
  const { target } = await serverWith();
  const kinds = new Map<string, number>();
  // Of each kind a few: all of them are made against real servers, in the live test.
  const report = await runBadInput(target, options, ({ endpoint, mutation }) => {
    const kind = `${endpoint} ${mutation}`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    return kinds.get(kind)! % 6 === 1;
  });
  expect(told(report)).toEqual([]);
  expect(report.outcome).toBe("pass");
  expect(kinds.size).toBeGreaterThan(80);
});

describe("a server that is wrong is blamed for the rule that it breaks, and for no other", () => {
  const is =
    (endpoint: string, mutation: RegExp = /./u) =>
    (made: BadCase): boolean =>
      made.endpoint === endpoint && mutation.test(made.mutation);
  const push = "POST /sync/ops";
  const pull = "GET /sync/ops";
  const ack = "POST /sync/ack";
  const cases: readonly (readonly [Defect, readonly string[], RegExp, (made: BadCase) => boolean])[] = [
    ["500 for malformed JSON", ["WF-PUSH-12"], /POST \/sync\/ops with .* → 500/u, is(push, /malformed/u)],
    ["HTML for errors", ["WF-PULL-1", "WF-PULL-3"], /"<h1>400<\/h1>"/u, is(pull, /^bad/u)],
    ["errors without a type", ["WF-ACK-3"], /expected a JSON object with a type/u, is(ack, /^bad l/u)],
    ["stamps as texts are taken", ["WF-PUSH-12", "WF-PUSH-5"], /lamport_ts "1"/u, is(push, /wrong type/u)],
    ["stamps beyond 2^53 are taken", ["WF-PUSH-12", "WF-PUSH-13"], /lamport_ts/u, is(push, /numbers/u)],
    ["long names are taken", ["WF-PUSH-12"], /field x 65 times/u, is(push, /names at/u)],
    ["65 levels are taken", ["WF-PUSH-12"], /65 levels/u, is(push, /deep/u)],
    ["2 MiB are taken", ["WF-PUSH-12"], /1048577 bytes/u, is(push, /bound of bytes/u)],
    ["2,000 ops are taken", ["WF-PUSH-12"], /1001 ops/u, is(push, /too many/u)],
    ["spaces are trimmed", ["WF-PUSH-12"], /entity_id "x"/u, is(push, /hard to keep: entity_id/u)],
    [
      "good ops of a bad batch are kept",
      ["WF-PUSH-12"],
      /op \d+ of the log/u,
      is(push, /ops that are none/u),
    ],
    ["broken off bodies are kept", ["WF-PUSH-12"], /no answer, and op/u, is(push, /break off/u)],
    ["clocks may leap", ["WF-PUSH-13"], /2\^53 - 1/u, is(push, /numbers/u)],
    ["regressions are taken", ["WF-PUSH-5"], /lamport_ts 1/u, is(push, /numbers/u)],
    ["no challenge", ["WF-AUTH-1"], /WWW-Authenticate/u, is(pull, /no token/u)],
    ["alg none is taken", ["WF-AUTH-1"], /alg "none" and no signature/u, is(push, /alg none/u)],
    ["signatures are not looked at", ["WF-AUTH-1"], /signature/u, is(ack, /signature/u)],
    ["expired tokens are taken", ["WF-AUTH-1"], /expired/u, is(pull, /expired/u)],
    ["device ids are not looked at", ["WF-AUTH-3"], /device id/u, is(pull, /device ids/u)],
    ["since is parsed leniently", ["WF-PULL-1"], /since "1x"|since/u, is(pull, /bad since/u)],
    ["limits are not bounded", ["WF-PULL-1"], /limit/u, is(pull, /bad limit/u)],
    ["positions beyond head are taken", ["WF-PULL-7"], /since "/u, is(pull, /bad since/u)],
    ["pages may be cached", ["WF-PULL-1"], /Cache-Control "max-age=60"/u, is(pull, /bounds/u)],
    ["negative acks are taken", ["WF-ACK-3"], /→ 204/u, is(ack, /bad last_seen_id/u)],
    ["refused acks count", ["WF-ACK-3"], /a compaction deleted/u, is(ack, /bad last_seen_id/u)],
    ["acks beyond head are taken", ["WF-ACK-3"], /→ 204/u, is(ack, /drawn/u)],
    ["sockets fail at bad frames", ["WF-ACK-3"], /close 1011/u, is("nothing")],
    ["dies at U+0000", ["WF-PUSH-12"], /it is gone/u, is(push, /hard to keep/u)],
  ];

  test.each(cases)("%s", async (defect, rules, says, isWanted) => {
    const { target } = await serverWith(defect);
    const report = await runBadInput(target, options, isWanted);
    expect(report.outcome).toBe("fail");
    const blamed = new Set(report.findings.flatMap(({ requirements }) => requirements));
    expect([...blamed].filter((rule) => !rules.includes(rule))).toEqual([]);
    expect(blamed).toContain(rules[0]);
    expect(told(report).join("\n")).toMatch(says);
  });
});

test("a target that gives no tokens blocks the probe and says what is missing", async () => {
  const { target } = await serverWith();
  const mintToken = () => Promise.resolve(undefined);
  const report = await runBadInput({ ...target, mintToken }, options);
  expect(report).toMatchObject({ outcome: "blocked", missing: ["tokens"], findings: [] });
});

test("the same seed makes the same requests, and another makes others", async () => {
  const texts = async (seed: string): Promise<readonly string[]> => {
    const { target } = await serverWith();
    const seen: string[] = [];
    await runBadInput(target, { ...options, seed }, (made) => {
      seen.push(`${made.endpoint} ${made.mutation} ${made.text}`);
      return false;
    });
    return seen;
  };
  const [first, again, other] = [await texts("7"), await texts("7"), await texts("8")];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});
