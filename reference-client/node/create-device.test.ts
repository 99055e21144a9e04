import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { PlainServer } from "../waveflow/scripted-ports.ts";
import { createNodeDevice, type NodeDevice } from "./create-device.ts";

const folder = mkdtempSync(join(tmpdir(), "node-device-"));
const plain = new PlainServer();
const http = createServer(async (request, reply) => {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  const answer = plain.answer({
    method: request.method === "POST" ? "POST" : "GET",
    server: "",
    path: request.url ?? "/",
    headers: request.headers as Record<string, string>,
    body: text === "" ? undefined : JSON.parse(text),
  });
  reply.writeHead(answer.status, { "content-type": "application/json" });
  reply.end("json" in answer.body ? JSON.stringify(answer.body.json) : undefined);
});
const sockets = new WebSocketServer({ server: http, path: "/sync/ws" });
sockets.on("connection", (socket) => socket.send(JSON.stringify({ type: "hello", head: plain.head })));
let server: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  server = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
});
afterAll(() => {
  for (const socket of sockets.clients) socket.terminate();
  http.closeAllConnections();
  http.close();
  rmSync(folder, { recursive: true });
});

async function open(name: string, automatic: boolean): Promise<NodeDevice> {
  const opened = await createNodeDevice({ file: join(folder, name), config: { automatic } });
  await opened.device.bind({ server, token: "a.b.c", user: "ada" });
  return opened;
}

describe("a device on Node", () => {
  test("two of them come together over the network, and a restart keeps what they had", async () => {
    const phone = await open("phone.db", false);
    await using laptop = await open("laptop.db", false);
    await phone.device.edit({ entityType: "song", entityId: "1", field: "title", value: "Ä" });
    const synced = await phone.device.sync();
    expect(synced).toMatchObject({ drain: { outcome: "complete" }, acknowledge: { status: 204 } });
    expect(await laptop.device.connect()).toMatchObject({ live: true, pull: { outcome: "complete" } });
    expect(laptop.device.visible()).toEqual({ "song/1": { title: "Ä" } });
    const before = phone.device.status();
    await phone.close();
    await using again = await createNodeDevice({
      file: join(folder, "phone.db"),
      config: { automatic: false },
    });
    expect(again.device.status()).toEqual(before);
  });

  test("on its own it shares an edit without being asked", async () => {
    await using tablet = await open("tablet.db", true);
    await tablet.device.edit({ entityType: "song", entityId: "2", field: "title", value: "B" });
    await expect.poll(() => tablet.device.countPending(), { timeout: 5_000 }).toBe(0);
    expect(plain.log.at(-1)).toMatchObject({ value: "B", device_id: tablet.device.deviceId });
  });
});
