// A line for a shell sends the same bytes as the probe did.
import { execFile, spawnSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Exchanger } from "./exchange.ts";
import { curlLine } from "./shell.ts";
import type { WireRequest } from "./wire-request.ts";

interface Seen {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

const seen: Seen[] = [];
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { method, url: path, headers } = request;
    const {
      authorization,
      "x-device-id": device,
      "content-type": type,
      "transfer-encoding": encoding,
    } = headers;
    const body = Buffer.concat(chunks).toString("base64");
    seen.push({ method, path, headers: { authorization, device, type, encoding }, body });
    response.end("{}");
  });
});
let url = "";

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const hasCurl = spawnSync("curl", ["--version"]).status === 0;
const headers = [
  ["Authorization", "Bearer it's a.token"],
  ["X-Device-Id", "00000000-0000-4000-8000-000000000001"],
] as const;
const typed = [...headers, ["Content-Type", "application/json"]] as const;
const push = { method: "POST", path: "/sync/ops", headers: typed } as const;

const requests: readonly (readonly [string, WireRequest])[] = [
  ["a pull", { method: "GET", path: "/sync/ops?since=%00&since=[1]", headers }],
  ["a path that a browser would tidy up", { method: "GET", path: "/sync/x/../ops", headers }],
  ["an empty header", { method: "GET", path: "/", headers: [["X-Device-Id", ""]] }],
  ["another method", { method: "DELETE", path: "/sync/ops", headers }],
  ["a body with quotation marks", { ...push, body: [{ text: `{"it's":"100% \\u0000 $HOME \`x\`"}` }] }],
  ["a body without a type", { ...push, headers, body: [{ text: "{}" }] }],
  ["an empty body", { ...push, body: [] }],
  [
    "a body with line breaks and bytes",
    { ...push, body: [{ text: '{"a":"é\n\t' }, { bytes: [0, 255, 39] }, { text: "%s" }] },
  ],
  [
    "ten thousand brackets",
    {
      ...push,
      body: [
        { text: "[", times: 10_000 },
        { text: "]", times: 10_000 },
      ],
    },
  ],
  [
    "a repeated member",
    { ...push, body: [{ text: '{"a":', times: 50 }, { text: "1" }, { text: "}", times: 50 }] },
  ],
  ["a body in chunks", { ...push, body: [{ text: '{"ops":[]}' }], delivery: "chunked" }],
];

test.skipIf(!hasCurl).each(requests)("%s", async (_, request) => {
  seen.length = 0;
  const exchanger = new Exchanger({
    baseUrl: url,
    timeoutMs: 5_000,
    connectionsMax: 1,
    signal: new AbortController().signal,
  });
  await exchanger.exchange(request);
  exchanger.close();
  const line = curlLine(request, url);
  await new Promise<void>((resolve, reject) => {
    execFile("bash", ["-c", line], (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  expect(seen).toHaveLength(2);
  expect(seen[1], line).toEqual(seen[0]);
});
