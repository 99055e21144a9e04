import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { foldLog, visibleState } from "../../protocol/waveflow/fold.ts";
import { limits, type LogOp } from "../../protocol/waveflow/types.ts";
import { bodyOf, settle } from "../../sim/waveflow/hand-cranked.ts";
import { type HandDevice, HandWorld } from "../../sim/waveflow/hand-cranked-world.ts";

const headOf = async (device: HandDevice) => bodyOf(await device.pull({ limit: "1" })).head;
const logOf = async (device: HandDevice): Promise<readonly LogOp[]> =>
  bodyOf(await device.pull({ limit: "1000" })).ops;
const stateOf = (log: readonly LogOp[]) => visibleState(foldLog(log));

const setUp = async () => {
  const world = new HandWorld();
  const [a, b] = [world.device("ada", 1), world.device("ada", 2)];
  const reply = await a.push(a.op(), a.op(), a.op(), a.op({ entity_id: "2" }));
  return {
    world,
    a,
    b,
    ids: bodyOf(reply).results.map(({ id }) => id),
    compact: () => world.first.server.compact("ada"),
  };
};

describe("WF-COMP-1: how far everybody is", () => {
  test("is the smallest cursor of the devices that have acknowledged", async () => {
    const { a, b, ids, compact } = await setUp();
    expect(await compact()).toEqual({ deleted: 0, compactedUpTo: 0 });
    await a.ack(ids[3]);
    await b.ack(ids[2]);
    expect(await compact()).toEqual({ deleted: 1, compactedUpTo: ids[0] });
    await b.ack(ids[3]);
    expect(await compact()).toEqual({ deleted: 1, compactedUpTo: ids[1] });
    expect((await logOf(a)).map(({ id }) => id)).toEqual([ids[2], ids[3]]);
  });

  test("counts a device that was heard of exactly 90 days ago, and no millisecond longer", async () => {
    for (const [silenceMs, deleted] of [
      [limits.stalenessMs, 0],
      [limits.stalenessMs + 1, 2],
    ] as const) {
      const { world, a, b, ids, compact } = await setUp();
      await b.ack(ids[0]);
      await world.clock.advance(silenceMs);
      await a.ack(ids[3]);
      expect((await compact()).deleted).toBe(deleted);
    }
  });

  test("leaves the log alone when every device is stale", async () => {
    const { world, a, ids, compact } = await setUp();
    await a.ack(ids[3]);
    await world.clock.advance(limits.stalenessMs + 1);
    expect((await compact()).deleted).toBe(0);
  });

  test.each<[string, (device: HandDevice) => Promise<unknown>]>([
    ["a pull", (device) => device.pull()],
    ["an old acknowledgement", (device) => device.ack(1)],
    ["a refused acknowledgement", (device) => device.ack(1e6)],
    ["a push", (device) => device.push(device.op({ entity_id: "9" }))],
    ["a refused push", (device) => device.push(device.op({ lamport_ts: 2 ** 40 }))],
    ["a malformed push", (device) => device.send({ method: "POST", path: "/sync/ops", text: "{" })],
    ["a pull that is told to resync", (device) => device.pull({ since: "1000000" })],
    ["a bad pull", (device) => device.pull({ since: "x" })],
    ["a wrong method", (device) => device.send({ method: "PUT", path: "/sync/ack" })],
    ["an upgrade", (device) => device.connect()],
  ])("WF-ACK-4: counts a device that has nothing new to say but %s", async (_, request) => {
    const { world, a, b, ids, compact } = await setUp();
    await b.ack(ids[0]);
    await world.clock.advance(limits.stalenessMs);
    await request(b);
    await world.clock.advance(limits.stalenessMs);
    await a.ack(ids[3]);
    expect((await compact()).deleted).toBe(0);
    await world.clock.advance(1);
    await a.ack(ids[3]);
    expect((await compact()).deleted).toBe(2);
  });

  test("WF-ACK-4: counts a device whose request ended in a fault", async () => {
    const { world, a, b, ids, compact } = await setUp();
    await b.ack(ids[0]);
    await world.clock.advance(limits.stalenessMs);
    world.first.wire.plan("pull", "opsAfter", { kind: "lose" });
    expect((await b.pull()).status).toBe(503);
    await world.clock.advance(limits.stalenessMs);
    await a.ack(ids[3]);
    expect((await compact()).deleted).toBe(0);
  });

  test("WF-AUTH-1: does not count a request that was not let in", async () => {
    const { world, a, b, ids, compact } = await setUp();
    await b.ack(ids[0]);
    await world.clock.advance(limits.stalenessMs);
    await b.send({ method: "GET", path: "/sync/ops", headers: { authorization: `Bearer ada~${a.id}` } });
    await world.clock.advance(1);
    await a.ack(ids[3]);
    expect((await compact()).deleted).toBe(2);
  });
});

describe("WF-COMP-2, 5: what is deleted is missed by nobody", () => {
  test("every device, wherever it stands, folds what it can still get to the state of the whole log", async () => {
    const write = fc.record({
      entity: fc.constantFrom("1", "2"),
      field: fc.constantFrom("a", "b", undefined),
    });
    const step = fc.oneof(
      { weight: 8, arbitrary: write },
      { weight: 3, arbitrary: fc.record({ ackBy: fc.nat(2), part: fc.integer({ min: 50, max: 100 }) }) },
      { weight: 1, arbitrary: fc.constant("compact" as const) },
    );
    let deleted = 0;
    let resyncs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30, size: "max" }), async (steps) => {
        const world = new HandWorld();
        const devices = [1, 2, 3].map((number) => world.device("ada", number));
        const [a] = devices as [HandDevice];
        const whole: LogOp[] = [];
        for (const step of steps) {
          if (step === "compact") {
            const run = await world.first.server.compact("ada");
            deleted += run.deleted;
          } else if ("ackBy" in step) {
            const seen = whole[Math.floor((whole.length * step.part) / 101)];
            if (seen !== undefined) await devices[step.ackBy]!.ack(seen.id);
          } else {
            const { entity, field } = step;
            const isDelete = field === undefined;
            const draft = isDelete
              ? { op: "delete", field: null, value: null }
              : { field, value: whole.length };
            await a.push(a.op({ entity_id: entity, ...draft }));
            whole.push((await logOf(a)).at(-1)!);
          }
        }
        const expected = stateOf(whole);
        const reader = world.device("ada", 9);
        for (const cursor of [0, ...whole.map(({ id }) => id)]) {
          const reply = await reader.pull({ since: String(cursor), limit: "1000" });
          const known = whole.filter(({ id }) => id <= cursor);
          if (reply.status === 410) resyncs++;
          const log = reply.status === 410 ? await logOf(reader) : [...known, ...bodyOf(reply).ops];
          expect(stateOf(log)).toEqual(expected);
        }
      }),
      { numRuns: 120, seed: 1 },
    );
    expect(deleted).toBeGreaterThan(50);
    expect(resyncs).toBeGreaterThan(50);
  });

  test("WF-STATE-1: the id decides, not the stamp", async () => {
    const { world, a, b, compact } = await setUp();
    await a.push(a.op({ lamport_ts: 100, value: "old" }));
    await b.push(b.op({ lamport_ts: 5, value: "new" }), b.op({ lamport_ts: 6, entity_id: "3" }));
    await a.ack(await headOf(a));
    expect((await compact()).deleted).toBe(4);
    expect((await logOf(world.device("ada", 3))).map(({ value }) => value)).toEqual(["A", "new", "A"]);
  });

  test("a delete removes the fields below it, stays itself, and spares what was written after it", async () => {
    const { a, compact } = await setUp();
    await a.push(
      a.op({ op: "delete", field: null, value: null }),
      a.op({ op: "delete", field: null, value: null }),
    );
    await a.push(a.op({ field: "artist" }), a.op({ entity_id: "9" }));
    await a.ack(await headOf(a));
    expect((await compact()).deleted).toBe(4);
    expect((await logOf(a)).map(({ op, entity_id }) => `${op} ${entity_id}`)).toEqual([
      "upsert 2",
      "delete 1",
      "upsert 1",
      "upsert 9",
    ]);
  });
});

describe("WF-COMP-3, 4, 7: deletes and watermark are one step", () => {
  test.each(["lockUser", "minimumCursor", "collapse", "raiseWatermark", "announce", "commit"] as const)(
    "a connection that breaks before %s leaves everything as it was, and the next run does it all",
    async (statement) => {
      const { world, a, ids, compact } = await setUp();
      await a.ack(ids[3]);
      world.first.wire.plan("compact", statement, { kind: "drop" });
      await expect(compact()).rejects.toThrow();
      expect(await logOf(a)).toHaveLength(4);
      expect((await a.pull({ since: String(ids[0]) })).status).toBe(200);
      expect(await compact()).toEqual({ deleted: 2, compactedUpTo: ids[1] });
    },
  );

  test("a commit whose answer is lost has happened whole", async () => {
    const { world, a, ids, compact } = await setUp();
    await a.ack(ids[3]);
    world.first.wire.plan("compact", "commit", { kind: "lose" });
    await expect(compact()).rejects.toThrow();
    expect(await logOf(a)).toHaveLength(2);
    expect((await a.pull({ since: String(ids[0]) })).status).toBe(410);
    expect(await compact()).toEqual({ deleted: 0, compactedUpTo: ids[1] });
  });

  test("two compactors at once do the work once, and the watermark never falls or passes the head", async () => {
    const { world, a, b, ids } = await setUp();
    await a.ack(ids[3]);
    const other = world.startProcess();
    world.first.wire.plan("compact", "collapse", { kind: "hold", position: "after" });
    const both = Promise.all([world.first.server.compact("ada"), other.server.compact("ada")]);
    await settle();
    world.first.wire.release();
    expect((await both).map(({ deleted }) => deleted)).toEqual([2, 0]);
    expect((await both).map(({ compactedUpTo }) => compactedUpTo)).toEqual([ids[1], ids[1]]);
    await b.ack(ids[0]);
    expect(await other.server.compact("ada")).toEqual({ deleted: 0, compactedUpTo: ids[1] });
  });

  test("a compaction waits for the user's push, and for nobody else's", async () => {
    const { world, a, ids, compact } = await setUp();
    await a.ack(ids[3]);
    world.first.wire.plan("push", "insertOps", { kind: "hold", position: "after" });
    const bob = world.device("bob", 1);
    const pushing = bob.push(bob.op());
    await settle();
    expect((await compact()).deleted).toBe(2);
    let done = false;
    const waiting = world.first.server.compact("bob").then(() => (done = true));
    await settle();
    expect(done).toBe(false);
    world.first.wire.release();
    await Promise.all([pushing, waiting]);
  });
});

describe("the job", () => {
  test("runs over all users at its interval, and one that fails does not stop the rest", async () => {
    const world = new HandWorld({ compactionIntervalMs: 86_400_000 });
    const users = ["ada", "bob", "eve"].map((user) => world.device(user, 1));
    for (const device of users) {
      await device.push(device.op(), device.op(), device.op());
      await device.ack(await headOf(device));
    }
    world.first.wire.plan("compact", "collapse", { kind: "refuse", sqlstate: "57014" });
    await world.clock.advance(86_400_000);
    expect(await Promise.all(users.map(async (device) => (await logOf(device)).length))).toEqual([3, 2, 2]);
    expect(world.faults).toHaveLength(1);
    await world.clock.advance(86_400_000);
    expect(await logOf(users[0]!)).toHaveLength(2);
    expect(await world.first.server.compactAll()).toEqual({ users: 3, deleted: 0, failed: 0 });
  });
});
