import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { foreignCommand } from "../../live/subjects/foreign-command.ts";
import { createLiveRunner, type LiveRunner } from "../../live/run.ts";
import { waveflowLive } from "../../live/waveflow/binding.ts";
import { scenarioProtocols } from "../../scenarios/catalogue.ts";
import { formatErrors, parseScenario } from "../../scenarios/format/parse.ts";
import { waveflowWireWords } from "../waveflow/wire-words.ts";
import { scriptOf } from "./script.ts";
import { shellDesk } from "./shell-desk.contract.ts";

const desk = shellDesk();
const { shell } = desk;
const secret = "the secret of this test and of nothing else";
let runner: LiveRunner;
beforeAll(async () => {
  runner = await createLiveRunner({
    protocols: [waveflowLive],
    target: {
      kind: "command",
      command: foreignCommand(["node", "test/stranger/server.mjs"]),
      hooks: { control: { token: "the control token of this test" } },
      tokens: { kind: "secret", secret },
    },
  });
}, 30_000);
afterAll(async () => {
  await runner.close();
  desk.remove();
});

/** A folder with a `websocat` that knows what our scripts ask of one, for machines that have none. */
function standInForWebsocat(folder: string): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const ws = JSON.stringify(import.meta.resolve("ws"));
  const program = `#!${process.execPath}
    const { WebSocket } = await import(${ws});
    const url = process.argv.at(-1);
    const headers = Object.fromEntries(process.argv.slice(2, -1).map((word) => word.match(/^-H=([^:]+): (.*)$/).slice(1)));
    const socket = new WebSocket(url, { headers });
    socket.on("message", (data) => process.stdout.write(data + "\\n"));
    socket.on("close", () => process.exit(0));
    const lines = (await import("node:readline")).createInterface({ input: process.stdin });
    lines.on("line", (line) => socket.send(line));
    lines.on("close", () => socket.close(1000));`;
  const file = join(bin, "websocat");
  writeFileSync(file, program);
  writeFileSync(join(bin, "package.json"), '{"type":"module"}');
  chmodSync(file, 0o755);
  return bin;
}

const file = `
id: waveflow/test/case
title: A case
protocol: waveflow/1
requirements: [WF-PUSH-11]
devices: [laptop, phone]
steps:
  - phone: connect
  - laptop: edit song/1 title=A
  - laptop: push
  - wait: 300ms
settle: false
`;

test("live sockets stay open beside the rest, and what they hear is printed", async () => {
  const parsed = parseScenario(file, { protocols: scenarioProtocols });
  if (!parsed.ok) throw new Error(formatErrors(parsed.errors));
  const { scenario } = parsed;
  const { wire, history, checks } = await runner.run(scenario, { seed: "1" });
  const { id, title } = scenario;
  const about = { id, title, explanation: "nothing", requirements: [] };
  const text = scriptOf({ wire, history, checks, words: waveflowWireWords, ...about });
  const target = await runner.probeTarget("waveflow/1");
  try {
    const env = { BASE: target.baseUrl, JWT_SECRET: secret };
    const out = await shell(text, { ...env, PATH: `${standInForWebsocat(desk.folder)}:${process.env.PATH}` });
    expect(out).toMatch(/hears: \{"type":"hello"/u);
    expect(out).toMatch(/hears: \{"type":"op"/u);
    // Without it, the rest is done all the same.
    const without = await shell(text, env);
    expect(without).toContain("websocat is not installed");
    expect(without).toContain('"status":"stored"');
  } finally {
    target.release();
  }
}, 40_000);
