// A server that runs already, of which nothing is known but its address, its tokens and its hooks.
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { judge } from "../invariants/judge.ts";
import { waveflowLaws } from "../invariants/waveflow/laws.ts";
import { scenarioProtocols } from "../scenarios/catalogue.ts";
import { formatErrors, parseScenario } from "../scenarios/format/parse.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { freePort } from "./free-port.ts";
import { createLiveRunner, type LiveRun, type LiveRunner } from "./run.ts";
import { runShellCommand } from "./subjects/shell-command.ts";
import type { UrlTarget } from "./subjects/target.ts";
import { waveflowLive } from "./waveflow/binding.ts";

const neighbour = fileURLToPath(new URL("../test/neighbour/server.mjs", import.meta.url));
const secret = "the neighbour's own";
const controlToken = "the neighbour's hooks";
let folder: string;
let url: string;
let start: string;

const shell = (line: string): Promise<string> =>
  runShellCommand({ line, values: {}, timeoutMs: 20_000, secrets: [] });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "seatrial-url-target-"));
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  writeFileSync(
    join(folder, "start.sh"),
    `cd '${folder}'
export HOST=127.0.0.1 PORT=${port} JWT_SECRET="${secret}" SEATRIAL_CONTROL_TOKEN="${controlToken}"
'${process.execPath}' --disable-warning=ExperimentalWarning '${neighbour}' --data '${folder}/data.sqlite' >log 2>&1 &
echo $! >pid
`,
  );
  start = `sh '${folder}/start.sh'`;
  await shell(
    `${start}; for i in $(seq 100); do curl -sf ${url}/healthz >/dev/null && break; sleep 0.1; done`,
  );
});

afterAll(async () => {
  await shell(`kill -9 $(cat '${folder}/pid') || true`);
  rmSync(folder, { recursive: true, force: true });
});

const target = (more: Partial<UrlTarget> = {}): UrlTarget => ({
  kind: "url",
  url,
  healthPath: "/healthz",
  hooks: {},
  tokens: { kind: "secret", secret },
  ...more,
});

async function withRunner<Result>(
  of: UrlTarget,
  work: (runner: LiveRunner) => Promise<Result>,
): Promise<Result> {
  const runner = await createLiveRunner({ protocols: [waveflowLive], target: of });
  try {
    await runner.assess("waveflow/1");
    return await work(runner);
  } finally {
    await runner.close();
  }
}

function scenarioOf(text: string): Scenario {
  const head = "id: waveflow/test/case\ntitle: A case\nprotocol: waveflow/1\nrequirements: [WF-PUSH-10]\n";
  const result = parseScenario(head + text, { protocols: scenarioProtocols });
  if (!result.ok) throw new Error(formatErrors(result.errors));
  return result.scenario;
}

function expectRight(run: LiveRun): void {
  expect(run.missing).toBeUndefined();
  expect(run.checks.filter(({ pass }) => !pass)).toEqual([]);
  const judged = judge(run.history, waveflowLaws);
  expect(
    judged.filter(({ verdict, isAdvice }) => verdict.outcome === "violated" && isAdvice !== true),
  ).toEqual([]);
}

const plain = scenarioOf(`
devices: [laptop, phone]
steps:
  - laptop: edit song/1 title=A
  - sync: [laptop, phone]
expect: { converged: true, state: { song/1: { title: A } } }
`);

const compacted = scenarioOf(`
needs: [compaction, clock]
devices: [laptop, phone, tablet]
steps:
  - laptop: edit song/1 title=A
  - sync: [laptop, phone, tablet]
  - tablet: offline
  - clock: advance 91d
  - laptop: edit song/1 title=B
  - laptop: edit song/1 title=C
  - sync: [laptop, phone]
  - server: compact
  - tablet: online
  - tablet: pull
    expect: { status: 410, type: resync_required }
expect: { converged: true, state: { song/1: { title: C } } }
`);

const crashed = scenarioOf(`
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
expect: { converged: true, state: { song/1: { title: B } } }
`);

test("what a target lacks is named with the hook and the flag that would unlock it", async () => {
  await withRunner(target(), async (runner) => {
    expect(runner.lacks(plain)).toEqual([]);
    expect(runner.lacks(compacted)).toEqual([
      "compact hook (POST /control/compact with --control-token, or --compact-cmd)",
      "clock hook (POST /control/clock with --control-token, or --clock-cmd)",
    ]);
    expect(runner.lacks(crashed).join()).toContain("--restart-cmd");
    expect(runner.abilities.has("compaction")).toBe(false);
    expect(runner.abilities.has("network")).toBe(true);
  });
});

test("scenarios run side by side on a server at an address, and one that moves its clock runs alone", async () => {
  const hooks = { control: { token: controlToken } };
  await withRunner(target({ hooks }), async (runner) => {
    expect(runner.lacks(compacted)).toEqual([]);
    const runs = await Promise.all(
      [plain, compacted, plain].map((scenario) => runner.run(scenario, { seed: "1" })),
    );
    for (const run of runs) expectRight(run);
  });
});

test("a restart command stands for a crash, and nobody is let through until the restart", async () => {
  const restartCommand = `kill -9 $(cat '${folder}/pid'); ${start}`;
  await withRunner(target({ restartCommand }), async (runner) => {
    expectRight(await runner.run(crashed, { seed: "1" }));
    const orderly = scenarioOf("needs: [crash]\ndevices: [laptop]\nsteps:\n  - server: stop\n");
    expect(runner.lacks(orderly).join()).toContain("an orderly stop");
  });
});

test("a restart command that fails is no failure of the server", async () => {
  await withRunner(target({ restartCommand: "echo no rights >&2; exit 1" }), async (runner) => {
    await expect(runner.run(crashed, { seed: "1" })).rejects.toThrow(/was not restarted: .*no rights/u);
    expect((await runner.tryProcesses("waveflow/1")).crash).toMatchObject({ works: false });
  });
});

test("hooks may be commands, and tokens may come from one", async () => {
  const mint = join(folder, "mint.mjs");
  writeFileSync(
    mint,
    `import { createHmac } from "node:crypto";
const [sub, device_id] = process.argv.slice(2);
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const text = part({ alg: "HS256" }) + "." + part({ sub, device_id, exp: Math.floor(Date.now() / 1000) + 3600 });
console.log(text + "." + createHmac("sha256", ${JSON.stringify(secret)}).update(text).digest("base64url"));`,
  );
  const call = (hook: string, body: string): string =>
    `curl -s -H "Authorization: Bearer ${controlToken}" -d '${body}' {url}/control/${hook}`;
  const commands = target({
    hooks: {
      compactCommand: call("compact", `{"user":"'{user}'"}`),
      clockCommand: call("clock", `{"advance_ms":'{advance_ms}'}`),
    },
    tokens: { kind: "command", command: `'${process.execPath}' '${mint}' {user} {device}` },
  });
  await withRunner(commands, async (runner) => {
    expect(runner.lacks(compacted)).toEqual([]);
    expectRight(await runner.run(compacted, { seed: "1" }));
  });
});

test("a token command that fails ends everything at once, with what it wrote", async () => {
  const tokens = { kind: "command", command: "echo the key is lost >&2; exit 4" } as const;
  await expect(withRunner(target({ tokens }), () => Promise.resolve())).rejects.toThrow(
    /no token for seatrial\d+: the command .* ended with exit code 4\. It wrote: the key is lost/u,
  );
});

test("a hook that says something else is named with what it said", async () => {
  const hooks = { compactCommand: "echo done", control: { token: "not this one" } };
  await withRunner(target({ hooks }), async (runner) => {
    const [compact, clock] = runner.lacks(compacted);
    expect(compact).toMatch(/^compact hook: the command "echo done" answered done; expected \{"compacted/u);
    expect(clock).toMatch(/^clock hook: POST \/control\/clock of server answered 404/u);
  });
});

test("users of a list serve once each; those with a history, and those that there are too few of, serve nobody", async () => {
  const token = (sub: string): string => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const text = `${part({ alg: "HS256" })}.${part({ sub, exp: Math.floor(Date.now() / 1_000) + 3_600 })}`;
    return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
  };
  const users = ["ann", "ben", "cid"].map((name) => `${name}-${process.pid}`);
  const used = token(users[0]!);
  await shell(
    `curl -sf -X POST -H 'Authorization: Bearer ${used}' -H 'X-Device-Id: 00000000-0000-4000-8000-000000000001' -H 'content-type: application/json' -d '{"ops":[{"operation_id":"00000000-0000-4000-8000-000000000002","entity_type":"song","entity_id":"1","op":"upsert","field":"title","value":1,"lamport_ts":1}]}' ${url}/sync/ops`,
  );
  const tokens = { kind: "list", tokens: users.map((user) => ({ user, token: token(user) })) } as const;
  await withRunner(target({ tokens }), async (runner) => {
    const [first, second, third] = [
      await runner.run(plain, { seed: "1" }),
      await runner.run(plain, { seed: "1" }),
      await runner.run(plain, { seed: "1" }),
    ];
    expectRight(first);
    expectRight(second);
    expect(third.missing?.join()).toMatch(/a user without history: each of the 3 that --tokens lists/u);
    const spoilt = scenarioOf("needs: [tokens]\ndevices: [laptop]\nsteps:\n  - laptop: token expired\n");
    expect(runner.lacks(spoilt).join()).toContain("--jwt-secret");
  });
});

test("a probe is lent an address, fresh users and tokens of every kind", async () => {
  await withRunner(target({ hooks: { control: { token: controlToken } } }), async (runner) => {
    const lent = await runner.probeTarget("waveflow/1");
    expect([lent.baseUrl, lent.controlUrl, lent.controlToken]).toEqual([url, url, controlToken]);
    expect(lent.freshUser()).not.toBe(lent.freshUser());
    const device = lent.freshDevice();
    const asking = async (spec?: { readonly kind: "expired" }): Promise<number> => {
      const token = await lent.mintToken(lent.freshUser(), device, spec);
      const headers = { authorization: `Bearer ${token}`, "x-device-id": device };
      return (await fetch(`${lent.baseUrl}/sync/ops`, { headers })).status;
    };
    expect([await asking(), await asking({ kind: "expired" })]).toEqual([200, 401]);
    expect(lent.isAlive()).toBe(true);
    lent.release();
  });
});

test("a server that is gone after a run is not taken for one that breaks rules", async () => {
  await withRunner(target(), async (runner) => {
    process.kill(Number(readFileSync(join(folder, "pid"), "utf8")), "SIGKILL");
    const run = await runner.run(plain, { seed: "1" }).catch((error: unknown) => error);
    const seen = run instanceof Error ? run.message : JSON.stringify((run as LiveRun).checks);
    expect(seen).toContain("nobody listens");
    await expect(runner.run(plain, { seed: "1" })).rejects.toThrow(/is gone: nobody listens/u);
    await shell(start);
  });
});
