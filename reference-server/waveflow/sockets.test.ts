import { describe, expect, test } from "vitest";
import { bodyOf, type HandSocket, settle } from "../../sim/waveflow/hand-cranked.ts";
import { HandWorld } from "../../sim/waveflow/hand-cranked-world.ts";

interface Frame {
  readonly type: string;
  readonly head?: number;
  readonly prev_id?: number;
  readonly op?: { readonly id: number };
}
const framesOf = (socket: HandSocket): readonly Frame[] => socket.frames as readonly Frame[];
const opFrames = (socket: HandSocket) => framesOf(socket).filter(({ type }) => type === "op");
const sentIds = (socket: HandSocket) => opFrames(socket).map(({ op }) => op!.id);

const setUp = (config: ConstructorParameters<typeof HandWorld>[0] = {}) => {
  const world = new HandWorld(config);
  const [a, b] = [world.device("ada", 1), world.device("ada", 2)];
  const pushOne = async (draft = {}) => {
    const { head } = bodyOf(await a.push(a.op(draft)));
    await settle();
    return head;
  };
  return { world, a, b, pushOne, wire: world.first.wire };
};

describe("a socket", () => {
  test("says hello with the head, and then every op with the id before it", async () => {
    const { b, pushOne } = setUp();
    const before = await pushOne();
    const { socket } = await b.connect();
    expect(socket.frames).toEqual([{ type: "hello", head: before }]);
    const [first, second] = [await pushOne(), await pushOne({ value: 2 })];
    expect(opFrames(socket).map(({ prev_id, op }) => [prev_id, op!.id])).toEqual([
      [before, first],
      [first, second],
    ]);
    expect(opFrames(socket)[1]!.op).toEqual(bodyOf(await b.pull()).ops[2]);
  });

  test("the first op of a user has the id 0 before it, and prev_id names deleted ops too", async () => {
    const { world, a, b, pushOne } = setUp();
    const { socket } = await b.connect();
    const [first] = [await pushOne()];
    expect(opFrames(socket)[0]!.prev_id).toBe(0);
    const second = await pushOne();
    await a.ack(await pushOne());
    await b.ack(bodyOf(await b.pull()).head);
    expect(await world.first.server.compact("ada")).toEqual({ deleted: 1, compactedUpTo: first });
    const late = await b.connect();
    await pushOne({ entity_id: "2" });
    expect(opFrames(late.socket)[0]!.prev_id).toBe(second + 1);
  });

  test("WF-WS-1: gets committed ops only, in id order, duplicates never again", async () => {
    const { a, b, wire, pushOne } = setUp();
    const { socket } = await b.connect();
    const op = a.op();
    wire.plan("push", "commit", { kind: "hold", position: "before" });
    const pushing = a.push(op);
    await settle();
    expect(opFrames(socket)).toEqual([]);
    wire.release();
    const { head } = bodyOf(await pushing);
    await a.push(op);
    wire.plan("push", "commit", { kind: "drop" });
    expect((await a.push(a.op())).status).toBe(503);
    const last = await pushOne();
    expect(sentIds(socket)).toEqual([head, last]);
  });

  test("WF-AUTH-2: hears nothing of another user", async () => {
    const { world, pushOne } = setUp();
    const { socket } = await world.device("bob", 1).connect();
    await pushOne();
    expect(framesOf(socket)).toEqual([{ type: "hello", head: 0 }]);
  });

  test("WF-PUSH-10: hears of a push whose answer was lost after its commit", async () => {
    const { a, b, wire } = setUp();
    const { socket } = await b.connect();
    const op = a.op();
    wire.plan("push", "commit", { kind: "lose" });
    expect((await a.push(op)).status).toBe(503);
    await settle();
    expect(sentIds(socket)).toHaveLength(1);
    expect(bodyOf(await a.push(op)).results[0]!.status).toBe("duplicate");
  });

  test("WF-WS-4: hears of pushes at every other process", async () => {
    const { world, a, b } = setUp();
    const { socket } = await world.device("ada", 3, world.startProcess()).connect();
    await a.push(a.op());
    await b.push(b.op());
    await settle();
    expect(sentIds(socket)).toHaveLength(2);
  });
});

describe("nothing is lost between hello and the first frame", () => {
  test.each(["raiseDevice", "readWatermark", "highestId", "commit"] as const)(
    "an op that commits around %s of the opening is in the head or in a frame",
    async (statement) => {
      for (const position of ["before", "after"] as const) {
        const { b, wire, pushOne } = setUp();
        await pushOne();
        wire.plan("frames", statement, { kind: "hold", position });
        const connecting = b.connect();
        await settle();
        const head = await pushOne();
        wire.release();
        const { socket } = await connecting;
        const [hello] = framesOf(socket);
        expect(hello!.type).toBe("hello");
        expect(hello!.head! >= head || sentIds(socket).includes(head)).toBe(true);
        const next = await pushOne();
        expect(sentIds(socket).filter((id) => id === next)).toHaveLength(1);
      }
    },
  );

  test("announcements during a read lead to another read", async () => {
    const { b, wire, pushOne } = setUp();
    const { socket } = await b.connect();
    wire.plan("frames", "opsAfter", { kind: "hold", position: "after" });
    const first = await pushOne();
    const reads = () => wire.trace.filter((step) => step === "frames opsAfter").length;
    const readsBefore = reads();
    const [second, third] = [await pushOne(), await pushOne()];
    expect(reads()).toBe(readsBefore);
    wire.release();
    await settle();
    expect(sentIds(socket)).toEqual([first, second, third]);
    expect(reads()).toBe(readsBefore + 1);
  });

  test("a read that fails is done again, also without another announcement", async () => {
    const { world, b, wire, pushOne } = setUp();
    const { socket } = await b.connect();
    wire.plan("frames", "opsAfter", { kind: "lose" });
    const first = await pushOne();
    expect(sentIds(socket)).toEqual([]);
    await world.clock.advance(1_000);
    expect(sentIds(socket)).toEqual([first]);
  });

  test("what was announced while nobody listened is sent after the gap", async () => {
    const { world, a, b, pushOne } = setUp();
    let isDeaf = true;
    const deliver = (hear: () => void) => (isDeaf ? undefined : hear());
    const { socket } = await world.device(b.user, 2, world.startProcess({ deliver })).connect();
    const ids = [await pushOne(), bodyOf(await a.push(a.op())).head];
    await settle();
    expect(sentIds(socket)).toEqual([]);
    isDeaf = false;
    world.processes.at(-1)!.store.loseConnections();
    await settle();
    expect(sentIds(socket)).toEqual(ids);
  });

  test("more ops than one read takes come all, in order", async () => {
    const { a, b } = setUp();
    const { socket } = await b.connect();
    const ops = Array.from({ length: 1_000 }, () => a.op());
    const ids = bodyOf(await a.push(...ops)).results.map(({ id }) => id);
    await settle();
    expect(sentIds(socket)).toEqual(ids);
    expect(opFrames(socket).map(({ prev_id }) => prev_id)).toEqual([0, ...ids.slice(0, -1)]);
  });

  test("a socket that comes later is fed from its own hello on, the others from where they are", async () => {
    const { world, b, wire, pushOne } = setUp();
    const early = await b.connect();
    const first = await pushOne();
    wire.plan("frames", "commit", { kind: "hold", position: "after" });
    const connecting = world.device("ada", 3).connect();
    await settle();
    const second = await pushOne();
    wire.release();
    const late = await connecting;
    expect(sentIds(early.socket)).toEqual([first, second]);
    expect(sentIds(late.socket)).toEqual([second]);
  });
});

describe("WF-WS-3: the watermark and open sockets", () => {
  test("a socket whose device has acknowledged less is told to resync and closed with 4410", async () => {
    const { world, a, b, pushOne } = setUp({ stalenessMs: 60_000 });
    const stale = await b.connect();
    const good = await a.connect();
    const newcomer = await world.device("ada", 3).connect();
    await pushOne();
    await b.ack(await pushOne());
    await world.clock.advance(60_001);
    for (let ops = 0; ops < 3; ops++) await pushOne();
    await a.ack(bodyOf(await a.pull()).head);
    const { compactedUpTo } = await world.first.server.compact("ada");
    expect(compactedUpTo).toBeGreaterThan(2);
    await settle();
    for (const { socket } of [stale, newcomer]) {
      expect(socket.frames.at(-1)).toEqual({ type: "resync_required", compacted_up_to: compactedUpTo });
      expect(socket.closed?.code).toBe(4410);
    }
    await pushOne();
    expect(good.socket.closed).toBeUndefined();
    expect(stale.socket.frames.at(-1)).toMatchObject({ type: "resync_required" });
    expect(opFrames(good.socket)).toHaveLength(6);
  });

  test("at connect the question is left to the pull", async () => {
    const { world, a, b, pushOne } = setUp();
    await pushOne();
    await pushOne();
    await a.ack(await pushOne());
    expect((await world.first.server.compact("ada")).deleted).toBe(1);
    const { socket } = await b.connect();
    await pushOne();
    expect(socket.closed).toBeUndefined();
    world.first.store.loseConnections();
    await settle();
    expect(socket.closed).toBeUndefined();
  });

  test("an acknowledgement in memory counts", async () => {
    const { world, a, b, pushOne } = setUp();
    const { socket } = await b.connect();
    await b.ack(await pushOne());
    await pushOne();
    const head = await pushOne();
    await a.ack(head);
    await b.ack(head);
    expect((await world.first.server.compact("ada")).deleted).toBe(1);
    await settle();
    expect(socket.closed).toBeUndefined();
  });

  test("an acknowledgement that came to memory while another process compacted counts", async () => {
    const { world, a, b, pushOne } = setUp({ stalenessMs: 60_000 });
    await b.ack(await pushOne());
    await world.clock.advance(60_001);
    const { socket } = await b.connect();
    for (let ops = 0; ops < 3; ops++) await pushOne();
    const head = bodyOf(await a.pull()).head;
    await a.ack(head);
    await world.clock.advance(60_001);
    await a.ack(head);
    const other = world.startProcess();
    other.wire.plan("compact", "minimumCursor", { kind: "hold", position: "after" });
    const compacting = other.server.compact("ada");
    await b.ack(head);
    other.wire.release();
    expect((await compacting).deleted).toBeGreaterThan(0);
    await settle();
    expect(socket.closed).toBeUndefined();
  });

  test("a watermark that rose while nobody listened is found after the gap", async () => {
    const { world, a, b, pushOne } = setUp();
    let isDeaf = true;
    const deliver = (hear: () => void) => (isDeaf ? undefined : hear());
    const { socket } = await world.device(b.user, 2, world.startProcess({ deliver })).connect();
    for (let ops = 0; ops < 3; ops++) await pushOne();
    await a.ack(bodyOf(await a.pull()).head);
    expect((await world.first.server.compact("ada")).deleted).toBe(1);
    await settle();
    expect(socket.closed).toBeUndefined();
    isDeaf = false;
    world.processes.at(-1)!.store.loseConnections();
    await settle();
    expect(socket.closed?.code).toBe(4410);
  });

  test("a watermark that a restored database does not have closes nobody", async () => {
    const { world, a, b, pushOne } = setUp();
    for (let ops = 0; ops < 3; ops++) await pushOne();
    await a.ack(bodyOf(await a.pull()).head);
    const backup = world.engine.backup();
    const stays = await a.connect();
    expect((await world.first.server.compact("ada")).deleted).toBe(1);
    await settle();
    world.engine.restore(backup);
    world.first.store.loseConnections();
    const { socket } = await b.connect();
    await pushOne();
    expect([stays.socket.closed, socket.closed]).toEqual([undefined, undefined]);
  });

  test("a socket that was sent what a restored database no longer has must resync", async () => {
    const { world, b, pushOne } = setUp();
    await pushOne();
    const backup = world.engine.backup();
    const { socket } = await b.connect();
    await pushOne();
    world.engine.restore(backup);
    world.first.store.loseConnections();
    await settle();
    expect(socket.closed?.code).toBe(4410);
  });
});
