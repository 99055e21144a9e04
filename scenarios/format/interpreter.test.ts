// The interpreter does what the steps say, in their order, and every expectation can fail.
import { describe, expect, test } from "vitest";
import { scenarioProtocols } from "../catalogue.ts";
import { runSteps, type CheckResult } from "./interpreter.ts";
import { formatErrors, parseScenario } from "./parse.ts";
import type { Ability, Scenario } from "./types.ts";
import type { DeviceReport, StepOutcome, World } from "./world.ts";

/** A world that answers what it is told to answer, and keeps a diary. */
class PaperWorld implements World {
  readonly name = "sim";
  readonly abilities: ReadonlySet<Ability> = new Set();
  readonly diary: string[] = [];
  readonly answers: StepOutcome[] = [];
  readonly reports = new Map<string, DeviceReport>();
  serverState: DeviceReport["state"] = {};
  waiting: readonly string[] = [];
  unfired: readonly string[] = [];

  now(): number {
    return 0;
  }
  async device(name: string, action: unknown): Promise<StepOutcome> {
    return this.#answer(`${name} ${JSON.stringify(action)}`);
  }
  async sync(devices: readonly string[]): Promise<StepOutcome> {
    return this.#answer(`sync ${devices.join(" ")}`);
  }
  async server(action: unknown): Promise<StepOutcome> {
    return this.#answer(`server ${JSON.stringify(action)}`);
  }
  async network(action: unknown): Promise<void> {
    this.diary.push(`network ${JSON.stringify(action)}`);
  }
  async database(action: unknown): Promise<void> {
    this.diary.push(`database ${JSON.stringify(action)}`);
  }
  async request(request: unknown): Promise<StepOutcome> {
    return this.#answer(`request ${JSON.stringify(request)}`);
  }
  async advance(byMs: number): Promise<void> {
    this.diary.push(`advance ${byMs}`);
  }
  async wait(forMs: number): Promise<void> {
    this.diary.push(`wait ${forMs}`);
  }
  async settle(withinMs: number): Promise<{ quiet: boolean; waiting: readonly string[] }> {
    this.diary.push(`settle ${withinMs}`);
    this.unfired = [];
    return { quiet: this.waiting.length === 0, waiting: this.waiting };
  }
  unfiredFaults(): readonly string[] {
    return this.unfired;
  }
  async inspectDevice(name: string): Promise<DeviceReport> {
    return this.reports.get(name) ?? { connected: true, user: "alice", state: {}, status: { cursor: 7 } };
  }
  async inspectServer(): Promise<{ state: DeviceReport["state"] }> {
    return { state: this.serverState };
  }

  #answer(entry: string): StepOutcome {
    this.diary.push(entry);
    return this.answers.shift() ?? { outcome: "ok" };
  }
}

function scenarioOf(steps: string, more = "settle: false\n"): Scenario {
  const head =
    "id: waveflow/push/one\ntitle: One\nprotocol: waveflow/1\nrequirements: [WF-PUSH-1, WF-PUSH-2]\n";
  const needs = steps.includes("clock:") ? "needs: [clock]\n" : "";
  const text = `${head}${needs}devices: [laptop, phone]\nsteps:\n${steps}${more}`;
  const result = parseScenario(text, { protocols: scenarioProtocols });
  if (!result.ok) throw new Error(formatErrors(result.errors));
  return result.scenario;
}

const failures = (checks: readonly CheckResult[]): readonly string[] =>
  checks
    .filter(({ pass }) => !pass)
    .map(({ line, expected, seen }) => `${line}: expected ${expected}; saw ${seen}`);

describe("steps", () => {
  test("run in order; those that belong together begin together", async () => {
    const world = new PaperWorld();
    await runSteps(
      scenarioOf(
        "  - sync: all\n  - together:\n      - laptop: push\n      - wait: 1s\n  - clock: advance 1d\n",
      ),
      world,
    );
    expect(world.diary).toEqual([
      "sync laptop phone",
      'laptop {"verb":"push","args":{}}',
      "wait 1000",
      "advance 86400000",
    ]);
  });

  test("what was begun is waited for at finish, and at the end", async () => {
    const world = new PaperWorld();
    let release = (): void => {};
    world.wait = (forMs) => {
      world.diary.push(`wait ${forMs}`);
      return forMs === 1_000 ? new Promise((resolve) => (release = resolve)) : Promise.resolve();
    };
    const scenario = scenarioOf("  - start:\n      - wait: 1s\n  - wait: 2s\n  - finish\n  - wait: 3s\n");
    const run = runSteps(scenario, world);
    await new Promise((resolve) => setImmediate(resolve));
    expect(world.diary).toEqual(["wait 1000", "wait 2000"]);
    release();
    await run;
    expect(world.diary).toEqual(["wait 1000", "wait 2000", "wait 3000"]);
  });

  test("the run settles at its end unless it just did, or the file says no", async () => {
    const settles = async (steps: string, more = "") => {
      const world = new PaperWorld();
      await runSteps(scenarioOf(steps, more), world);
      return world.diary.filter((entry) => entry.startsWith("settle"));
    };
    expect(await settles("  - laptop: push\n")).toEqual(["settle 600000"]);
    expect(await settles("  - settle: { within: 5m }\n")).toEqual(["settle 300000"]);
    expect(await settles("  - laptop: push\n", "settle: false\n")).toEqual([]);
  });

  test("a world that does not come to rest fails the scenario", async () => {
    const world = new PaperWorld();
    world.waiting = ["laptop: 3 edits are not pushed"];
    expect(failures(await runSteps(scenarioOf("  - laptop: push\n", ""), world))).toEqual([
      "0: expected when the faults have stopped, everybody comes to rest; saw still busy: laptop: 3 edits are not pushed",
    ]);
  });

  test("a fault that never struck fails the scenario", async () => {
    const world = new PaperWorld();
    world.unfired = ["network: lose reply to laptop push"];
    expect(failures(await runSteps(scenarioOf("  - laptop: push\n", ""), world))).toEqual([
      "0: expected the fault strikes: network: lose reply to laptop push; saw it never did",
    ]);
  });
});

describe("answers", () => {
  const check = async (expectation: string, answer: StepOutcome): Promise<readonly string[]> => {
    const world = new PaperWorld();
    world.answers.push(answer);
    return failures(await runSteps(scenarioOf(`  - laptop: push\n    expect: ${expectation}\n`), world));
  };
  const answer: StepOutcome = {
    outcome: "refused",
    status: 409,
    type: "lamport_regression",
    body: { index: 0, list: [1, { a: 2, b: 3 }] },
    headers: { "cache-control": "no-store" },
    counts: { dropped: 2 },
  };

  test.each([
    "{ status: 409 }",
    "{ status: [200, 409], type: lamport_regression, outcome: refused }",
    "{ body: { list: [1, { a: 2 }] } }",
    '{ body: { index: "*" } }',
    "{ headers: { Cache-Control: no-store } }",
    "{ counts: { dropped: 2 } }",
  ])("%s holds", async (expectation) => {
    expect(await check(expectation, answer)).toEqual([]);
  });

  const inFull =
    'outcome refused, status 409, type lamport_regression, body {"index":0,"list":[1,{"a":2,"b":3}]}';
  test.each([
    ["{ status: 200 }", `expected status 200; saw ${inFull}`],
    ["{ type: other }", `expected type other; saw ${inFull}`],
    ["{ outcome: ok }", `expected outcome ok; saw ${inFull}`],
    ["{ body: { index: 1 } }", 'expected body {"index":1}; saw body.index is 0'],
    ["{ body: { list: [1] } }", 'expected body {"list":[1]}; saw body.list has 2 items: [1,{"a":2,"b":3}]'],
    ["{ body: { list: [1, { a: 3 }] } }", 'expected body {"list":[1,{"a":3}]}; saw body.list.1.a is 2'],
    ['{ body: { other: "*" } }', 'expected body {"other":"*"}; saw body.other is missing'],
    ["{ headers: { Retry-After: 1 } }", "expected header Retry-After: 1; saw no header Retry-After"],
    ["{ counts: { dropped: 3 } }", "expected dropped 3; saw dropped 2"],
    ["{ counts: { stored: 0 } }", 'expected stored 0; saw no count "stored"'],
  ])("%s fails", async (expectation, failure) => {
    expect(await check(expectation, answer)).toEqual([`7: ${failure}`]);
  });

  test("a check bears on the rules that it names, else on all of the scenario", async () => {
    const world = new PaperWorld();
    const steps =
      "  - laptop: push\n    expect: { outcome: ok, requirements: [WF-PUSH-2] }\n  - laptop: push\n    expect: { outcome: ok }\n";
    const checks = await runSteps(scenarioOf(steps), world);
    expect(checks.map(({ requirements }) => requirements)).toEqual([
      ["WF-PUSH-2"],
      ["WF-PUSH-1", "WF-PUSH-2"],
    ]);
  });
});

describe("placeholders", () => {
  test("what was remembered is filled in, as a number and inside a text", async () => {
    const world = new PaperWorld();
    world.answers.push(
      { outcome: "ok", body: { compacted_up_to: 5, token: "t" } },
      { outcome: "ok", body: { at: 6 } },
    );
    const checks = await runSteps(
      scenarioOf(
        `  - laptop: pull
    remember: { w: body.compacted_up_to, t: body.token }
  - request: { as: laptop, method: POST, path: "/x?since={w-1}&t={t}", body: { a: "{w+1}", b: "{{w}}", c: "{phone.cursor}" } }
    expect: { body: { at: "{w+1}" } }
  - laptop: ack {w}
`,
      ),
      world,
    );
    expect(failures(checks)).toEqual([]);
    expect(world.diary.slice(1)).toEqual([
      'request {"as":"laptop","method":"POST","path":"/x?since=4&t=t","headers":{},"body":{"json":{"a":6,"b":"{w}","c":7}}}',
      'laptop {"verb":"ack","args":{"id":5}}',
    ]);
  });

  test("a step whose placeholder has no value is left out and counts as failed", async () => {
    const world = new PaperWorld();
    world.answers.push({ outcome: "unknown" });
    const steps = "  - laptop: pull\n    remember: { w: body.head }\n  - laptop: ack {w}\n  - laptop: push\n";
    expect(failures(await runSteps(scenarioOf(steps), world))).toEqual([
      '7: expected the answer has body.head, remembered as "w"; saw outcome unknown without it: {"outcome":"unknown"}',
      "9: expected a value for {w}; saw nothing remembered it",
    ]);
    expect(world.diary).toEqual(['laptop {"verb":"pull","args":{}}', 'laptop {"verb":"push","args":{}}']);
  });
});

describe("states", () => {
  const report = (title: string, more: Partial<DeviceReport> = {}): DeviceReport => ({
    connected: true,
    user: "alice",
    state: { "song/1": { title } },
    status: { pending: 1 },
    ...more,
  });
  const check = async (
    expectation: string,
    devices: Record<string, DeviceReport>,
  ): Promise<readonly string[]> => {
    const world = new PaperWorld();
    world.serverState = { "song/1": { title: "A" } };
    for (const [name, device] of Object.entries(devices)) world.reports.set(name, device);
    return failures(await runSteps(scenarioOf(`  - check: ${expectation}\n`), world));
  };

  test("converged compares every connected device with the server", async () => {
    expect(await check("{ converged: true }", { laptop: report("A"), phone: report("A") })).toEqual([]);
    expect(await check("{ converged: true }", { laptop: report("A"), phone: report("B") })).toEqual([
      '7: expected all connected devices and the server agree; saw phone and the server differ: song/1.title: "A" and "B" (server first)',
    ]);
    expect(
      await check("{ converged: true }", { laptop: report("A"), phone: report("B", { connected: false }) }),
    ).toEqual([]);
    expect(await check("{ converged: false }", { laptop: report("A"), phone: report("A") })).toEqual([
      "7: expected devices and server do not all agree; saw they all agree",
    ]);
  });

  test("nobody connected is no agreement", async () => {
    const away = report("A", { connected: false });
    expect(await check("{ converged: true }", { laptop: away, phone: away })).toEqual([
      "7: expected all connected devices and the server agree; saw no device is connected",
    ]);
    expect(await check("{ state: {} }", { laptop: away, phone: away })).toEqual([
      "7: expected state {}; saw no device of alice is connected",
    ]);
  });

  test("state is the whole state of every connected device of the first user", async () => {
    const bob = report("B", { user: "bob" });
    expect(await check("{ state: { song/1: { title: A } } }", { laptop: report("A"), phone: bob })).toEqual(
      [],
    );
    expect(await check("{ state: {} }", { laptop: report("A"), phone: bob })).toEqual([
      '7: expected state {} on laptop; saw laptop differs: song/1.title: nothing and "A" (expected first)',
    ]);
  });

  test("a device is held against the members that are named", async () => {
    const devices = { laptop: report("A"), phone: report("B") };
    expect(
      await check("{ devices: { laptop: { pending: 1, state: { song/1: { title: A } } } } }", devices),
    ).toEqual([]);
    expect(await check("{ devices: { phone: { pending: 0, parked: 0 } } }", devices)).toEqual([
      "7: expected phone's pending is 0; saw phone's pending is 1",
      "7: expected phone's parked is 0; saw phone's parked is nothing",
    ]);
  });
});
