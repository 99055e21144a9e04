import { describe, expect, test } from "vitest";
import { createBoundSetup, title } from "./device-setup.ts";
import { NoAnswer } from "./ports.ts";
import { json, settled } from "./scripted-ports.ts";

const noAnswer = () => {
  throw new NoAnswer("scripted");
};

/** A device on its own that has had its first round. */
async function createAutomatic(live = false) {
  const setup = await createBoundSetup({ config: { automatic: true, live } });
  await setup.clock.advance(0);
  setup.transport.requests.length = 0;
  return setup;
}

describe("a device on its own", () => {
  test("drains at once after an edit", async () => {
    const { device, server } = await createAutomatic();
    await device.edit(title("A"));
    await settled();
    expect(server.log).toHaveLength(1);
  });

  test("syncs at the interval, and acknowledges what is new", async () => {
    const { device, server, clock, transport } = await createAutomatic();
    server.write({});
    await clock.advance(29_999);
    expect(transport.requests).toEqual([]);
    await clock.advance(1);
    expect(device.cursor).toBe(1);
    expect(server.acks.get(device.deviceId)).toBe(1);
    transport.requests.length = 0;
    await clock.advance(30_000);
    expect(transport.lines).toEqual(["GET /sync/ops"]);
  });

  test("backs off from one second to sixty, however much is edited, and a success resets it", async () => {
    const { device, server, transport, clock } = await createAutomatic();
    transport.answer = noAnswer;
    const gapsMs: number[] = [];
    let lastMs = clock.now();
    await device.edit(title("0"));
    await settled();
    for (let count = 1; count <= 8; count++) {
      const before = transport.requests.length;
      await device.edit(title(`${count}`));
      await settled();
      expect(transport.requests).toHaveLength(before);
      while (transport.requests.length === before) await clock.advance(100);
      gapsMs.push(clock.now() - lastMs);
      lastMs = clock.now();
    }
    expect(gapsMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    transport.answer = server.answer;
    await clock.advance(60_000);
    expect(device.countPending()).toBe(0);
    transport.answer = noAnswer;
    const before = transport.requests.length;
    await device.edit(title("9"));
    await settled();
    await clock.advance(1_000);
    expect(transport.requests.length).toBeGreaterThan(before + 1);
  });

  test("goes on by itself when it gets a new token", async () => {
    const { device, server, transport, clock } = await createAutomatic();
    transport.answer = () => json(401, { type: "unauthorized", message: "expired" });
    await device.edit(title("A"));
    await settled();
    await clock.advance(600_000);
    expect(transport.requests).toHaveLength(1);
    transport.answer = server.answer;
    await device.setToken("d.e.f");
    await clock.advance(0);
    expect(server.log).toHaveLength(1);
  });

  test("a push that is answered 503 does not keep news from coming in", async () => {
    const { device, server, transport, clock } = await createAutomatic();
    transport.answer = (request) => (request.path === "/sync/ops" ? json(503) : server.answer(request));
    await device.edit(title("A"));
    await settled();
    server.write({ entity_id: "2" });
    await clock.advance(5_000);
    expect(device.cursor).toBe(1);
  });

  test("pulls at the interval under a socket that has gone silent", async () => {
    const { device, server, clock } = await createAutomatic(true);
    expect(device.status().isLive).toBe(true);
    server.write({});
    await clock.advance(30_000);
    expect(device.cursor).toBe(1);
    expect(server.acks.get(device.deviceId)).toBe(1);
  });

  test("opens the socket again when it closes, with a backoff", async () => {
    const { device, transport, clock } = await createAutomatic(true);
    transport.sockets[0]!.handlers.onClose(1006);
    expect(device.status().isLive).toBe(false);
    await clock.advance(999);
    expect(transport.sockets).toHaveLength(1);
    await clock.advance(1);
    expect(transport.sockets).toHaveLength(2);
    expect(device.status().isLive).toBe(true);
  });

  test("a server without sockets is pulled all the same", async () => {
    const setup = await createBoundSetup({ config: { automatic: true, live: true } });
    setup.transport.upgrade = noAnswer;
    setup.server.write({});
    await setup.clock.advance(0);
    expect(setup.device.cursor).toBe(1);
    setup.server.write({});
    await setup.clock.advance(30_000);
    expect(setup.device.cursor).toBe(2);
  });

  test("a disk that fails for a while is tried again", async () => {
    const { device, disk, server, clock } = await createAutomatic();
    await device.edit(title("A"));
    disk.fate = () => "fail";
    await clock.advance(30_000);
    expect(device.status().diskFault).toBe("scripted");
    disk.fate = () => "pass";
    await clock.advance(60_000);
    expect(device.countPending()).toBe(0);
    expect(server.log).toHaveLength(1);
  });

  test("stops when it is told to", async () => {
    const { device, transport, clock } = await createAutomatic(true);
    await device.stop();
    await clock.advance(600_000);
    expect(transport.requests).toEqual([]);
    expect(transport.sockets[0]!.isClosed).toBe(true);
  });

  test("tells the cursor again after trouble, because an ACK may have died with the server's memory", async () => {
    const { device, server, transport, clock } = await createAutomatic();
    server.write({});
    await clock.advance(30_000);
    server.acks.clear();
    transport.answer = noAnswer;
    await clock.advance(30_000);
    transport.answer = server.answer;
    await clock.advance(60_000);
    expect(server.acks.get(device.deviceId)).toBe(1);
  });
});
