// What stands at an address where a server was meant to be: each of these is told apart from a server that breaks rules.
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, expect, test } from "vitest";
import { createLiveRunner } from "../run.ts";
import { waveflowLive } from "../waveflow/binding.ts";

const servers: (Server | TcpServer)[] = [];
afterAll(async () => {
  for (const server of servers) {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  }
  await Promise.resolve();
});

async function listen<Some extends Server | TcpServer>(server: Some): Promise<string> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serving = (answer: RequestListener): Promise<string> => listen(createServer(answer));

async function whatIsSaidOf(url: string): Promise<string> {
  const runner = await createLiveRunner({
    protocols: [waveflowLive],
    target: {
      kind: "url",
      url,
      healthPath: "/healthz",
      hooks: {},
      tokens: { kind: "secret", secret: "a secret" },
    },
  });
  try {
    const error: unknown = await runner.assess("waveflow/1").then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: "SubjectFailed", code: "unusable" });
    return (error as Error).message;
  } finally {
    await runner.close();
  }
}

test.concurrent("nobody listens", async () => {
  expect(await whatIsSaidOf("http://127.0.0.1:1")).toContain("nobody listens at 127.0.0.1:1");
});

test.concurrent("404 for everything", async () => {
  const url = await serving((_request, response) => response.writeHead(404).end("no"));
  expect(await whatIsSaidOf(url)).toMatch(/GET .*\/sync\/ops answers 404 no; expected the protocol there/u);
});

test.concurrent("HTML for everything", async () => {
  const url = await serving((_request, response) =>
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>\n<title>Welcome</title>"),
  );
  expect(await whatIsSaidOf(url)).toMatch(
    /answers 200 with HTML .*something else than the server under test/u,
  );
});

test.concurrent("a redirect", async () => {
  const url = await serving((_request, response) =>
    response.writeHead(301, { location: "https://sync.example/" }).end(),
  );
  expect(await whatIsSaidOf(url)).toMatch(/answers 301 and sends to https:\/\/sync\.example\//u);
});

test.concurrent("a refused token", async () => {
  const url = await serving((_request, response) =>
    response.writeHead(401, { "content-type": "application/json" }).end('{"type":"unauthorized"}'),
  );
  expect(await whatIsSaidOf(url)).toMatch(/answers 401 .* to a token that should be good; is the secret/u);
});

test.concurrent("what speaks no HTTP", async () => {
  const url = await listen(createTcpServer((socket) => void socket.end("\u0015\u0003\u0001\0\u0002\u0002P")));
  expect(await whatIsSaidOf(url)).toMatch(/speaks no HTTP, or TLS only/u);
});

test.concurrent("an address of TLS", async () => {
  expect(await whatIsSaidOf("https://127.0.0.1:1")).toMatch(/speaks TLS.*give the http: address behind it/u);
});

test.concurrent("what takes requests and never answers", async () => {
  const url = await serving(() => undefined);
  expect(await whatIsSaidOf(url)).toMatch(/was taken and not answered/u);
});
