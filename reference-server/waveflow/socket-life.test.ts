import { describe, expect, test } from "vitest";
import { limits } from "../../protocol/waveflow/types.ts";
import { bodyOf, settle } from "../../sim/waveflow/hand-cranked.ts";
import { type HandDevice, HandWorld } from "../../sim/waveflow/hand-cranked-world.ts";

const setUp = async (config: ConstructorParameters<typeof HandWorld>[0] = {}) => {
  const world = new HandWorld(config);
  const [a, b] = [world.device("ada", 1), world.device("ada", 2)];
  const reply = await a.push(a.op(), a.op(), a.op(), a.op({ entity_id: "2" }));
  const ids = bodyOf(reply).results.map(({ id }) => id);
  return { world, a, b, ids, head: ids.at(-1)!, wire: world.first.wire };
};

const storedCursor = (world: HandWorld, device: HandDevice) =>
  world.first.store.transaction({ isolation: "read committed", purpose: "job" }, (transaction) =>
    transaction.findCursor(device.user, device.id),
  );

const tokenUntil = (world: HandWorld, ms: number) => ({
  authorization: `Bearer ada~~${world.clock.now() + ms}`,
});

describe("frames of a device", () => {
  test("WF-ACK-1: an ack frame is an acknowledgement", async () => {
    const { world, b, ids, head } = await setUp();
    const { session, socket } = await b.connect();
    session.onFrame({ ack: ids[0] });
    await settle();
    expect(await storedCursor(world, b)).toBe(ids[0]);
    session.onFrame({ ack: head });
    await world.clock.advance(5_000);
    expect(await storedCursor(world, b)).toBe(head);
    expect(socket.frames).toHaveLength(1);
  });

  test("one that cannot be used is answered with an error, and the socket stays", async () => {
    const { world, b, head } = await setUp();
    const { session, socket } = await b.connect();
    const bad = [undefined, null, {}, { ack: -1 }, { ack: "1" }, { ack: 1.5 }, [1], "ack", { ack: head + 1 }];
    for (const frame of bad) session.onFrame(frame);
    await settle();
    expect(socket.frames.slice(1)).toEqual(bad.map(() => ({ type: "error", reason: expect.any(String) })));
    expect(socket.closed).toBeUndefined();
    expect(await storedCursor(world, b)).toBeUndefined();
    session.onFrame({ ack: head });
    await settle();
    expect(await storedCursor(world, b)).toBe(head);
  });

  test("a flood of them ends with the newest", async () => {
    const { world, b, ids, head } = await setUp();
    const { session } = await b.connect();
    for (let frames = 0; frames < 500; frames++) session.onFrame({ ack: ids[frames % 3] });
    session.onFrame({ ack: head });
    await world.clock.advance(5_000);
    expect(await storedCursor(world, b)).toBe(head);
    expect(world.first.wire.trace.filter((step) => step === "ack begin").length).toBeLessThan(100);
  });

  test("WF-ACK-5: what is in memory is written on disconnect", async () => {
    const { world, b, ids, head } = await setUp();
    const { session } = await b.connect();
    session.onFrame({ ack: ids[0] });
    session.onFrame({ ack: head });
    await settle();
    expect(await storedCursor(world, b)).toBe(ids[0]);
    session.onClose();
    await settle();
    expect(await storedCursor(world, b)).toBe(head);
  });
});

describe("the life of a socket", () => {
  test("WF-ACK-4: an answered ping is a contact, to the millisecond; an unasked pong is none", async () => {
    for (const [laterMs, deleted] of [
      [0, 0],
      [1, 2],
    ] as const) {
      const { world, a, b, ids, head } = await setUp();
      await b.ack(ids[0]);
      const { socket, session } = await b.connect();
      await world.clock.advance(limits.pingIntervalMs);
      expect(socket.pings).toBe(1);
      session.onPong();
      await settle();
      await world.clock.advance(1_000);
      session.onPong();
      session.onClose();
      await world.clock.advance(limits.stalenessMs - 1_000 + laterMs);
      await a.ack(head);
      expect((await world.first.server.compact("ada")).deleted).toBe(deleted);
    }
  });

  test("every open socket is pinged every 30 s, and an idle server sets no timer", async () => {
    const { world, a, b } = await setUp();
    const [one, two] = [await a.connect(), await b.connect()];
    await world.clock.advance(3 * limits.pingIntervalMs);
    expect([one.socket.pings, two.socket.pings]).toEqual([3, 3]);
    one.session.onClose();
    two.session.onClose();
    await world.clock.advance(limits.pingIntervalMs);
    expect(world.clock.timersDue).toBe(0);
    expect(one.socket.pings).toBe(3);
  });

  test("it is closed with 4401 when its token expires, days away or at once", async () => {
    const { world, b } = await setUp();
    for (const lifeMs of [10_000, 40 * 86_400_000]) {
      const { socket } = await b.connect(tokenUntil(world, lifeMs));
      await world.clock.advance(lifeMs - 1);
      expect(socket.closed).toBeUndefined();
      await world.clock.advance(1);
      expect(socket.closed?.code).toBe(4401);
    }
  });

  test("an acknowledgement after the token has expired is none, also before the timer has noticed", async () => {
    const { world, b, head } = await setUp();
    const { socket, session } = await b.connect(tokenUntil(world, 10_000));
    world.clock.jump(10_000);
    session.onFrame({ ack: head });
    await settle();
    expect(socket.closed?.code).toBe(4401);
    expect(await storedCursor(world, b)).toBeUndefined();
  });

  test("a token that expires while the socket opens is a 401", async () => {
    const { world, b, wire } = await setUp();
    wire.plan("frames", "commit", { kind: "hold", position: "after" });
    const late = b.connect(tokenUntil(world, 1_000));
    await world.clock.advance(1_000);
    wire.release();
    await expect(late).rejects.toThrow("401");
  });

  test("a consumer that is too slow is closed with 1013 and gets no more", async () => {
    const { world, a, b } = await setUp({ pendingFramesMax: 10 });
    const { socket } = await b.connect();
    socket.pending = 11;
    await a.push(a.op(), a.op());
    await settle();
    expect(socket.closed?.code).toBe(1013);
    expect(socket.frames).toHaveLength(2);
    await world.clock.advance(limits.pingIntervalMs);
    expect(socket.pings).toBe(0);
  });

  test("stopping closes it with 1001, lets no new one in, and leaves no timer", async () => {
    const { world, b } = await setUp({ compactionIntervalMs: 1_000_000 });
    const { socket } = await b.connect();
    await world.first.server.stop();
    expect(socket.closed?.code).toBe(1001);
    await expect(b.connect()).rejects.toThrow("503");
    expect(world.clock.timersDue).toBe(0);
  });

  test("a socket that is opening while the server stops is refused", async () => {
    const { world, b, wire } = await setUp();
    wire.plan("frames", "highestId", { kind: "hold", position: "before" });
    const opening = b.connect();
    await settle();
    await world.first.server.stop();
    wire.release();
    await expect(opening).rejects.toThrow("503");
  });

  test("a database that cannot be read is a refusal and no dead socket", async () => {
    const { b, wire } = await setUp();
    wire.plan("frames", "highestId", { kind: "lose" });
    await expect(b.connect()).rejects.toThrow("503");
    expect((await b.connect()).socket.frames).toHaveLength(1);
  });
});
