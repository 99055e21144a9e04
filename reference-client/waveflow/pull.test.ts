import { describe, expect, test } from "vitest";
import { lamportMax } from "./lamport-clock.ts";
import { createBoundSetup, createSetup, title } from "./device-setup.ts";
import { NoAnswer } from "./ports.ts";
import { json, portal } from "./scripted-ports.ts";

describe("a pull", () => {
  test("goes on to the end, page by page, and takes the head as its cursor", async () => {
    const { device, server, transport } = await createBoundSetup({ config: { pageSize: 2 } });
    for (let count = 0; count < 5; count++) server.write({ entity_id: `${count}` });
    expect(await device.pull()).toMatchObject({ outcome: "complete", applied: 5, resynced: false });
    expect(transport.requests.map(({ path }) => path)).toEqual([
      "/sync/ops?since=0&limit=2",
      "/sync/ops?since=2&limit=2",
      "/sync/ops?since=4&limit=2",
    ]);
    expect(device.cursor).toBe(5);
  });

  test("takes the head even where everything up to it was compacted", async () => {
    const { device, server } = await createBoundSetup();
    server.write({});
    server.write({});
    server.log = [];
    await device.pull();
    expect(device.cursor).toBe(2);
  });

  test("keeps what it has when the line breaks between two pages", async () => {
    const { device, server, transport } = await createBoundSetup({ config: { pageSize: 2 } });
    for (let count = 0; count < 3; count++) server.write({});
    transport.answer = (request) => {
      if (transport.requests.length > 1) throw new NoAnswer("scripted");
      return server.answer(request);
    };
    expect((await device.pull()).outcome).toBe("unanswered");
    expect(device.cursor).toBe(2);
  });

  test("applies own ops like any other: a later own id wins over an earlier foreign one", async () => {
    const { device, server } = await createBoundSetup();
    server.write({ value: "theirs" });
    server.write({ value: "mine", device_id: device.deviceId.toUpperCase() });
    await device.pull();
    expect(device.confirmed()).toEqual({ "song/1": { title: "mine" } });
  });

  test("a remote op does not hide a pending edit", async () => {
    const { device, server } = await createBoundSetup();
    await device.edit(title("mine"));
    server.write({ value: "theirs" });
    await device.pull();
    expect(device.visible()).toEqual({ "song/1": { title: "mine" } });
    expect(device.confirmed()).toEqual({ "song/1": { title: "theirs" } });
  });

  test("raises the clock above foreign stamps, and level with own ones", async () => {
    const { device, server } = await createBoundSetup();
    server.write({ lamport_ts: 40 });
    await device.pull();
    expect(device.lamport).toBe(41);
    server.write({ lamport_ts: 60, device_id: device.deviceId });
    await device.pull();
    expect(device.lamport).toBe(60);
  });

  test("a stamp at the very top stops no pull, and the next edit is refused", async () => {
    const { device, server } = await createBoundSetup();
    server.write({ lamport_ts: lamportMax });
    expect((await device.pull()).outcome).toBe("complete");
    expect(await device.edit(title("A"))).toMatchObject({ refused: "clock_exhausted" });
    expect(device.countPending()).toBe(0);
  });

  test("sets aside what it cannot apply, durably and counted, and goes on", async () => {
    const { device, disk, server, transport, seen } = await createBoundSetup();
    server.write({ op: "increment" as "upsert" });
    server.write({ op: "upsert", field: null });
    server.write({ value: "behind", entity_id: "2" });
    const odd = { id: 4, op: { newer: true }, lamport_ts: 70 };
    transport.answer = (request) => {
      const { json: page } = server.answer(request).body as { json: { ops: unknown[] } };
      return json(200, { ...page, ops: [...page.ops, odd], head: 4 });
    };
    await device.pull();
    expect(device.cursor).toBe(4);
    expect(device.visible()).toEqual({ "song/2": { title: "behind" } });
    expect(device.parkedOps().map(({ op }) => op.id)).toEqual([1, 2, 4]);
    expect(device.parkedOps()[2]!.op).toEqual(odd);
    expect(device.lamport).toBe(71);
    expect(seen.filter((name) => name === "parked")).toHaveLength(3);
    const { device: restarted } = await createSetup({ disk: disk.survivor() });
    expect(restarted.status().parked).toBe(3);
  });

  test.each([
    ["a captive portal", portal],
    ["no list", json(200, { head: 1, has_more: false })],
    ["ops out of order", json(200, { ops: [{ id: 2 }, { id: 1 }], head: 2, has_more: false })],
    ["an op without an id", json(200, { ops: [{}], head: 2, has_more: false })],
    ["more that leads nowhere", json(200, { ops: [], head: 2, has_more: true })],
    ["a head below its ops", json(200, { ops: [{ id: 3 }], head: 2, has_more: false })],
    ["a 410 of somebody else", { status: 410, headers: {}, body: { text: "gone" } }],
    ["a 500", json(500, { type: "unavailable", message: "x" })],
  ])("%s is a failed try and moves nothing", async (_name, reply) => {
    const { device, transport } = await createBoundSetup();
    transport.answer = () => reply;
    expect((await device.pull()).outcome).toBe("failed");
    expect(device.status()).toMatchObject({ cursor: 0, parked: 0, resyncDue: false });
    expect(transport.requests).toHaveLength(1);
  });

  test("a field called __proto__ is a field", async () => {
    const { device, disk, server } = await createBoundSetup();
    server.write({ field: "__proto__", value: { a: 1 } });
    await device.pull();
    const { device: restarted } = await createSetup({ disk: disk.survivor() });
    expect(restarted.status().cursor).toBe(1);
    expect(disk.commits).toBeGreaterThan(0);
  });
});

describe("an ACK", () => {
  test("tells what is durably applied and nothing else", async () => {
    const { device, server } = await createBoundSetup();
    server.write({});
    expect(await device.acknowledge()).toMatchObject({ outcome: "complete", acknowledged: 0 });
    expect(server.acks.size).toBe(0);
    await device.pull();
    expect(await device.acknowledge()).toMatchObject({ outcome: "complete", status: 204, via: "post" });
    expect(server.acks.get(device.deviceId)).toBe(1);
    expect(device.acknowledged).toBe(1);
  });

  test("is not taken for sent when somebody else answers", async () => {
    const { device, server, transport } = await createBoundSetup();
    server.write({});
    await device.pull();
    transport.answer = () => portal;
    expect((await device.acknowledge()).outcome).toBe("failed");
    expect(device.acknowledged).toBe(0);
  });

  test("beyond the head means that the server has lost history: the device reads everything anew", async () => {
    const { device, server, seen } = await createBoundSetup();
    server.write({ value: "old" });
    server.write({ value: "lost" });
    await device.pull();
    server.restore(1);
    expect(await device.acknowledge()).toMatchObject({ outcome: "failed", type: "ack_beyond_head" });
    server.write({ value: "new", entity_id: "2" });
    await device.pull();
    expect(seen).toContain("resynced");
    expect(device.visible()).toEqual({ "song/1": { title: "old" }, "song/2": { title: "new" } });
  });
});
