import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waveflowLaws } from "../../invariants/waveflow/laws.ts";
import { foreignCommand } from "../../live/subjects/foreign-command.ts";
import { waveflowLive } from "../../live/waveflow/binding.ts";
import { createLiveRunner, type LiveRunner } from "../../live/run.ts";
import { loadCatalogue } from "../../scenarios/catalogue.ts";
import { failureOf } from "../minimise/failure.ts";
import { waveflowWireWords } from "../waveflow/wire-words.ts";
import { curlLines, type Sendable } from "./curl-lines.ts";
import { Echoes } from "./echoes.ts";
import { shellDesk } from "./shell-desk.contract.ts";
import { scriptOfTrace } from "./trace-script.ts";

const desk = shellDesk();
const { shell } = desk;
afterAll(() => desk.remove());

describe("a command of curl", () => {
  interface Seen {
    readonly method: string | undefined;
    readonly path: string | undefined;
    readonly headers: readonly string[];
    readonly body: Buffer;
  }
  const seen: Seen[] = [];
  let server: Server;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method, url: path, rawHeaders: headers } = request;
        seen.push({ method, path, headers, body: Buffer.concat(chunks) });
        response.end("{}");
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterAll(() => server.close());

  async function send(exchanges: readonly Sendable[]): Promise<readonly Seen[]> {
    seen.length = 0;
    const echoes = new Echoes(waveflowWireWords);
    const lines = exchanges.flatMap(
      (exchange, index) =>
        curlLines(exchange, {
          echoes,
          deviceVariable: () => undefined,
          deviceHeader: "x-device-id",
          base: "BASE",
          file: String(index),
        })!,
    );
    const { port } = server.address() as AddressInfo;
    await shell(["DIR=$(mktemp -d)", ...lines].join("\n"), { BASE: `http://127.0.0.1:${port}` });
    return [...seen];
  }

  const sendable = (body: Buffer | string, more: Partial<Sendable> = {}): Sendable => {
    const bytes = Buffer.from(body as string);
    const text = bytes.toString("utf8");
    const isText = Buffer.from(text).equals(bytes);
    return {
      method: "POST",
      path: "/sync/ops",
      headers: [["Content-Type", "application/json"]],
      body: { bytes: bytes.length, ...(isText ? { text } : { base64: bytes.toString("base64") }) },
      ...more,
    };
  };

  test("sends every byte of a body, whatever a shell or curl would make of it", async () => {
    const awkward = [
      "it's",
      "@/etc/passwd",
      "a\nb\r\n",
      '$HOME `id` $(id) "quoted" \\n %s %d',
      "-d",
      "\0 and ''' after",
      "ünïcode 🎵 \u2028",
      "x".repeat(40_000),
      Buffer.from([0xff, 0xfe, 0x00, 0x27, 0x25, 0x5c]),
      ...fc.sample(fc.string({ unit: "binary", minLength: 1, maxLength: 60 }), { numRuns: 6, seed: 7 }),
    ];
    const arrived = await send(awkward.map((body) => sendable(body)));
    const sent = awkward.map((body) => Buffer.from(body as string).toString("hex"));
    expect(arrived.map(({ body }) => body.toString("hex"))).toEqual(sent);
  }, 30_000);

  test("sends methods, paths and headers as they were, and none of its own that matter", async () => {
    const arrived = await send([
      sendable("", { method: "GET", path: "/sync/ops?since=0&limit=5", headers: [] }),
      sendable("", { method: "DELETE", path: "/a/../b//c?x=[1]&y={2}", headers: [["X-Device-Id", ""]] }),
      sendable("{}", { method: "PUT", path: "/it's", headers: [["X-Odd", `a "b" $c 'd'`]] }),
    ]);
    expect(arrived.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /sync/ops?since=0&limit=5",
      "DELETE /a/../b//c?x=[1]&y={2}",
      "PUT /it's",
    ]);
    expect(arrived[1]!.headers).toContain("X-Device-Id");
    expect(arrived[2]!.headers).toContain(`a "b" $c 'd'`);
    expect(arrived[2]!.headers.map((name) => name.toLowerCase())).not.toContain("content-type");
  });
});

describe("the script of a failing run", () => {
  const secret = "the secret of this test and of nothing else";
  const controlToken = "the control token of this test";
  let runner: LiveRunner;
  beforeAll(async () => {
    runner = await createLiveRunner({
      protocols: [waveflowLive],
      target: {
        kind: "command",
        command: foreignCommand(["env", "DEFECT=receipts-die", "node", "test/stranger/server.mjs"]),
        hooks: { control: { token: controlToken } },
        tokens: { kind: "secret", secret },
      },
    });
  }, 30_000);
  afterAll(() => runner.close());

  test("shows the same by hand, on a server that has other ids by now, and holds no secret", async () => {
    const scenario = loadCatalogue().scenarios.find(
      ({ id }) => id === "waveflow/duplicates/after-compaction",
    )!;
    const run = await runner.run(scenario, { seed: "1" });
    const failure = failureOf(run, waveflowLaws)!;
    expect(failure).toMatchObject({ kind: "law", law: "retries-are-duplicates" });
    const told = { explanation: "a retry is taken for new", requirements: ["WF-PUSH-3"] };
    const text = scriptOfTrace(
      { scenario, run, failure, ...told },
      { words: waveflowWireWords, laws: waveflowLaws },
    );
    expect(text).not.toContain(secret);
    expect(text).not.toContain(controlToken);
    expect(text).not.toMatch(/eyJ/u);
    const target = await runner.probeTarget("waveflow/1");
    try {
      const out = await shell(text, {
        BASE: target.baseUrl,
        JWT_SECRET: secret,
        CONTROL_TOKEN: target.controlToken!,
      });
      const statuses = [...out.matchAll(/ -> (\d{3})$/gmu)].map(([, status]) => status);
      expect(statuses).toEqual(["200", "200", "200", "204", "200", "204", "200", "409"]);
      expect(out).toContain('"deleted":1');
      expect(out.trim().split("\n").at(-1)).toContain("lamport_regression");
    } finally {
      target.release();
    }
  }, 40_000);
});
