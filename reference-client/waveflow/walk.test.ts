import { describe, expect, test } from "vitest";
import { createBoundSetup, createSetup, title, type Setup } from "./device-setup.ts";
import { json } from "./scripted-ports.ts";

/** A device that saw two songs and has slept while one was deleted, the delete forgotten, and the other rewritten. */
async function createSleeper(config: Parameters<typeof createSetup>[0] = {}): Promise<Setup> {
  const setup = await createBoundSetup(config);
  const { device, server } = setup;
  server.write({ entity_id: "gone" });
  server.write({ entity_id: "kept" });
  await device.sync();
  await device.edit(title("mine"));
  server.write({ entity_id: "kept", value: "new" });
  server.write({ entity_id: "other", value: "more" });
  server.log = server.log.slice(2);
  server.watermark = 4;
  return setup;
}

describe("a resync", () => {
  test("reads everything into a new state, and what is not there any more goes", async () => {
    const { device, disk, seen } = await createSleeper();
    expect(await device.pull()).toMatchObject({ outcome: "complete", resynced: true, status: 410 });
    expect(device.confirmed()).toEqual({ "song/kept": { title: "new" }, "song/other": { title: "more" } });
    expect(device.status()).toMatchObject({ cursor: 4, resyncDue: false, acknowledged: 0 });
    const { device: restarted } = await createSetup({ disk: disk.survivor() });
    expect(restarted.confirmed()).toEqual(device.confirmed());
    expect(seen.slice(-3)).toEqual(["resync started", "applied 2 via resync", "resynced"]);
  });

  test("leaves queue, clock and device id as they are", async () => {
    const { device } = await createSleeper();
    for (let count = 0; count < 20; count++) await device.edit(title("mine"));
    const before = { id: device.deviceId, pending: device.pending(), lamport: device.lamport };
    await device.pull();
    expect({ id: device.deviceId, pending: device.pending(), lamport: device.lamport }).toEqual(before);
    expect(device.visible()["song/1"]).toEqual({ title: "mine" });
  });

  test("asks for every later page with the token of the first", async () => {
    const { device, transport } = await createSleeper({ config: { pageSize: 1 } });
    transport.requests.length = 0;
    expect((await device.pull()).outcome).toBe("complete");
    expect(transport.requests.map(({ path }) => path)).toEqual([
      "/sync/ops?since=2&limit=1",
      "/sync/ops?since=0&limit=1",
      "/sync/ops?since=3&limit=1&resync=walk",
    ]);
  });

  test("a 410 in its middle changes nothing and leaves it owed", async () => {
    const { device, server, transport } = await createSleeper({ config: { pageSize: 1 } });
    const before = device.confirmed();
    transport.answer = (request) =>
      request.path.includes("resync=")
        ? json(410, { type: "resync_required", compacted_up_to: 4 })
        : server.answer(request);
    expect(await device.pull()).toMatchObject({ outcome: "failed", status: 410, resynced: false });
    expect(device.confirmed()).toEqual(before);
    expect(device.status()).toMatchObject({ resyncDue: true, cursor: 2 });
    transport.answer = server.answer;
    expect(await device.pull()).toMatchObject({ outcome: "complete", resynced: true });
  });

  test("a crash in its middle only means another walk", async () => {
    const { device, disk, server, transport } = await createSleeper({ config: { pageSize: 1 } });
    transport.answer = (request) =>
      request.path.includes("resync=") ? new Promise(() => {}) : server.answer(request);
    void device.pull();
    for (let turns = 0; turns < 50; turns++) await Promise.resolve();
    const next = await createSetup({ disk: disk.survivor(), server });
    expect(next.device.confirmed()).toEqual({
      "song/gone": { title: "value 1" },
      "song/kept": { title: "value 2" },
    });
    await next.device.pull();
    expect(next.device.confirmed()).toEqual({
      "song/kept": { title: "new" },
      "song/other": { title: "more" },
    });
    expect(next.device.countPending()).toBe(1);
  });

  test("an edit made during the walk stays on top of the new state", async () => {
    const { device, server, transport } = await createSleeper();
    transport.answer = async (request) => {
      await device.edit({ entityType: "song", entityId: "kept", field: "title", value: "meanwhile" });
      return server.answer(request);
    };
    await device.pull();
    expect(device.visible()["song/kept"]).toEqual({ title: "meanwhile" });
  });

  test("a server that went back to a backup is noticed, and told the new cursor", async () => {
    const { device, server } = await createBoundSetup();
    for (let count = 0; count < 5; count++) server.write({ value: `${count}` });
    await device.sync();
    server.restore(2);
    server.acks.clear();
    await device.sync();
    expect(device.cursor).toBe(2);
    expect(device.visible()).toEqual({ "song/1": { title: "1" } });
    expect(server.acks.get(device.deviceId)).toBe(2);
    expect(device.acknowledged).toBe(2);
  });

  test("a head below the cursor is noticed even where the server says nothing", async () => {
    const { device, server, transport } = await createBoundSetup();
    for (let count = 0; count < 5; count++) server.write({});
    await device.pull();
    server.restore(2);
    transport.answer = (request) =>
      request.path.includes("since=5")
        ? json(200, { ops: [], head: 2, has_more: false })
        : server.answer(request);
    expect(await device.pull()).toMatchObject({ outcome: "complete", resynced: true });
    expect(device.cursor).toBe(2);
  });
});
