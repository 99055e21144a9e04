import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { NoAnswer, UpgradeRefused } from "../waveflow/ports.ts";
import { FetchTransport } from "./fetch-transport.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listen(onRequest: RequestListener): Promise<{ url: string; http: Server }> {
  const http = createServer(onRequest);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, http };
}

const get = (server: string) => ({ method: "GET", server, path: "/sync/ops?since=0", headers: {} }) as const;

describe("an exchange", () => {
  test("carries method, path, headers and body, and hands on what was said", async () => {
    const { url } = await listen(async (request, reply) => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      const { method, url: path, headers } = request;
      reply.writeHead(422, { "content-type": "application/json", "x-said": "so" });
      reply.end(
        JSON.stringify({ method, path, body, auth: headers.authorization, type: headers["content-type"] }),
      );
    });
    const headers = { authorization: "Bearer a.b.c", "content-type": "application/json" };
    const reply = await new FetchTransport().exchange({
      method: "POST",
      server: `${url}/api`,
      path: "/sync/ops",
      headers,
      body: { ops: [] },
    });
    expect(reply.status).toBe(422);
    expect(reply.headers["x-said"]).toBe("so");
    expect(reply.body).toEqual({
      json: {
        method: "POST",
        path: "/api/sync/ops",
        body: '{"ops":[]}',
        auth: "Bearer a.b.c",
        type: "application/json",
      },
    });
  });

  test.each([
    ["<html>", { text: "<html>" }],
    ["", { text: "" }],
    ["null", { json: null }],
  ])("hands on %j as it is", async (said, body) => {
    const { url } = await listen((_request, reply) => void reply.end(said));
    expect((await new FetchTransport().exchange(get(url))).body).toEqual(body);
  });

  test("follows no redirect: the token is for this server", async () => {
    const { url } = await listen(
      (_request, reply) => void reply.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
    );
    expect((await new FetchTransport().exchange(get(url))).status).toBe(302);
  });

  test.each<[string, RequestListener]>([
    ["a connection that is cut", (request) => void request.socket.destroy()],
    [
      "a reply that is cut",
      (request, reply) => {
        reply.writeHead(200, { "content-length": 100 });
        reply.write("half");
        setTimeout(() => request.socket.destroy(), 10);
      },
    ],
    ["silence", () => {}],
    ["a reply that never ends", (_request, reply) => void reply.write("and so on")],
    ["a reply that is too long", (_request, reply) => void reply.end("x".repeat(2_000))],
  ])("%s is no answer", async (_name, onRequest) => {
    const { url } = await listen(onRequest);
    const transport = new FetchTransport({ timeoutMs: 200, replyBytesMax: 1_000 });
    await expect(transport.exchange(get(url))).rejects.toThrow(NoAnswer);
  });

  test("a server that is not there is no answer", async () => {
    await expect(new FetchTransport().exchange(get("http://127.0.0.1:1"))).rejects.toThrow(NoAnswer);
  });
});

describe("a socket", () => {
  const nothing = { onFrame: () => {}, onClose: () => {} };
  const upgrade = (server: string) => ({
    server,
    path: "/sync/ws",
    headers: { authorization: "Bearer a.b.c" },
  });

  async function listenSocket(
    onSocket: (socket: WebSocket, auth: string | undefined) => void,
  ): Promise<string> {
    const { url, http } = await listen((_request, reply) => void reply.end());
    const sockets = new WebSocketServer({ server: http, path: "/sync/ws" });
    sockets.on("connection", (socket, request) => onSocket(socket, request.headers.authorization));
    return url;
  }

  test("hands on frames from the first one on, sends ours, and says how it ended", async () => {
    const heard: unknown[] = [];
    const url = await listenSocket((socket, auth) => {
      socket.send(JSON.stringify({ type: "hello", head: 3, auth }));
      socket.send("no JSON");
      socket.send(Buffer.from("{}"));
      socket.on("message", (data) => {
        heard.push(JSON.parse(String(data)));
        socket.close(4410);
      });
    });
    const frames: unknown[] = [];
    const closed = Promise.withResolvers<number>();
    const socket = await new FetchTransport().openSocket(upgrade(url), {
      onFrame: (frame) => frames.push(frame),
      onClose: closed.resolve,
    });
    socket.send({ ack: 7 });
    expect(await closed.promise).toBe(4410);
    expect(frames).toEqual([{ type: "hello", head: 3, auth: "Bearer a.b.c" }, undefined, undefined]);
    expect(heard).toEqual([{ ack: 7 }]);
    socket.send({ ack: 8 });
  });

  test("an upgrade that is answered with a plain reply says which", async () => {
    const { url } = await listen(() => {});
    const { url: refusing, http } = await listen(() => {});
    http.on("upgrade", (_request, stream) => {
      const body = '{"type":"unauthorized","message":"x"}';
      stream.end(
        `HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
    });
    const refused = await new FetchTransport()
      .openSocket(upgrade(refusing), nothing)
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UpgradeRefused);
    expect((refused as UpgradeRefused).reply).toMatchObject({
      status: 401,
      headers: { "www-authenticate": "Bearer" },
      body: { json: { type: "unauthorized" } },
    });
    const silent = new FetchTransport({ timeoutMs: 100 }).openSocket(upgrade(url), nothing);
    await expect(silent).rejects.toThrow(NoAnswer);
  });

  test("a server that is not there is no answer", async () => {
    await expect(new FetchTransport().openSocket(upgrade("http://127.0.0.1:1"), nothing)).rejects.toThrow(
      NoAnswer,
    );
  });

  test("one that has gone silent is closed", async () => {
    const url = await listenSocket(() => {});
    const closed = Promise.withResolvers<number>();
    await new FetchTransport({ silenceMaxMs: 50 }).openSocket(upgrade(url), {
      ...nothing,
      onClose: closed.resolve,
    });
    expect(await closed.promise).toBe(1006);
  });
});
