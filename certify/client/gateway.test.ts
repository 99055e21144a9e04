// What happens to a message behind the gateway happens to the client in front of it, and both ends of it are read.
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { Gateway, type PassingReply, type UpgradeAnswered } from "./gateway.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function behind(
  onRequest: RequestListener,
): Promise<{ readonly gateway: Gateway; readonly http: Server }> {
  const http = createServer(onRequest);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    http.closeAllConnections();
    http.close();
  });
  const gateway = await Gateway.open();
  closing.push(() => gateway.close());
  return { gateway, http };
}

interface Heard {
  readonly passed: (PassingReply | string)[];
  readonly bodies: unknown[];
  readonly frames: unknown[];
}

function listen(
  { gateway, http }: { readonly gateway: Gateway; readonly http: Server },
  release: () => Promise<void> = () => Promise.resolve(),
): Heard {
  const heard: Heard = { passed: [], bodies: [], frames: [] };
  gateway.enter({
    target: () => Promise.resolve(`http://127.0.0.1:${(http.address() as AddressInfo).port}`),
    onRequest: (request) => {
      heard.bodies.push(request.body);
      request.carry(release).then(
        (reply) => heard.passed.push(reply),
        (error: unknown) => heard.passed.push((error as Error).name),
      );
    },
    onSocket: (socket) => {
      socket
        .open({
          onServerFrame: (frame) => heard.frames.push({ server: frame }),
          onClientFrame: (frame) => heard.frames.push({ client: frame }),
          onClose: (code) => heard.frames.push({ closed: code }),
        })
        .catch((error: unknown) => heard.frames.push(error));
    },
  });
  return heard;
}

test("an exchange passes as it is, and both sides of it are heard", async () => {
  const ends = await behind(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    response.writeHead(201, { "x-own": "1" }).end(JSON.stringify({ got: text, url: request.url }));
  });
  const heard = listen(ends);
  const answer = await fetch(`${ends.gateway.url}/a?b=1`, { method: "POST", body: '{"x":1}' });
  expect([answer.status, answer.headers.get("x-own")]).toEqual([201, "1"]);
  const body = { got: '{"x":1}', url: "/a?b=1" };
  expect(await answer.json()).toEqual(body);
  expect(heard.bodies).toEqual([{ x: 1 }]);
  await expect.poll(() => heard.passed).toMatchObject([{ status: 201, body: { json: body } }]);
});

test("an answer that breaks off breaks off for the client, and counts as none", async () => {
  const ends = await behind((request, response) => {
    response.writeHead(200, { "content-length": "100" }).write("half");
    setTimeout(() => request.socket.destroy(), 30);
  });
  const heard = listen(ends);
  await expect(fetch(ends.gateway.url).then((answer) => answer.text())).rejects.toThrow();
  await expect.poll(() => heard.passed).toEqual(["NoAnswerPassed"]);
});

test("a client that gives up waiting is heard to have no answer", async () => {
  const ends = await behind(() => undefined);
  const heard = listen(ends);
  await expect(fetch(ends.gateway.url, { signal: AbortSignal.timeout(100) })).rejects.toThrow();
  await expect.poll(() => heard.passed).toEqual(["NoAnswerPassed"]);
});

test("a reply is held until it is released, and a client that leaves meanwhile never sees it", async () => {
  let arrived = 0;
  const ends = await behind((_request, response) => {
    arrived++;
    response.end("{}");
  });
  const held = Promise.withResolvers<void>();
  listen(ends, () => held.promise);
  const asked = fetch(ends.gateway.url).then(
    () => "answered",
    () => "cut",
  );
  await expect.poll(() => arrived).toBe(1);
  ends.gateway.leave();
  held.resolve();
  expect(await asked).toBe("cut");
  await expect(fetch(ends.gateway.url)).rejects.toThrow();
});

test("a socket passes both ways, and its frames and its end are heard", async () => {
  const ends = await behind((_request, response) => void response.end());
  const sockets = new WebSocketServer({ server: ends.http });
  sockets.on("connection", (socket) => {
    socket.send('{"type":"hello"}');
    socket.on("message", () => socket.close(4410));
  });
  const heard = listen(ends);
  const client = new WebSocket(ends.gateway.url.replace("http", "ws"));
  const closed = new Promise((resolve) => client.on("close", resolve));
  client.on("message", () => client.send('{"ack":3}'));
  expect(await closed).toBe(4410);
  expect(heard.frames).toEqual([{ server: { type: "hello" } }, { client: { ack: 3 } }, { closed: 4410 }]);
});

test("an upgrade that is answered plainly says so to both", async () => {
  const ends = await behind(() => undefined);
  ends.http.on("upgrade", (_request, stream) => {
    stream.end("HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\nwww-authenticate: Bearer\r\n\r\n{}");
  });
  const heard = listen(ends);
  const client = new WebSocket(ends.gateway.url.replace("http", "ws"));
  const status = await new Promise((resolve) => {
    client.on("unexpected-response", (_request, reply) => resolve(reply.statusCode));
    client.on("error", () => undefined);
  });
  client.terminate();
  expect(status).toBe(401);
  await sleep(20);
  const [refused] = heard.frames as [UpgradeAnswered];
  expect(refused.reply).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer" } });
});
