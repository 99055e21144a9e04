import { describe, expect, test } from "vitest";
import {
  CommitUnknown,
  SessionLost,
  StatementFailed,
  type StoredOp,
  type Transaction,
} from "../../reference-server/waveflow/ports.ts";
import { describeStore } from "../../reference-server/waveflow/store.contract.ts";
import { Engine } from "../postgres/engine.ts";
import { HandClock, ScriptedWire, settle } from "./hand-cranked.ts";
import { waveflowSchema } from "./schema.ts";
import { SimStore } from "./store.ts";
import { immediateWire, type StatementName } from "./wire.ts";

const createEngine = (): Engine => new Engine({ schema: waveflowSchema, timers: new HandClock(0) });

describeStore("the simulated engine", async () => {
  const store = new SimStore({ engine: createEngine(), wire: immediateWire });
  return { database: store, fanout: store, close: async () => store.abandon() };
});

const options = { isolation: "read committed", purpose: "push" } as const;
const user = "ada";
const opOf = (id: number): StoredOp => ({
  id,
  prevId: 0,
  device_id: "d0000000-0000-4000-8000-000000000001",
  operation_id: `e0000000-0000-4000-8000-${String(id).padStart(12, "0")}`,
  entity_type: "song",
  entity_id: "1",
  op: "upsert",
  field: "title",
  value: "A",
  lamport_ts: id,
  wall_clock: "2026-01-01T00:00:00.000Z",
});

const setUp = () => {
  const engine = createEngine();
  const wire = new ScriptedWire();
  const heard: string[] = [];
  const store = new SimStore({ engine, wire });
  const other = new SimStore({ engine, wire: immediateWire });
  const storeOp = async (transaction: Transaction) => {
    await transaction.lockUser(user);
    const [id] = await transaction.takeIds(1);
    await transaction.insertOps(user, [opOf(id!)]);
    await transaction.announce({ kind: "ops", user, head: id! });
  };
  const push = () => store.transaction(options, storeOp);
  const count = async () =>
    (await other.transaction(options, (each) => each.opsAfter({ user, since: 0, limit: 9 }))).length;
  const listen = () =>
    store.listen({ onAnnouncement: ({ kind }) => heard.push(kind), onGap: () => heard.push("gap") });
  return { engine, wire, store, other, push, count, heard, listen };
};

describe("each named statement is one round trip", () => {
  test("and so are begin, commit and rollback", async () => {
    const { wire, store, push } = setUp();
    await push();
    expect(wire.trace).toEqual(
      ["begin", "lockUser", "takeIds", "insertOps", "announce", "commit"].map((step) => `push ${step}`),
    );
    wire.trace.length = 0;
    const failing = store.transaction({ isolation: "repeatable read", purpose: "pull" }, async () => {
      throw new Error("given up");
    });
    await expect(failing).rejects.toThrow("given up");
    expect(wire.trace).toEqual(["pull begin", "pull rollback"]);
  });
});

describe("an answer that never comes", () => {
  const beforeCommit: readonly StatementName[] = ["begin", "lockUser", "takeIds", "insertOps", "announce"];

  test.each(beforeCommit)(
    "to %s is a lost session: nothing was committed, and the lock is free",
    async (statement) => {
      for (const kind of ["drop", "lose"] as const) {
        const { wire, push, count } = setUp();
        wire.plan("push", statement, { kind });
        await expect(push()).rejects.toBeInstanceOf(SessionLost);
        expect(wire.trace).not.toContain("push rollback");
        expect(await count()).toBe(0);
        await push();
        expect(await count()).toBe(1);
      }
    },
  );

  test("to a commit leaves it unknown, whether it happened or not", async () => {
    for (const [kind, stored] of [
      ["drop", 0],
      ["lose", 1],
    ] as const) {
      const { wire, push, count, heard, listen } = setUp();
      await listen();
      wire.plan("push", "commit", { kind });
      await expect(push()).rejects.toBeInstanceOf(CommitUnknown);
      expect(await count()).toBe(stored);
      expect(heard).toHaveLength(stored);
    }
  });

  test("to a rollback does not hide why there was one", async () => {
    const { wire, store, push } = setUp();
    wire.plan("push", "rollback", { kind: "lose" });
    const failing = store.transaction(options, async (transaction) => {
      await transaction.lockUser(user);
      throw new Error("given up");
    });
    await expect(failing).rejects.toThrow("given up");
    await push();
  });
});

describe("a statement that the database refuses", () => {
  test("fails with its SQLSTATE, and the transaction with it", async () => {
    const { wire, store, push, count } = setUp();
    wire.plan("push", "insertOps", { kind: "refuse", sqlstate: "40001" });
    await expect(push()).rejects.toMatchObject({ sqlstate: "40001" });
    wire.plan("push", "highestId", { kind: "refuse", sqlstate: "57014" });
    const swallowing = store.transaction(options, async (transaction) => {
      await transaction.insertOps(user, [opOf(900)]);
      await transaction.highestId(user).catch(() => undefined);
    });
    await expect(swallowing).rejects.toBeInstanceOf(StatementFailed);
    expect(await count()).toBe(0);
  });
});

describe("a process that is gone", () => {
  test("leaves no lock, no session and no announcement behind", async () => {
    const { wire, store, other, push, count, heard, listen } = setUp();
    await listen();
    wire.plan("push", "insertOps", { kind: "hold", position: "after" });
    void push();
    await settle();
    let isLocked = false;
    const waiting = other.transaction(options, async (transaction) => {
      await transaction.lockUser(user);
      isLocked = true;
    });
    await settle();
    expect(isLocked).toBe(false);
    store.abandon();
    await waiting;
    expect(await count()).toBe(0);
    await other.transaction(options, (transaction) => transaction.announce({ kind: "ops", user, head: 1 }));
    expect(heard).toEqual([]);
  });
});

describe("a database that went and is back", () => {
  test("loses what was under way, says so to whoever waited for a lock, and tells listeners of a gap", async () => {
    const { engine, wire, store, push, count, heard, listen } = setUp();
    await listen();
    await push();
    wire.plan("push", "insertOps", { kind: "hold", position: "after" });
    const [holding, waiting] = [push(), push()];
    await settle();
    engine.crash();
    store.loseConnections();
    wire.release();
    await expect(waiting).rejects.toBeInstanceOf(SessionLost);
    await expect(holding).rejects.toBeInstanceOf(SessionLost);
    expect(await count()).toBe(1);
    await push();
    expect(heard).toEqual(["ops", "gap", "ops"]);
  });

  test("is listened to again when the world says so, and what was announced before is never heard", async () => {
    const { engine, other } = setUp();
    const heard: string[] = [];
    const later: (() => void)[] = [];
    const store = new SimStore({ engine, wire: immediateWire, reconnect: (connect) => later.push(connect) });
    await store.listen({ onAnnouncement: ({ kind }) => heard.push(kind), onGap: () => heard.push("gap") });
    const announce = () =>
      other.transaction(options, (transaction) => transaction.announce({ kind: "ops", user, head: 1 }));
    store.loseConnections();
    await announce();
    expect(heard).toEqual([]);
    for (const connect of later) connect();
    await announce();
    expect(heard).toEqual(["gap", "ops"]);
  });
});
