import { describe, expect, test } from "vitest";
import { bodyOf, settle } from "../../sim/waveflow/hand-cranked.ts";
import { type HandDevice, HandWorld } from "../../sim/waveflow/hand-cranked-world.ts";

/** Three writes of one register and one of another, so that compaction has something to say about cursors. */
const fill = async (device: HandDevice): Promise<readonly number[]> => {
  const reply = await device.push(device.op(), device.op(), device.op(), device.op({ entity_id: "2" }));
  return bodyOf(reply).results.map(({ id }) => id);
};

const setUp = async () => {
  const world = new HandWorld();
  const [a, b] = [world.device("ada", 1), world.device("ada", 2)];
  const ids = await fill(a);
  return { world, a, b, ids, head: ids.at(-1)!, wire: world.first.wire };
};

/** The cursor as the database has it. */
const storedCursor = (world: HandWorld, device: HandDevice) =>
  world.first.store.transaction({ isolation: "read committed", purpose: "job" }, (transaction) =>
    transaction.findCursor(device.user, device.id),
  );

describe("an acknowledgement", () => {
  test("WF-ACK-1: makes the row at once with the first, and later ones within the interval", async () => {
    const { world, a, ids, head } = await setUp();
    expect(await storedCursor(world, a)).toBeUndefined();
    const reply = await a.ack(ids[0]);
    expect(reply).toMatchObject({ status: 204, headers: { "cache-control": "no-store" } });
    expect(reply.body).toBeUndefined();
    expect(await storedCursor(world, a)).toBe(ids[0]);
    await a.ack(head);
    expect(await storedCursor(world, a)).toBe(ids[0]);
    await world.clock.advance(4_999);
    expect(await storedCursor(world, a)).toBe(ids[0]);
    await world.clock.advance(1);
    expect(await storedCursor(world, a)).toBe(head);
  });

  test("WF-ACK-2: never goes back", async () => {
    const { world, a, ids, head } = await setUp();
    await a.ack(ids[1]);
    await a.ack(head);
    expect((await a.ack(ids[0])).status).toBe(204);
    await world.clock.advance(5_000);
    expect((await a.ack(ids[0])).status).toBe(204);
    await world.clock.advance(5_000);
    expect(await storedCursor(world, a)).toBe(head);
  });

  test("WF-ACK-1: a first acknowledgement of nothing makes the device count", async () => {
    const { world, a, b, head } = await setUp();
    expect((await b.ack(0)).status).toBe(204);
    await a.ack(head);
    expect((await world.first.server.compact("ada")).deleted).toBe(0);
  });

  test("WF-ACK-3: beyond the head it is refused, the head being the user's own", async () => {
    const { world, a, head } = await setUp();
    const bob = world.device("bob", 1);
    const bobsHead = (await fill(bob)).at(-1)!;
    expect((await a.ack(head)).status).toBe(204);
    for (const beyond of [head + 1, bobsHead, Number.MAX_SAFE_INTEGER]) {
      const reply = await a.ack(beyond);
      expect(reply.status).toBe(422);
      expect(reply.body).toEqual({ type: "ack_beyond_head", head });
    }
    expect((await world.device("ada", 2).ack(head + 1)).status).toBe(422);
    expect(await storedCursor(world, world.device("ada", 2))).toBeUndefined();
  });

  test.each([-1, 1.5, "1", null, undefined, 2 ** 53, [1]])("WF-ACK-3: of %j is a 400", async (lastSeenId) => {
    const { a } = await setUp();
    expect((await a.ack(lastSeenId)).status).toBe(400);
  });

  test("of an integer written so that it would be rounded is a 400", async () => {
    const { a } = await setUp();
    for (const text of ['{"last_seen_id":1.00000000000000000001}', "{}", "", "[1]"]) {
      expect((await a.send({ method: "POST", path: "/sync/ack", text })).status).toBe(400);
    }
  });

  test("WF-AUTH-3: one device cannot move the cursor of another", async () => {
    const { world, a, b, head } = await setUp();
    await a.ack(head);
    expect(await storedCursor(world, b)).toBeUndefined();
    expect(await storedCursor(world, world.device("bob", 1))).toBeUndefined();
  });
});

describe("WF-ACK-5: what waits in memory", () => {
  test("counts in the compaction of its own process, and is written by it", async () => {
    const { world, a, ids, head } = await setUp();
    await a.ack(ids[0]);
    await a.ack(head);
    expect(await world.first.server.compact("ada")).toEqual({ deleted: 2, compactedUpTo: ids[1] });
    expect(await storedCursor(world, a)).toBe(head);
  });

  test("is kept by a write that fails, and written by the next", async () => {
    const { world, a, ids, head, wire } = await setUp();
    await a.ack(ids[0]);
    await a.ack(head);
    wire.plan("ack", "raiseCursor", { kind: "refuse", sqlstate: "57014" });
    await world.clock.advance(5_000);
    expect(await storedCursor(world, a)).toBe(ids[0]);
    wire.plan("ack", "commit", { kind: "drop" });
    await world.clock.advance(5_000);
    expect(await storedCursor(world, a)).toBe(ids[0]);
    await world.clock.advance(5_000);
    expect(await storedCursor(world, a)).toBe(head);
    expect(world.faults).toHaveLength(2);
  });

  test("is not lost when it arrives while an older value is being written", async () => {
    const { world, a, ids, head, wire } = await setUp();
    await a.ack(ids[0]);
    await a.ack(ids[1]);
    wire.plan("ack", "raiseCursor", { kind: "hold", position: "after" });
    await world.clock.advance(5_000);
    expect(wire.heldCount).toBe(1);
    await a.ack(head);
    wire.release();
    await settle();
    expect(await storedCursor(world, a)).toBe(ids[1]);
    await world.clock.advance(5_000);
    expect(await storedCursor(world, a)).toBe(head);
  });

  test("is written when the server stops, and what still comes is written at once", async () => {
    const { world, a, b, ids, head, wire } = await setUp();
    await a.ack(ids[0]);
    await b.ack(ids[0]);
    await a.ack(head);
    wire.plan("ack", "findCursor", { kind: "hold", position: "after" });
    const late = b.ack(head);
    await settle();
    await world.first.server.stop();
    expect(await storedCursor(world, a)).toBe(head);
    wire.release();
    expect((await late).status).toBe(204);
    expect(await storedCursor(world, b)).toBe(head);
    expect((await a.ack(head)).status).toBe(503);
    expect(world.clock.timersDue).toBe(0);
  });

  test("WF-ACK-6: lost in a crash, it leaves the device counted with less", async () => {
    const { world, a, ids, head } = await setUp();
    await a.ack(ids[2]);
    await a.ack(head);
    world.first.store.abandon();
    const next = world.startProcess();
    await world.device("ada", 2, next).ack(head);
    expect(await next.server.compact("ada")).toMatchObject({ deleted: 1, compactedUpTo: ids[0] });
  });

  test("does not hide a device whose row a restored backup does not have", async () => {
    const { world, a, b, ids, head } = await setUp();
    const backup = world.engine.backup();
    await a.ack(ids[0]);
    world.engine.restore(backup);
    world.first.store.loseConnections();
    await a.ack(ids[2]);
    expect(await storedCursor(world, a)).toBe(ids[2]);
    await b.ack(head);
    expect(await world.startProcess().server.compact("ada")).toMatchObject({ deleted: 1 });
  });

  test("of a history that the database has lost is not written into the new one", async () => {
    const { world, a, head } = await setUp();
    await a.ack(head);
    const backup = world.engine.backup();
    const lost = bodyOf(await a.push(a.op({ entity_id: "3" }))).head;
    await a.ack(lost);
    world.engine.restore(backup);
    world.first.store.loseConnections();
    await settle();
    await a.push(a.op({ entity_id: "4" }), a.op({ entity_id: "5" }));
    await world.clock.advance(5_000);
    expect(await storedCursor(world, a)).toBe(head);
  });
});

describe("WF-ACK-5: a first acknowledgement and a compaction are one after the other", () => {
  test("the one that is answered first is the one that counts", async () => {
    const { world, a, b, ids, head, wire } = await setUp();
    await a.ack(head);
    wire.plan("compact", "minimumCursor", { kind: "hold", position: "after" });
    const compacting = world.first.server.compact("ada");
    let answered = false;
    const acking = b.ack(ids[0]).then(() => (answered = true));
    await settle();
    expect(answered).toBe(false);
    wire.release();
    expect((await compacting).deleted).toBe(2);
    await acking;
    expect(await storedCursor(world, b)).toBe(ids[0]);
  });
});
