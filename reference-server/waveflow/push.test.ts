import { describe, expect, test } from "vitest";
import type { HttpResponse } from "../../protocol/http.ts";
import { bodyOf, settle } from "../../sim/waveflow/hand-cranked.ts";
import { type HandDevice, HandWorld } from "../../sim/waveflow/hand-cranked-world.ts";

const resultsOf = (reply: HttpResponse) => bodyOf(reply).results;
const opsOf = async (device: HandDevice) => bodyOf(await device.pull()).ops;

describe("a push that is accepted", () => {
  test("WF-PUSH-8: numbers its ops in array order, and a pull gives them back as they were", async () => {
    const world = new HandWorld();
    const a = world.device("ada", 0xabc);
    const ops = [
      a.op({ value: { deep: [1, null] } }),
      a.op({ op: "delete", field: null, value: null }),
      a.op(),
    ];
    const reply = await a.push(...ops);
    expect(reply.status).toBe(200);
    const ids = resultsOf(reply).map(({ id }) => id);
    expect(ids).toEqual([...ids].sort((one, other) => one - other));
    expect(bodyOf(reply).head).toBe(ids[2]);
    expect(resultsOf(reply).map(({ status }) => status)).toEqual(["stored", "stored", "stored"]);
    const stored = ops.map((op, place) => ({
      ...op,
      id: ids[place],
      device_id: a.id,
      wall_clock: "2026-01-01T00:00:00.000Z",
    }));
    expect(await opsOf(a)).toEqual(stored);
  });

  test("device and operation ids are compared without regard to case and echoed as sent", async () => {
    const world = new HandWorld();
    const a = world.device("ada", 0xabc);
    const op = a.op({ operation_id: "ABCDEF00-0000-4000-8000-00000000000F" });
    const upper = {
      method: "POST",
      path: "/sync/ops",
      json: { ops: [op] },
      headers: { "x-device-id": a.id.toUpperCase() },
    };
    await a.send(upper);
    expect(await opsOf(a)).toMatchObject([{ device_id: a.id.toUpperCase(), operation_id: op.operation_id }]);
    const again = await a.push({ ...op, operation_id: String(op.operation_id).toLowerCase() });
    expect(resultsOf(again)).toMatchObject([{ status: "duplicate" }]);
    expect((await a.push(a.op({ lamport_ts: 1 }))).status).toBe(409);
  });
});

describe("WF-PUSH-2, 3: an operation id has one effect, for ever", () => {
  test("a retry is answered with the first id and stamp, whatever stamp and device it comes with", async () => {
    const world = new HandWorld();
    const [a, b] = [world.device("ada", 1), world.device("ada", 2)];
    const op = a.op();
    const [first] = resultsOf(await a.push(op));
    for (const [device, stamp] of [
      [a, 1],
      [b, 900],
    ] as const) {
      const [again] = resultsOf(await device.push({ ...op, lamport_ts: stamp }));
      expect(again).toEqual({ ...first, status: "duplicate" });
    }
    expect(await opsOf(a)).toHaveLength(1);
    expect((await b.push(b.op({ lamport_ts: 1 }))).status).toBe(200);
  });

  test("two copies in flight at once are one op, and both are answered with it", async () => {
    const world = new HandWorld();
    const a = world.device("ada", 1);
    const op = a.op();
    world.first.wire.plan("push", "takeIds", { kind: "hold", position: "after" });
    const replies = [a.push(op), a.push(op), world.device("ada", 2).push(op)];
    await settle();
    world.first.wire.release();
    const results = (await Promise.all(replies)).map((reply) => resultsOf(reply)[0]!);
    expect(results.map(({ status }) => status)).toEqual(["stored", "duplicate", "duplicate"]);
    expect(new Set(results.map(({ id }) => id)).size).toBe(1);
  });

  test("a copy within one batch is a duplicate of the first", async () => {
    const a = new HandWorld().device("ada", 1);
    const op = a.op();
    const [first, second] = resultsOf(await a.push(op, { ...op, lamport_ts: 77 }));
    expect(second).toEqual({ ...first, status: "duplicate" });
    expect((await a.push(a.op({ lamport_ts: 2 }))).status).toBe(200);
  });

  test("a retry after the op was compacted away brings nothing back", async () => {
    const world = new HandWorld();
    const [a, b] = [world.device("ada", 1), world.device("ada", 2)];
    const old = a.op();
    const [first] = resultsOf(await a.push(old));
    await b.push(b.op({ value: "B" }), b.op({ entity_id: "2" }));
    await a.ack(bodyOf(await a.pull()).head);
    expect((await world.first.server.compact("ada")).deleted).toBe(1);
    expect(resultsOf(await a.push(old))).toEqual([{ ...first, status: "duplicate" }]);
    expect((await opsOf(a)).map(({ value }) => value)).toEqual(["B", "A"]);
    expect(await opsOf(a)).not.toContainEqual(expect.objectContaining({ operation_id: old.operation_id }));
  });

  test("WF-AUTH-2: the same id of another user is another op", async () => {
    const world = new HandWorld();
    const op = world.device("ada", 1).op();
    for (const user of ["ada", "bob"]) {
      expect(resultsOf(await world.device(user, 1).push(op))).toMatchObject([{ status: "stored" }]);
    }
    expect(await opsOf(world.device("bob", 2))).toHaveLength(1);
  });
});

describe("WF-PUSH-4 to 7: what is refused stores nothing", () => {
  test("other content under a known operation id is a conflict", async () => {
    const world = new HandWorld();
    const a = world.device("ada", 1);
    const op = a.op({ value: { x: 1, y: 2 } });
    await a.push(op);
    const changes = [
      { value: 2 },
      { entity_id: "9" },
      { field: "artist" },
      { op: "delete", field: null, value: null },
    ];
    for (const change of changes) {
      const reply = await a.push(a.op({ entity_id: "new" }), { ...op, ...change });
      expect(reply.status).toBe(409);
      expect(reply.body).toEqual({ type: "operation_conflict", operation_id: op.operation_id, index: 1 });
    }
    const twice = a.op();
    expect((await a.push(twice, { ...twice, value: "other" })).status).toBe(409);
    expect((await a.push({ ...op, value: { y: 2, x: 1 } })).status).toBe(200);
    expect(await opsOf(a)).toHaveLength(1);
  });

  test("content that no store can keep, under a known operation id, is a conflict too", async () => {
    const a = new HandWorld().device("ada", 1);
    const op = a.op();
    await a.push(op);
    expect((await a.push({ ...op, value: "\u0000" })).status).toBe(409);
  });

  test("a stamp must exceed the highest of the device, earlier ops of the batch included", async () => {
    const a = new HandWorld().device("ada", 1);
    await a.push(a.op({ lamport_ts: 5 }));
    for (const [stamps, index, storedMax] of [
      [[5], 0, 5],
      [[4], 0, 5],
      [[6, 7, 7], 2, 7],
      [[6, 9, 8], 2, 9],
    ] as const) {
      const ops = stamps.map((stamp) => a.op({ lamport_ts: stamp }));
      const reply = await a.push(...ops);
      expect(reply.status).toBe(409);
      expect(reply.body).toEqual({
        type: "lamport_regression",
        operation_id: ops[index]!.operation_id,
        index,
        lamport_ts: stamps[index],
        stored_max: storedMax,
      });
    }
    expect(await opsOf(a)).toHaveLength(1);
    expect((await a.push(a.op({ lamport_ts: 6 }))).status).toBe(200);
  });

  test("WF-PUSH-6: the highest stamp outlives its op", async () => {
    const world = new HandWorld();
    const [a, b] = [world.device("ada", 1), world.device("ada", 2)];
    await a.push(a.op({ lamport_ts: 50 }));
    await b.push(b.op(), b.op({ entity_id: "2" }));
    await b.ack(bodyOf(await b.pull()).head);
    expect((await world.first.server.compact("ada")).deleted).toBe(1);
    expect(bodyOf(await a.push(a.op({ lamport_ts: 50 }))).stored_max).toBe(50);
  });

  test("WF-PUSH-6: two pushes of one device at once cannot pass each other", async () => {
    const world = new HandWorld();
    const a = world.device("ada", 1);
    world.first.wire.plan("push", "highestLamport", { kind: "hold", position: "after" });
    const replies = [a.push(a.op({ lamport_ts: 7 })), a.push(a.op({ lamport_ts: 7 }))];
    await settle();
    world.first.wire.release();
    expect((await Promise.all(replies)).map(({ status }) => status)).toEqual([200, 409]);
  });

  test("a duplicate is judged before its stamp, and the first fault in array order is the answer", async () => {
    const a = new HandWorld().device("ada", 1);
    const known = a.op({ lamport_ts: 9 });
    await a.push(known);
    expect((await a.push(known, a.op({ lamport_ts: 10 }))).status).toBe(200);
    const poison = a.op({ value: "\u0000", lamport_ts: 12 });
    const late = a.op({ lamport_ts: 3 });
    expect(bodyOf(await a.push(poison, late)).type).toBe("invalid_op");
    expect(bodyOf(await a.push(late, poison)).type).toBe("lamport_regression");
  });
});

describe("WF-PUSH-9: readers see a prefix that never changes behind them", () => {
  test("an id that was taken first becomes visible first, however long its push stalls", async () => {
    const world = new HandWorld();
    const [a, b, c] = [1, 2, 3].map((number) => world.device("ada", number));
    world.first.wire.plan("push", "takeIds", { kind: "hold", position: "after" });
    const slow = a!.push(a!.op());
    await settle();
    const fast = b!.push(b!.op());
    await settle();
    expect(await opsOf(c!)).toEqual([]);
    const other = world.device("bob", 1);
    expect((await other.push(other.op())).status).toBe(200);
    world.first.wire.release();
    const [first] = resultsOf(await slow);
    const [second] = resultsOf(await fast);
    expect(first!.id).toBeLessThan(second!.id);
  });
});
