import { describe, expect, test } from "vitest";
import { bodyOf, settle } from "../../sim/waveflow/hand-cranked.ts";
import { HandWorld } from "../../sim/waveflow/hand-cranked-world.ts";
import { KeysUnavailable } from "./ports.ts";
import type { StatementName } from "../../sim/waveflow/wire.ts";

const pushSteps: readonly StatementName[] = [
  "begin",
  "lockUser",
  "findReceipts",
  "highestLamport",
  "highestId",
  "takeIds",
  "insertOps",
  "insertReceipts",
  "raiseDevice",
  "announce",
  "commit",
];

describe("WF-PUSH-7, 10: a push that meets a fault", () => {
  test.each(pushSteps)("at %s has happened whole or not at all, and its retry settles it", async (step) => {
    for (const kind of ["drop", "lose"] as const) {
      const world = new HandWorld();
      const a = world.device("ada", 1);
      const ops = [a.op(), a.op({ entity_id: "2" })];
      world.first.wire.plan("push", step, { kind });
      const reply = await a.push(...ops);
      expect(reply.status).toBe(503);
      expect(bodyOf(reply).type).toBe("unavailable");
      const hasHappened = kind === "lose" && step === "commit";
      expect(bodyOf(await a.pull()).ops).toHaveLength(hasHappened ? 2 : 0);
      const retry = bodyOf(await a.push(...ops));
      const status = hasHappened ? "duplicate" : "stored";
      expect(retry.results.map((result) => result.status)).toEqual([status, status]);
      expect(bodyOf(await a.pull()).ops.map(({ id }) => id)).toEqual(retry.results.map(({ id }) => id));
      const other = world.device("ada", 2);
      expect((await other.push(other.op())).status).toBe(200);
    }
  });

  test("a process that crashes anywhere in it leaves nothing behind, and the user's lock is free", async () => {
    for (const step of pushSteps) {
      const world = new HandWorld();
      const a = world.device("ada", 1);
      const op = a.op();
      world.first.wire.plan("push", step, { kind: "hold", position: step === "commit" ? "before" : "after" });
      void a.push(op);
      await settle();
      world.first.store.abandon();
      const next = world.startProcess();
      const again = world.device("ada", 1, next);
      expect(bodyOf(await again.pull()).ops).toEqual([]);
      expect(bodyOf(await again.push(op)).results).toMatchObject([{ status: "stored" }]);
    }
  });

  test("a deadlock or serialization failure is tried again, a bounded number of times", async () => {
    for (const [failures, status] of [
      [2, 200],
      [3, 503],
    ] as const) {
      for (const sqlstate of ["40001", "40P01"]) {
        const world = new HandWorld({ transactionTriesMax: 3 });
        const a = world.device("ada", 1);
        world.first.wire.plan("push", "insertOps", { kind: "refuse", sqlstate }, failures);
        expect((await a.push(a.op())).status).toBe(status);
        expect(bodyOf(await a.pull()).ops).toHaveLength(status === 200 ? 1 : 0);
      }
    }
  });

  test("an error that nobody expected is a 500 with a type, and the next request is served", async () => {
    const world = new HandWorld();
    const a = world.device("ada", 1);
    world.first.wire.plan("push", "insertOps", { kind: "refuse", sqlstate: "XX001" });
    const reply = await a.push(a.op());
    expect(reply.status).toBe(500);
    expect(bodyOf(reply).type).toBe("internal_error");
    expect(world.faults).toHaveLength(1);
    expect((await a.push(a.op())).status).toBe(200);
  });
});

describe("a fault while the contact is noted", () => {
  test("turns a good read into a 503: the device asks again, and counts", async () => {
    const world = new HandWorld();
    const a = world.device("ada", 1);
    await a.push(a.op());
    world.first.wire.plan("pull", "raiseDevice", { kind: "drop" });
    expect((await a.pull()).status).toBe(503);
    world.first.wire.plan("pull", "commit", { kind: "drop" });
    expect((await a.pull()).status).toBe(503);
  });

  test("is made good by one more attempt where the answer itself needs no database", async () => {
    const world = new HandWorld();
    const a = world.device("ada", 1);
    world.first.wire.plan("contact", "raiseDevice", { kind: "drop" });
    expect((await a.pull({ since: "x" })).status).toBe(503);
    expect(world.first.wire.trace.filter((step) => step === "contact commit")).toHaveLength(1);
  });
});

test("two pulls of one device at once are both answered", async () => {
  const world = new HandWorld();
  const a = world.device("ada", 1);
  await a.push(a.op());
  await world.clock.advance(1);
  world.first.wire.plan("pull", "readWatermark", { kind: "hold", position: "after" });
  const first = a.pull();
  await settle();
  await world.clock.advance(1);
  const second = a.pull();
  await settle();
  world.first.wire.release();
  expect([(await first).status, (await second).status]).toEqual([200, 200]);
});

test("while the keys are out of reach nobody is turned away for good", async () => {
  const world = new HandWorld();
  world.verify = () => {
    throw new KeysUnavailable("no keys");
  };
  expect((await world.device("ada", 1).pull()).status).toBe(503);
});
