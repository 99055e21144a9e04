// The store against a real PostgreSQL: what comes back, who waits for whom, and what is known after a broken connection.
import { randomUUID } from "node:crypto";
import * as fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../live/databases/embedded.ts";
import { CommitUnknown, SessionLost, StatementFailed, type StoredOp } from "../waveflow/ports.ts";
import { PostgresDatabase } from "./database.ts";
import { migrate } from "./migrate.ts";
import { migrations } from "./migrations/index.ts";
import { SessionPool } from "./pool.ts";

const write = { isolation: "read committed", purpose: "push" } as const;
const read = { isolation: "repeatable read", purpose: "pull" } as const;

let postgres: EmbeddedPostgres;
let url: string;
let pool: SessionPool;
let database: PostgresDatabase;
let admin: pg.Client;

beforeAll(async () => {
  postgres = await startEmbeddedPostgres();
  url = await postgres.createDatabase("store");
  admin = new pg.Client(url);
  await admin.connect();
  await migrate(admin, migrations);
  pool = new SessionPool({ url, statementTimeoutMs: 10_000 });
  database = new PostgresDatabase(pool);
});

afterAll(async () => {
  await pool?.close();
  await admin?.end();
  await postgres?.stop();
});

const device = "11111111-1111-4111-8111-111111111111";

const opOf = (id: number, changes: Partial<StoredOp> = {}): StoredOp => ({
  id,
  prevId: 0,
  device_id: device,
  operation_id: randomUUID(),
  entity_type: "song",
  entity_id: "1",
  op: "upsert",
  field: "title",
  value: "A",
  lamport_ts: id,
  wall_clock: "2026-01-02T03:04:05.678Z",
  ...changes,
});

const storeOp = (user: string, changes: Partial<StoredOp> = {}) =>
  database.transaction(write, async (transaction) => {
    await transaction.lockUser(user);
    const [id] = await transaction.takeIds(1);
    await transaction.insertOps(user, [opOf(id!, changes)]);
    return id!;
  });

const opsOf = (user: string) =>
  database.transaction(read, (transaction) => transaction.opsAfter({ user, since: 0, limit: 10_000 }));

describe("what is stored", () => {
  test("comes back as it was: spelling, time, null against null", async () => {
    const user = randomUUID();
    const given = [
      opOf(1, { operation_id: "ABCDEF00-0000-4000-8000-00000000000A", device_id: device.toUpperCase() }),
      opOf(2, { value: null }),
      opOf(3, { op: "delete", field: null, value: null, wall_clock: "2030-12-31T23:59:59.999Z" }),
      opOf(4, { entity_id: " É\u{1F3B5} ", field: "𝄞", prevId: 3 }),
    ];
    await database.transaction(write, async (transaction) => {
      const ids = await transaction.takeIds(given.length);
      given.forEach((op, index) => Object.assign(op, { id: ids[index]! }));
      await transaction.insertOps(user, given);
    });
    expect(await opsOf(user)).toEqual(given);
    const values = await admin.query(
      "SELECT jsonb_typeof(value) AS type FROM sync_op WHERE user_id = $1 ORDER BY id",
      [user],
    );
    expect(values.rows.map((row) => row.type)).toEqual(["string", "null", null, "string"]);
  });

  test("is equal as JSON, whatever the value", async () => {
    const user = randomUUID();
    const values = fc.jsonValue({ noUnicodeString: false, maxDepth: 8 }) as fc.Arbitrary<StoredOp["value"]>;
    const doubles = fc.double({ noNaN: true, noDefaultInfinity: true });
    await fc.assert(
      fc.asyncProperty(fc.oneof(values, doubles, fc.array(doubles)), async (raw) => {
        const text = JSON.stringify(raw);
        // What the store cannot keep is refused before it gets here.
        fc.pre(!text.includes("\\u0000") && text.isWellFormed() && !/\\ud[89a-f]/u.test(text));
        const value = JSON.parse(text) as StoredOp["value"];
        await storeOp(user, { value, lamport_ts: (stamp += 1) });
        expect((await opsOf(user)).at(-1)?.value).toEqual(value);
      }),
      { numRuns: 150 },
    );
  });
  let stamp = 0;

  test("is counted exactly, up to 2^53-1", async () => {
    const user = randomUUID();
    await storeOp(user, { lamport_ts: Number.MAX_SAFE_INTEGER });
    expect((await opsOf(user))[0]?.lamport_ts).toBe(Number.MAX_SAFE_INTEGER);
    await admin.query("UPDATE sync_op SET lamport_ts = 9007199254740993 WHERE user_id = $1", [user]);
    await expect(opsOf(user)).rejects.toThrow("9007199254740993");
    // The connection lives on, and so does the pool.
    expect(await database.transaction(read, (transaction) => transaction.highestId(user))).toBeGreaterThan(0);
  });
});

describe("receipts, stamps and cursors", () => {
  test("a receipt is found whatever the case of its operation id, by its own user only", async () => {
    const [user, stranger] = [randomUUID(), randomUUID()];
    const operationId = "ABCDEF00-0000-4000-8000-00000000000B";
    const receipt = { operationId, deviceId: device, id: 7, lamportTs: 9, fingerprint: "f" };
    await database.transaction(write, (transaction) => transaction.insertReceipts(user, [receipt]));
    const find = (who: string, id: string) =>
      database.transaction(read, (transaction) => transaction.findReceipts(who, [id, randomUUID()]));
    for (const spelling of [operationId, operationId.toLowerCase()]) {
      expect([...(await find(user, spelling))]).toEqual([[operationId.toLowerCase(), receipt]]);
    }
    expect((await find(stranger, operationId)).size).toBe(0);
  });

  test("a device's row and cursor never fall", async () => {
    const user = randomUUID();
    const other = randomUUID();
    const contactAt = Date.parse("2026-01-01T00:00:00Z");
    await database.transaction(write, async (transaction) => {
      await transaction.raiseDevice({ user, device, highestLamport: 5, contactAt });
      await transaction.raiseDevice({ user, device, highestLamport: 3, contactAt: contactAt - 1 });
      await transaction.raiseDevice({ user, device: other, highestLamport: 8, contactAt });
      await transaction.raiseCursor({ user, device, lastSeenId: 10, seenAt: contactAt });
      await transaction.raiseCursor({ user, device, lastSeenId: 4, seenAt: contactAt + 5 });
    });
    await database.transaction(read, async (transaction) => {
      expect(await transaction.highestLamport(user, device)).toEqual({ ofDevice: 5, ofUser: 8 });
      expect(await transaction.findCursor(user, device)).toBe(10);
      expect(await transaction.findCursor(user, other)).toBeUndefined();
      expect(await transaction.highestLamport(randomUUID(), device)).toEqual({ ofDevice: 0, ofUser: 0 });
    });
  });

  test("a device is stale one millisecond after its last contact of either kind", async () => {
    const user = randomUUID();
    const seenAt = Date.parse("2026-03-01T12:00:00.123Z");
    const contactAt = seenAt + 1_000;
    const other = randomUUID();
    await database.transaction(write, async (transaction) => {
      await transaction.raiseCursor({ user, device, lastSeenId: 3, seenAt });
      await transaction.raiseDevice({ user, device, highestLamport: 0, contactAt });
      await transaction.raiseCursor({ user, device: other, lastSeenId: 8, seenAt: contactAt + 10 });
    });
    const minimum = (contactSince: number) =>
      database.transaction(read, (transaction) => transaction.minimumCursor({ user, contactSince }));
    expect(await minimum(contactAt)).toBe(3);
    expect(await minimum(contactAt + 1)).toBe(8);
    expect(await minimum(contactAt + 11)).toBeUndefined();
    expect(await minimum(Number.MIN_SAFE_INTEGER)).toBe(3);
    expect(await minimum(Number.MAX_SAFE_INTEGER)).toBeUndefined();
  });

  test("users are listed in order, page by page", async () => {
    const users = ["aaa-1", "aaa-2", "aaa-Ä", "aaa-\u{1F600}"];
    for (const user of users) {
      await storeOp(user);
      await storeOp(user, { lamport_ts: 2_000_000 });
    }
    const page = (after: string) =>
      database.transaction(read, (transaction) => transaction.usersWithOps({ after, limit: 2 }));
    expect(await page("aaa")).toEqual(users.slice(0, 2));
    expect(await page(users[1]!)).toEqual(users.slice(2));
  });
});

describe("compaction", () => {
  test("the watermark counts its generations and never falls", async () => {
    const user = randomUUID();
    const raise = (compactedUpTo: number) =>
      database.transaction(write, (transaction) =>
        transaction.raiseWatermark({ user, compactedUpTo, at: 0 }),
      );
    expect(await raise(10)).toEqual({ compactedUpTo: 10, generation: 1 });
    expect(await raise(4)).toEqual({ compactedUpTo: 10, generation: 2 });
    expect(await database.transaction(read, (transaction) => transaction.readWatermark(user))).toEqual({
      compactedUpTo: 10,
      generation: 2,
    });
  });

  test("collapse deletes what a later write or delete below the bound has superseded, and nothing else", async () => {
    const writes = fc.array(
      fc.record({ entity: fc.constantFrom("1", "2"), field: fc.constantFrom("a", "b", null) }),
      { minLength: 1, maxLength: 14 },
    );
    let collapsed = 0;
    await fc.assert(
      fc.asyncProperty(writes, fc.nat(15), async (given, belowIndex) => {
        const user = randomUUID();
        const ops = await database.transaction(write, async (transaction) => {
          const ids = await transaction.takeIds(given.length);
          const rows = given.map(({ entity, field }, index) =>
            opOf(ids[index]!, {
              entity_id: entity,
              field,
              op: field === null ? "delete" : "upsert",
              value: field === null ? null : index,
            }),
          );
          await transaction.insertOps(user, rows);
          return rows;
        });
        const below = ops[belowIndex]?.id ?? ops.at(-1)!.id + 1;
        const gone = supersededNaively(ops, below);
        const answer = await database.transaction(write, (transaction) =>
          transaction.collapse({ user, below }),
        );
        expect(answer).toEqual({ deleted: gone.length, highestDeletedId: Math.max(0, ...gone) });
        expect((await opsOf(user)).map(({ id }) => id)).toEqual(
          ops.map(({ id }) => id).filter((id) => !gone.includes(id)),
        );
        collapsed += gone.length;
      }),
      { numRuns: 120 },
    );
    expect(collapsed).toBeGreaterThan(0);
  });

  /** The rule as WF-COMP-2 says it, one op against every other. */
  const supersededNaively = (ops: readonly StoredOp[], below: number): readonly number[] => {
    const eligible = ops.filter(({ id }) => id < below);
    const isSuperseded = (old: StoredOp) =>
      eligible.some(
        (later) =>
          later.id > old.id &&
          later.entity_type === old.entity_type &&
          later.entity_id === old.entity_id &&
          (later.field === old.field || later.op === "delete"),
      );
    return eligible.filter(isSuperseded).map(({ id }) => id);
  };
});

describe("who waits for whom", () => {
  test("ids become visible in the order in which they were taken", async () => {
    const user = randomUUID();
    const order: string[] = [];
    const firstHasId = Promise.withResolvers<void>();
    const letFirstCommit = Promise.withResolvers<void>();
    const first = database.transaction(write, async (transaction) => {
      await transaction.lockUser(user);
      const [id] = await transaction.takeIds(1);
      await transaction.insertOps(user, [opOf(id!, { lamport_ts: 1 })]);
      firstHasId.resolve();
      await letFirstCommit.promise;
      order.push("first");
      return id!;
    });
    await firstHasId.promise;
    const second = database.transaction(write, async (transaction) => {
      await transaction.lockUser(user);
      order.push("second");
      const [id] = await transaction.takeIds(1);
      await transaction.insertOps(user, [opOf(id!, { lamport_ts: 2 })]);
      return id!;
    });
    // Another user is not held up, and readers see nothing yet.
    const elsewhere = await storeOp(randomUUID());
    expect(await opsOf(user)).toEqual([]);
    letFirstCommit.resolve();
    expect(await second).toBeGreaterThan(elsewhere);
    expect(await first).toBeLessThan(elsewhere);
    expect(order).toEqual(["first", "second"]);
  });

  test("who had to wait for the lock is told what the one before has left, and then what it wrote itself", async () => {
    const user = randomUUID();
    const isLocked = Promise.withResolvers<void>();
    const mayCommit = Promise.withResolvers<void>();
    const push = { ...write, device: device.toUpperCase() };
    const first = database.transaction(push, async (transaction) => {
      await transaction.lockUser(user);
      isLocked.resolve();
      await mayCommit.promise;
      const [id] = await transaction.takeIds(1);
      await transaction.insertOps(user, [opOf(id!, { lamport_ts: 41 })]);
      await transaction.raiseDevice({ user, device, highestLamport: 41, contactAt: 0 });
      return id;
    });
    await isLocked.promise;
    const second = database.transaction(push, async (transaction) => {
      await transaction.lockUser(user);
      const before = [await transaction.highestId(user), await transaction.highestLamport(user, device)];
      const [id] = await transaction.takeIds(1);
      await transaction.insertOps(user, [opOf(id!, { lamport_ts: 42 })]);
      await transaction.raiseDevice({ user, device, highestLamport: 42, contactAt: 0 });
      expect(await transaction.highestId(user)).toBe(id);
      expect(await transaction.highestLamport(user, device)).toEqual({ ofDevice: 42, ofUser: 42 });
      return before;
    });
    await expect.poll(async () => (await admin.query(waiting, [user])).rows).toHaveLength(1);
    mayCommit.resolve();
    expect(await second).toEqual([await first, { ofDevice: 41, ofUser: 41 }]);
  });

  const waiting = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
    AND ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 0)`;

  test("no reader ever gets an id and later one below it, with many writers at once", async () => {
    const user = randomUUID();
    let writing = true;
    let reads = 0;
    const reader = (async () => {
      let seen: readonly number[] = [];
      while (writing) {
        const now = (await opsOf(user)).map(({ id }) => id);
        expect(now.slice(0, seen.length)).toEqual(seen);
        reads += now.length > seen.length ? 1 : 0;
        seen = now;
      }
    })();
    const writers = [0, 1, 2, 3].map(async (writer) => {
      for (let step = 1; step <= 15; step++) await storeOp(user, { lamport_ts: writer * 100 + step });
    });
    await Promise.all(writers);
    writing = false;
    await reader;
    expect(await opsOf(user)).toHaveLength(60);
    expect(reads).toBeGreaterThan(2);
  });

  test("a snapshot of repeatable read does not move", async () => {
    const user = randomUUID();
    await storeOp(user, { lamport_ts: 1 });
    await database.transaction(read, async (transaction) => {
      const head = await transaction.highestId(user);
      await storeOp(user, { lamport_ts: 2 });
      expect(await transaction.highestId(user)).toBe(head);
    });
  });
});

describe("when something breaks", () => {
  const holdCommit = "hold_commit";

  /** Ends the connection that serves `user` right now, from outside, and waits until it is gone. */
  const terminate = async (user: string): Promise<void> => {
    const { rows } = await admin.query(
      `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
       AND ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 0)`,
      [user],
    );
    expect(rows).toHaveLength(1);
    await admin.query("SELECT pg_terminate_backend($1, 5000)", [rows[0].pid]);
  };

  test("a refused statement says its SQLSTATE and leaves nothing", async () => {
    const user = randomUUID();
    const operationId = randomUUID();
    const failing = database.transaction(write, async (transaction) => {
      await transaction.insertOps(user, [opOf(1_000_001, { operation_id: operationId })]);
      await transaction.insertOps(user, [opOf(1_000_002, { operation_id: operationId })]);
      await transaction.announce({ kind: "ops", user, head: 2 });
    });
    await expect(failing).rejects.toMatchObject({ code: "statement_failed", sqlstate: "23505" });
    expect(await opsOf(user)).toEqual([]);
  });

  test("a question after a refused statement is answered with the first refusal", async () => {
    const user = randomUUID();
    let seen: unknown;
    const failing = database.transaction(write, async (transaction) => {
      await transaction.insertOps(user, [opOf(1_000_006), { ...opOf(1_000_007), op: "rename" as "upsert" }]);
      await transaction.highestId(user).catch((error: unknown) => {
        seen = error;
        throw error;
      });
    });
    await expect(failing).rejects.toMatchObject({ sqlstate: "23514" });
    expect(seen).toBeInstanceOf(StatementFailed);
  });

  test("a refusal that the caller swallows still commits nothing", async () => {
    const user = randomUUID();
    const swallowed = database.transaction(write, async (transaction) => {
      await transaction.insertOps(user, [opOf(1_000_003)]);
      await transaction.insertOps(user, [{ ...opOf(1_000_004), op: "rename" as "upsert" }]);
      await transaction.highestId(user).catch(() => undefined);
    });
    await expect(swallowed).rejects.toBeInstanceOf(StatementFailed);
    expect(await opsOf(user)).toEqual([]);
  });

  test("what the work throws is thrown, and rolls back", async () => {
    const user = randomUUID();
    const refusal = new Error("refused");
    const failing = database.transaction(write, async (transaction) => {
      await transaction.insertOps(user, [opOf(1_000_005)]);
      throw refusal;
    });
    await expect(failing).rejects.toBe(refusal);
    expect(await opsOf(user)).toEqual([]);
  });

  test.each(["after the lock", "after the id", "after the insert"])(
    "a connection that ends %s is a lost session, and nothing was committed",
    async (point) => {
      const user = randomUUID();
      const failing = database.transaction(write, async (transaction) => {
        await transaction.lockUser(user);
        if (point === "after the lock") await terminate(user);
        const [id] = await transaction.takeIds(1);
        if (point === "after the id") await terminate(user);
        await transaction.insertOps(user, [opOf(id!)]);
        await transaction.highestId(user);
        if (point === "after the insert") await terminate(user);
      });
      await expect(failing).rejects.toBeInstanceOf(SessionLost);
      expect(await opsOf(user)).toEqual([]);
    },
  );

  test("a connection that ends while a statement waits is a lost session", async () => {
    const user = randomUUID();
    const locked = Promise.withResolvers<void>();
    const unlock = Promise.withResolvers<void>();
    const holder = database.transaction(write, async (transaction) => {
      await transaction.lockUser(user);
      locked.resolve();
      await unlock.promise;
    });
    await locked.promise;
    const waiter = database.transaction(write, (transaction) => transaction.lockUser(user));
    waiter.catch(() => undefined);
    await terminateWaiter(user);
    await expect(waiter).rejects.toBeInstanceOf(SessionLost);
    unlock.resolve();
    await holder;
  });

  const terminateWaiter = async (user: string): Promise<void> => {
    for (;;) {
      const { rows } = await admin.query(
        `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
         AND ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 0)`,
        [user],
      );
      if (rows.length === 1) return;
    }
  };

  test("a connection that ends during the commit leaves it unknown", async () => {
    // The commit is held by a deferred trigger, which runs inside COMMIT and waits for a lock of ours.
    await admin.query(`
      CREATE FUNCTION ${holdCommit}() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(42, 42); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON sync_op DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.entity_type = 'held') EXECUTE FUNCTION ${holdCommit}();
      SELECT pg_advisory_lock(42, 42)`);
    const user = randomUUID();
    const failing = storeOp(user, { entity_type: "held" });
    failing.catch(() => undefined);
    try {
      for (let isHeld = false; !isHeld; ) {
        const waiting = await admin.query("SELECT 1 FROM pg_locks WHERE classid = 42 AND NOT granted");
        isHeld = waiting.rows.length === 1;
      }
      await terminate(user);
      await expect(failing).rejects.toBeInstanceOf(CommitUnknown);
    } finally {
      await admin.query("SELECT pg_advisory_unlock(42, 42); DROP TRIGGER hold ON sync_op");
    }
    expect(await opsOf(user)).toEqual([]);
  });

  test("a posted statement that the server ends before the commit is a lost session", async () => {
    // The posted insert and the commit are on the wire together; the insert's trigger ends the connection.
    await admin.query(`
      CREATE FUNCTION end_connection() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END $$;
      CREATE TRIGGER ending AFTER INSERT ON sync_op
        FOR EACH ROW WHEN (NEW.entity_type = 'ending') EXECUTE FUNCTION end_connection()`);
    const user = randomUUID();
    await expect(storeOp(user, { entity_type: "ending" })).rejects.toBeInstanceOf(SessionLost);
    await admin.query("DROP TRIGGER ending ON sync_op");
    expect(await opsOf(user)).toEqual([]);
  });

  test("a statement that takes too long fails and gives its connection back", async () => {
    const impatient = new SessionPool({
      url,
      connectionsMax: 1,
      statementTimeoutMs: 200,
      connectTimeoutMs: 500,
    });
    const hurried = new PostgresDatabase(impatient);
    const user = randomUUID();
    const locked = Promise.withResolvers<void>();
    const unlock = Promise.withResolvers<void>();
    const holder = database.transaction(write, async (transaction) => {
      await transaction.lockUser(user);
      locked.resolve();
      await unlock.promise;
    });
    await locked.promise;
    const late = hurried.transaction(write, (transaction) => transaction.lockUser(user));
    await expect(late).rejects.toMatchObject({ sqlstate: "57014" });
    expect(await hurried.transaction(read, (transaction) => transaction.highestId(user))).toBe(0);
    unlock.resolve();
    await holder;
    await impatient.close();
  });

  test("a database that is not there is a lost session, and so is a pool without a free connection", async () => {
    const nowhere = new SessionPool({ url: "postgresql://nobody@127.0.0.1:1/none" });
    const absent = new PostgresDatabase(nowhere);
    await expect(
      absent.transaction(read, (transaction) => transaction.highestId("u")),
    ).rejects.toBeInstanceOf(SessionLost);
    await nowhere.close();
    const narrow = new SessionPool({ url, connectionsMax: 1, connectTimeoutMs: 100 });
    const single = new PostgresDatabase(narrow);
    await single.transaction(read, async () => {
      await expect(single.transaction(read, async () => 1)).rejects.toBeInstanceOf(SessionLost);
    });
    await narrow.close();
  });
});
