import { describe, expect, test } from "vitest";
import type { LogOp } from "../../protocol/waveflow/types.ts";
import { createBoundSetup, title, type Setup } from "./device-setup.ts";
import { NoAnswer, UpgradeRefused } from "./ports.ts";
import { json, settled } from "./scripted-ports.ts";

/** A connected device that has ops 1 and 2. */
async function createLive(): Promise<Setup & { frame: (frame: unknown) => Promise<void> }> {
  const setup = await createBoundSetup();
  const { device, server, transport } = setup;
  server.write({});
  server.write({});
  await device.connect();
  transport.requests.length = 0;
  const frame = async (content: unknown): Promise<void> => {
    transport.sockets[0]!.handlers.onFrame(content);
    await settled();
  };
  return { ...setup, frame };
}

const opFrame = (op: LogOp, prevId = op.id - 1) => ({ type: "op", prev_id: prevId, op });

describe("the live socket", () => {
  test("is opened before the pull that catches up", async () => {
    const { device, server, transport } = await createBoundSetup();
    transport.upgrade = () => void server.write({ value: "between" });
    expect(await device.connect()).toMatchObject({ live: true, pull: { outcome: "complete", applied: 1 } });
    expect(device.visible()).toEqual({ "song/1": { title: "between" } });
  });

  test("frames that come during the catching up wait for it, and cost no other pull", async () => {
    const { device, server, transport, seen } = await createBoundSetup();
    for (let count = 0; count < 2; count++) server.write({});
    transport.answer = (request) => {
      const page = server.answer(request);
      transport.sockets[0]!.handlers.onFrame(opFrame(server.write({ value: "live" })));
      return page;
    };
    await device.connect();
    await settled();
    expect(device.cursor).toBe(3);
    expect(transport.requests).toHaveLength(1);
    expect(seen).toEqual(["applied 2 via pull", "applied 1 via socket"]);
  });

  test("a frame that follows the cursor is applied, whether or not the ids have gaps", async () => {
    const { device, server, transport, frame } = await createLive();
    await frame(opFrame(server.write({ value: "three" }), 2));
    await frame(opFrame({ ...server.write({ value: "nine" }), id: 9 }, 3));
    expect(device.cursor).toBe(9);
    expect(device.visible()).toEqual({ "song/1": { title: "nine" } });
    expect(transport.requests).toEqual([]);
  });

  test("a frame whose predecessor is missing moves no cursor: the pull fills the gap", async () => {
    const { device, server, transport, frame } = await createLive();
    server.write({ entity_id: "missed" });
    await frame(opFrame(server.write({ value: "four" })));
    expect(transport.lines).toEqual(["GET /sync/ops"]);
    expect(device.cursor).toBe(4);
    expect(device.visible()["song/missed"]).toEqual({ title: "value 3" });
  });

  test("a gap that cannot be pulled stays a gap, and is asked for again by the next frame only", async () => {
    const { device, server, transport, frame } = await createLive();
    transport.answer = () => {
      throw new NoAnswer("scripted");
    };
    server.write({});
    await frame(opFrame(server.write({})));
    expect(device.cursor).toBe(2);
    expect(transport.requests).toHaveLength(1);
    transport.answer = server.answer;
    await frame(opFrame(server.write({})));
    expect(device.cursor).toBe(5);
  });

  test("repeated, late and disordered frames do no harm", async () => {
    const { device, server, transport, frame } = await createLive();
    const three = opFrame(server.write({ value: "three" }));
    const four = opFrame(server.write({ value: "four" }));
    transport.sockets[0]!.handlers.onFrame(four);
    transport.sockets[0]!.handlers.onFrame(three);
    await settled();
    expect(transport.requests).toEqual([]);
    await frame(three);
    await frame(four);
    await frame({ ...three, op: { ...three.op, value: "other" } });
    expect(device.cursor).toBe(4);
    expect(device.visible()).toEqual({ "song/1": { title: "four" } });
  });

  test.each([
    [undefined],
    ["text"],
    [{ type: "op" }],
    [{ type: "op", prev_id: 5, op: { id: 4 } }],
    [{ type: "news" }],
  ])("%j is no frame and not fatal: what it may have been is pulled", async (content) => {
    const { device, server, frame } = await createLive();
    server.write({});
    await frame(content);
    expect(device.cursor).toBe(3);
    expect(device.status().isLive).toBe(true);
  });

  test("an op of a newer shape is set aside, and the one behind it is applied", async () => {
    const { device, server, frame } = await createLive();
    server.write({});
    await frame({ type: "op", prev_id: 2, op: { id: 3, op: "merge" } });
    await frame(opFrame(server.write({ value: "four" })));
    expect(device.cursor).toBe(4);
    expect(device.parkedOps().map(({ op }) => op.id)).toEqual([3]);
  });

  test("a hello that is ahead of the cursor means pull", async () => {
    const { device, server, frame } = await createLive();
    server.write({});
    await frame({ type: "hello", head: 3 });
    expect(device.cursor).toBe(3);
  });

  test("a frame takes an own edit out of the queue", async () => {
    const { device, server, frame } = await createLive();
    const made = await device.edit(title("mine"));
    await frame(opFrame(server.write({ ...made, device_id: device.deviceId } as LogOp)));
    expect(device.countPending()).toBe(0);
    expect(device.confirmed()).toEqual({ "song/1": { title: "mine" } });
  });

  test("resync_required closes the socket and leads to the walk", async () => {
    const { device, transport, frame, seen } = await createLive();
    await frame({ type: "resync_required", compacted_up_to: 2 });
    expect(seen.slice(-3)).toEqual(["resync started", "applied 2 via resync", "resynced"]);
    expect(transport.sockets[0]!.isClosed).toBe(true);
    expect(device.status().isLive).toBe(false);
  });

  test("ACKs go over a socket that has proven itself, and by POST otherwise", async () => {
    const { device, server, transport, frame } = await createLive();
    expect((await device.acknowledge()).via).toBe("post");
    await frame(opFrame(server.write({})));
    expect((await device.acknowledge()).via).toBe("socket");
    expect(transport.sockets[0]!.sent).toEqual([{ ack: 3 }]);
    server.write({});
    await device.pull();
    expect((await device.acknowledge()).via).toBe("post");
    expect(server.acks.get(device.deviceId)).toBe(4);
  });

  test("an ACK over a socket that is gone is no ACK", async () => {
    const { device, server, transport, frame } = await createLive();
    await device.acknowledge();
    await frame(opFrame(server.write({})));
    await device.acknowledge();
    expect(device.acknowledged).toBe(3);
    transport.sockets[0]!.handlers.onClose(1006);
    expect(device.acknowledged).toBe(2);
  });

  test("a refused upgrade says what the server said", async () => {
    const { device, transport } = await createBoundSetup();
    transport.upgrade = () => {
      throw new UpgradeRefused(json(401, { type: "unauthorized", message: "expired" }));
    };
    expect(await device.connect()).toMatchObject({ live: false, outcome: "failed", status: 401 });
    expect(device.status().halted).toBe("token refused");
  });

  test("frames that a socket of another account still brings are nobody's", async () => {
    const { device, server, transport, frame } = await createLive();
    transport.answer = () => json(200, { ops: [], head: 0, has_more: false });
    await device.bind({ server: "https://sync.example", token: "e.v.e", user: "eve" });
    await device.connect();
    await frame(opFrame(server.write({ value: "ada's" }), 0));
    expect(device.status()).toMatchObject({ userId: "eve", isLive: true, cursor: 0 });
    expect(device.visible()).toEqual({});
  });

  test("more frames than can be held are pulled instead", async () => {
    const { device, server, transport } = await createBoundSetup({ config: { framesHeldMax: 2 } });
    server.write({});
    transport.answer = (request) => {
      const page = server.answer(request);
      if (transport.requests.length === 1) {
        for (let count = 0; count < 3; count++)
          transport.sockets[0]!.handlers.onFrame(opFrame(server.write({})));
      }
      return page;
    };
    await device.connect();
    await settled();
    expect(transport.requests).toHaveLength(2);
    expect(device.cursor).toBe(4);
  });
});
