import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waveflowLaws } from "../invariants/waveflow/laws.ts";
import { judge } from "../invariants/judge.ts";
import { scenarioProtocols } from "../scenarios/catalogue.ts";
import { formatErrors, parseScenario } from "../scenarios/format/parse.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { createLiveRunner, type LiveRun, type LiveRunner } from "./run.ts";
import { waveflowLive } from "./waveflow/binding.ts";

let runner: LiveRunner;
beforeAll(async () => {
  runner = await createLiveRunner({ protocols: [waveflowLive], groupsMax: 3 });
});
afterAll(() => runner.close());

function scenarioOf(text: string): Scenario {
  const head = "id: waveflow/test/case\ntitle: A case\nprotocol: waveflow/1\nrequirements: [WF-PUSH-10]\n";
  const result = parseScenario(head + text, { protocols: scenarioProtocols });
  if (!result.ok) throw new Error(formatErrors(result.errors));
  return result.scenario;
}

async function run(text: string, options: { readonly signal?: AbortSignal } = {}): Promise<LiveRun> {
  return runner.run(scenarioOf(text), { seed: "1", ...options });
}

const failures = ({ checks }: LiveRun) => checks.filter(({ pass }) => !pass);
const kinds = ({ history }: LiveRun, kind: string) => history.events.filter((event) => event.kind === kind);

function expectRight(result: LiveRun): void {
  expect(failures(result)).toEqual([]);
  expect(result.unusedFaults).toEqual([]);
  const violated = judge(result.history, waveflowLaws).filter(
    ({ verdict }) => verdict.outcome === "violated",
  );
  expect(violated).toEqual([]);
}

describe("in the live world", () => {
  test("a lost reply costs the device's patience and nothing else", async () => {
    const result = await run(`
needs: [network]
devices: [laptop, phone]
steps:
  - network: lose reply to laptop push
  - laptop: edit song/1 title=A
  - laptop: push
    expect: { outcome: unknown }
  - laptop: push
    expect: { status: 200, counts: { duplicate: 1, stored: 0 } }
expect:
  converged: true
  state: { song/1: { title: A } }
`);
    expectRight(result);
    expect(result.faultCounts.get("reply lost")).toBe(1);
    expect(kinds(result, "unknown")).toHaveLength(1);
  });

  test("what a server accepted survives its SIGKILL", async () => {
    const result = await run(`
needs: [crash]
devices: [laptop, phone]
steps:
  - laptop: edit song/1 title=A
  - laptop: push
  - server: crash
  - laptop: edit song/1 title=B
  - laptop: push
    expect: { outcome: unknown }
  - server: restart
  - phone: pull
  - check: { devices: { phone: { state: { song/1: { title: A } } } } }
expect:
  converged: true
  state: { song/1: { title: B } }
`);
    expectRight(result);
    expect([kinds(result, "crash").length, kinds(result, "restart").length]).toEqual([1, 1]);
  });

  test("a push at one process reaches the socket at the other", async () => {
    const result = await run(`
needs: [processes]
processes: 2
devices: [laptop, phone]
steps:
  - phone: connect
  - laptop: edit song/1 title=A
  - laptop: push
  - wait: 1s
  - check: { devices: { phone: { state: { song/1: { title: A } } } } }
`);
    expectRight(result);
    const frames = kinds(result, "frame").map((event) => (event as { frame: { type?: string } }).frame.type);
    expect(frames).toContain("op");
  });

  test("a device that dies at a commit comes back with what it had", async () => {
    const result = await run(`
needs: [device-crash]
devices: [laptop]
steps:
  - laptop: crash after commit
  - laptop: edit song/1 title=A
    expect: { outcome: unknown }
  - laptop: push
    expect: { outcome: blocked }
  - laptop: restart
  - check: { devices: { laptop: { pending: 1, state: { song/1: { title: A } } } } }
  - laptop: crash before commit
  - laptop: edit song/1 title=B
  - laptop: restart
  - check: { devices: { laptop: { pending: 1, state: { song/1: { title: A } } } } }
`);
    expectRight(result);
  });

  test("a database that is put back has forgotten, and the devices find out", async () => {
    const result = await run(`
needs: [backup]
devices: [laptop, phone]
steps:
  - laptop: edit song/1 title=A
  - sync: all
  - server: backup
  - laptop: edit song/1 title=B
  - sync: all
  - server: restore
  - phone: pull
    expect: { status: 410, body: { reason: cursor_ahead } }
`);
    expect(failures(result)).toEqual([]);
    expect(result.faultCounts.get("restore")).toBe(1);
  });

  test("everybody's clock moves, and a skew keeps what lies between them", async () => {
    const result = await run(`
needs: [clock, skew, compaction]
devices: [laptop, phone, tablet]
steps:
  - laptop: edit song/1 title=A
  - laptop: edit song/1 title=B
  - sync: all
  - server: skew -2m
  - server: skew 0s
  - clock: advance 91d
  - laptop: edit song/1 title=C
  - laptop: edit song/1 title=D
  - sync: [laptop, phone]
  - server: compact
    expect: { body: { deleted: 2 } }
`);
    expectRight(result);
  });

  test("scenarios side by side do not meet, even with the same users", async () => {
    const text = `
devices: [laptop, phone]
steps:
  - laptop: edit song/1 title=A
  - sync: all
expect:
  converged: true
  state: { song/1: { title: A } }
`;
    for (const result of await Promise.all([1, 2, 3, 4].map(() => run(text)))) expectRight(result);
  });
});

describe("a run that does not end well", () => {
  test("says which step was waiting, and for what", async () => {
    const impatient = await createLiveRunner({
      protocols: [waveflowLive],
      patienceMs: 60_000,
      scenarioTimeoutMs: 1_500,
    });
    try {
      const result = await impatient.run(
        scenarioOf(
          "needs: [network]\ndevices: [laptop]\nsteps:\n  - network: lose request of laptop pull\n  - laptop: pull\n",
        ),
        { seed: "1" },
      );
      const [failure] = failures(result);
      expect(failure).toMatchObject({ expected: "the scenario ends within 1500 ms" });
      expect(failure?.seen).toMatch(/still running in line \d+ \(laptop: pull\); waiting for laptop's pull/u);
      expect(result.serverOutput.join("\n")).toContain("listening");
    } finally {
      await impatient.close();
    }
  });

  test("can be broken off", async () => {
    const controller = new AbortController();
    const running = run("devices: [laptop]\nsteps:\n  - wait: 1m\n", { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 200);
    await expect(running).rejects.toThrow("enough");
  });

  test("is told about a setting that the server does not take", async () => {
    const running = run(
      "needs: [settings]\nconfig: { pingIntervalMs: 1 }\ndevices: [laptop]\nsteps:\n  - laptop: pull\n",
    );
    await expect(running).rejects.toThrow(/PING_INTERVAL_MS/u);
  });
});

test("nothing is left after Ctrl-C in the middle of a run", async () => {
  const code = `
    const { createLiveRunner } = await import(${JSON.stringify(new URL("./run.ts", import.meta.url).href)});
    const { waveflowLive } = await import(${JSON.stringify(new URL("./waveflow/binding.ts", import.meta.url).href)});
    const runner = await createLiveRunner({ protocols: [waveflowLive] });
    const scenario = ${JSON.stringify(scenarioOf("devices: [laptop]\nsteps:\n  - laptop: pull\n  - wait: 1m\n"))};
    runner.run(scenario, { seed: "1" });
    const { execFileSync } = await import("node:child_process");
    const children = () => execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(process.pid)], { encoding: "utf8" });
    while (!children().includes("reference-server")) await new Promise((resolve) => setTimeout(resolve, 100));
    console.log(JSON.stringify(children().split("\\n").filter((line) => /postgres|reference-server/.test(line)).map((line) => parseInt(line))));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const processIds = JSON.parse(String(line)) as readonly number[];
  expect(processIds).toHaveLength(2);
  child.kill("SIGINT");
  await once(child, "exit");
  const isAlive = (processId: number): boolean => {
    try {
      process.kill(processId, 0);
      return true;
    } catch {
      return false;
    }
  };
  await expect.poll(() => processIds.filter(isAlive), { timeout: 5_000 }).toEqual([]);
});
