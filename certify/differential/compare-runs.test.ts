import { describe, expect, test } from "vitest";
import type { History } from "../../invariants/history.ts";
import type { WireEntry, WireExchange, WireRecord } from "../../live/wire-record.ts";
import { waveflowWireWords as words } from "../waveflow/wire-words.ts";
import { compareRuns, type ComparedRun, type Difference } from "./compare-runs.ts";
import { differenceLine, differencesOf } from "./differences.ts";
import { compareTargets } from "./compare-targets.ts";

const laptopId = "11111111-1111-4111-8111-111111111111";
const opId = "22222222-2222-4222-8222-222222222222";
const otherLaptopId = "33333333-3333-4333-8333-333333333333";
const otherOpId = "44444444-4444-4444-8444-444444444444";

const step = (line: number, text: string): WireEntry => ({
  kind: "step",
  at: line,
  step: { source: { line, text }, kind: "finish" },
  source: { line, text },
});

const json = (value: unknown) => {
  const text = JSON.stringify(value);
  return { bytes: text.length, text };
};

function exchange(message: "push" | "pull", body: unknown, more: Partial<WireExchange> = {}): WireExchange {
  return {
    kind: "exchange",
    at: 0,
    endedAt: 1,
    who: "laptop",
    by: "device",
    message,
    method: message === "push" ? "POST" : "GET",
    path: message === "push" ? "/sync/ops" : "/sync/ops?since=0",
    headers: [],
    body: { bytes: 0 },
    answer: { status: 200, headers: [["Content-Type", "application/json"]], body: json(body) },
    ...more,
  };
}

const run = (entries: readonly WireEntry[], visible: unknown = {}): ComparedRun => {
  const wire: WireRecord = { entries, tokens: [], users: {}, isCut: false };
  const finding = { kind: "device", visible };
  const history: History = {
    protocol: "waveflow/1",
    scenario: "waveflow/test/case",
    seed: "1",
    world: "live",
    events: [{ kind: "found", at: 9, actor: "laptop", finding }],
  };
  return { wire, history };
};

const compare = (here: readonly WireEntry[], there: readonly WireEntry[]): readonly Difference[] =>
  compareRuns(run(here), run(there), { words });

const pushed = (id: number, op: string, more: object = {}) => ({
  results: [{ operation_id: op, id, lamport_ts: 1, status: "stored", ...more }],
  head: id,
});
const pulled = (id: number, op: string, device: string) => ({
  ops: [{ id, operation_id: op, device_id: device, value: "A", wall_clock: `2026-01-01T00:00:0${id % 10}Z` }],
  head: id,
  has_more: false,
});

describe("two runs", () => {
  test("are the same whatever their ids, devices, times and order of members", () => {
    const here = [
      step(5, "laptop: sync"),
      exchange("push", pushed(7, opId)),
      exchange("pull", pulled(7, opId, laptopId)),
    ];
    const { ops, ...rest } = pulled(1041, otherOpId, otherLaptopId);
    const there = [
      step(5, "laptop: sync"),
      exchange("push", pushed(1041, otherOpId)),
      exchange("pull", { ...rest, ops }),
    ];
    expect(compare(here, there)).toEqual([]);
  });

  test("differ where an id does not go with the same others", () => {
    const here = [exchange("push", pushed(7, opId)), exchange("pull", pulled(7, opId, laptopId))];
    const there = [
      exchange("push", pushed(3, opId)),
      exchange("pull", { ...pulled(3, opId, laptopId), head: 4 }),
    ];
    expect(compare(here, there)).toMatchObject([
      { message: "pull", about: "body", member: "head", ruledBy: "WF-PULL-6" },
    ]);
  });

  test("differ in a member that one of them adds, and no rule speaks about it", () => {
    const [difference] = compare(
      [step(5, "laptop: push expect: { status: 200 }"), exchange("push", { ...pushed(1, opId), took: 12 })],
      [step(5, "laptop: push expect: { status: 200 }"), exchange("push", pushed(1, opId))],
    );
    expect(difference).toMatchObject({ member: "took", here: "present", there: "absent", line: 5 });
    expect(difference).not.toHaveProperty("ruledBy");
  });

  test("do not differ in wording, nor in how often the same was asked until all was quiet", () => {
    const refused = (reason: string): WireExchange =>
      exchange(
        "push",
        {},
        { answer: { status: 422, headers: [], body: json({ type: "invalid_op", reason }) } },
      );
    const pull = exchange("pull", { ops: [], head: 0, has_more: false });
    expect(compare([refused("no"), pull, pull, pull], [refused("never"), pull])).toEqual([]);
  });

  test("that part are told once, and not what follows from it", () => {
    const conflict = { answer: { status: 409, headers: [], body: json({ type: "lamport_regression" }) } };
    const here = run([exchange("push", {}, conflict), exchange("pull", pulled(1, opId, laptopId))], { a: 1 });
    const there = run([exchange("push", pushed(1, opId)), exchange("push", pushed(2, opId))], { a: 2 });
    expect(compareRuns(here, there, { words })).toMatchObject([
      { about: "status", here: "409", there: "200", ruledBy: "WF-PUSH-5" },
    ]);
  });

  test("differ in what a device does next, where an answer leads it elsewhere", () => {
    const here = [exchange("pull", { ops: [] }), exchange("pull", { ops: [1] })];
    expect(compare(here, [exchange("pull", { ops: [] })])).toMatchObject([
      { about: "asked", here: "GET /sync/ops", there: "nothing more" },
    ]);
  });

  test("differ in frames, closes and what is shown at the end", () => {
    const frame = (text: string): WireEntry => ({
      kind: "frame",
      at: 1,
      who: "laptop",
      direction: "to-device",
      text,
    });
    const close = (closeCode: number): WireEntry => ({
      kind: "frame",
      at: 2,
      who: "laptop",
      direction: "to-device",
      isClose: true,
      closeCode,
    });
    const here = run([frame('{"type":"hello","head":3}'), close(4410)], { song: 1 });
    const there = run([frame('{"type":"hello","head":9}'), close(1011)], { song: 2 });
    expect(compareRuns(here, there, { words }).map(({ about, here: one }) => `${about} ${one}`)).toEqual([
      "body closed with 4410",
      "state one",
    ]);
    const automatic = new Set(["laptop"]);
    expect(compareRuns(here, there, { words, automatic }).map(({ about }) => about)).toEqual(["state"]);
  });
});

describe("many differences", () => {
  const found = (scenario: string, more: Partial<Difference>) => ({
    scenario,
    message: "push",
    about: "header" as const,
    member: "content-type",
    here: "text/json",
    there: "application/json",
    step: "laptop: push expect: { status: 200 }",
    line: 4,
    who: "laptop",
    ...more,
  });

  test("of one kind are one line, the silent and the common ones first", () => {
    const groups = differencesOf([
      found("a", { about: "status", member: "", here: "409", there: "200", ruledBy: "WF-PUSH-5" }),
      found("a", { about: "body", member: "took", here: "present", there: "absent" }),
      found("a", {}),
      found("b", { message: "pull" }),
      found("b", { about: "count", member: "ops", here: "1 of them", there: "2 of them" }),
      found("c", { about: "count", member: "ops", here: "5 of them", there: "3 of them" }),
      found("d", { about: "count", member: "ops", here: "5 of them", there: "3 of them" }),
    ]);
    expect(groups.map(differenceLine)).toEqual([
      "push: ops: 1 of them here, 2 of them there (3 scenarios, first b, line 4: laptop: push)",
      "push, pull: header content-type is text/json here and application/json there (2 scenarios, first a, line 4: laptop: push)",
      "push: took is present here and absent there (1 scenario, first a, line 4: laptop: push)",
      "push is answered 409 here and 200 there (1 scenario, first a, line 4: laptop: push; WF-PUSH-5 speaks about it)",
    ]);
  });

  test("come of every scenario that both targets ran, and of no other", async () => {
    const scenarioNamed = (id: string) => ({ id, devices: [] }) as never;
    const here = (scenario: { readonly id: string }) =>
      scenario.id === "dies"
        ? Promise.reject(new Error("died"))
        : Promise.resolve({
            ...run([exchange("push", { took: 1 })]),
            missing: scenario.id === "lacks" ? ["a hook"] : [],
          });
    const compared = await compareTargets({
      scenarios: ["runs", "dies", "lacks"].map(scenarioNamed),
      here,
      there: () => Promise.resolve(run([exchange("push", {})])),
      words,
      seedOf: () => "1",
      width: 2,
      signal: new AbortController().signal,
    });
    expect(compared).toMatchObject({ compared: 1, notCompared: ["dies", "lacks"] });
    expect(compared.groups).toHaveLength(1);
    expect(compared.differences[0]).toMatchObject({ scenario: "runs", member: "took" });
  });
});
