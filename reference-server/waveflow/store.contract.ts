// What the core asks of a store, as laws: run over the simulated engine and over PostgreSQL, so that the server is the
// same server in both worlds. Users and operations are fresh in each law; ids are only ever compared with each other.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Announcement,
  type Database,
  type Fanout,
  StatementFailed,
  type StoredOp,
  type Transaction,
} from "./ports.ts";

export interface StoreUnderTest {
  readonly database: Database;
  readonly fanout: Fanout;
  close(): Promise<void>;
}

/** Declares the laws for one store. `open` gives an empty database. */
export function describeStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`a store of WaveFlow on ${name}`, () => {
    const { freshUser, freshUuid, opOf } = createNames();
    let store: StoreUnderTest;
    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store?.close());

    const write = <T>(work: (transaction: Transaction) => Promise<T>): Promise<T> =>
      store.database.transaction({ isolation: "read committed", purpose: "push" }, work);
    const read = <T>(work: (transaction: Transaction) => Promise<T>): Promise<T> =>
      store.database.transaction({ isolation: "repeatable read", purpose: "pull" }, work);
    const logOf = (user: string) =>
      read((transaction) => transaction.opsAfter({ user, since: 0, limit: 10_000 }));
    const append = (user: string, ...drafts: readonly Partial<StoredOp>[]): Promise<readonly StoredOp[]> =>
      write(async (transaction) => {
        const ids = await transaction.takeIds(drafts.length);
        const ops = drafts.map((draft, place) => opOf({ id: ids[place]!, ...draft }));
        await transaction.insertOps(user, ops);
        return ops;
      });

    describe("the log", () => {
      test("gives back what was put in, spelled as it was", async () => {
        const user = freshUser();
        const given = await append(
          user,
          { device_id: deviceId(0xab).toUpperCase(), operation_id: freshUuid().toUpperCase() },
          { value: { z: [1, null, "é\u{1F3B5}"], a: 1e21 }, wall_clock: "2031-12-31T23:59:59.999Z" },
          { value: null, prevId: 7 },
          { op: "delete", field: null, value: null },
          { entity_type: " song", entity_id: "É", lamport_ts: Number.MAX_SAFE_INTEGER },
        );
        expect(await logOf(user)).toEqual(given);
      });

      test("is read upwards from after since, to a limit, and knows its highest id", async () => {
        const user = freshUser();
        expect(await read((transaction) => transaction.highestId(user))).toBe(0);
        const ids = (await append(user, {}, {}, {})).map(({ id }) => id);
        const page = await read((transaction) => transaction.opsAfter({ user, since: ids[0]!, limit: 1 }));
        expect(page.map(({ id }) => id)).toEqual([ids[1]]);
        expect(await read((transaction) => transaction.highestId(user))).toBe(ids[2]);
        expect(await logOf(freshUser())).toEqual([]);
      });

      test("takes ascending ids, and none twice, also where a transaction gave up", async () => {
        const taken: number[] = [];
        const giveUp = write(async (transaction) => {
          taken.push(...(await transaction.takeIds(3)));
          throw new Error("given up");
        });
        await expect(giveUp).rejects.toThrow("given up");
        taken.push(...(await write((transaction) => transaction.takeIds(2))));
        expect(taken).toEqual([...new Set(taken)].sort((one, other) => one - other));
      });

      test.each<[string, Partial<StoredOp>]>([
        ["operation id", { operation_id: "ABCDEF00-0000-4000-8000-000000000001" }],
        ["stamp", { lamport_ts: 77 }],
      ])("refuses a second op of a device with the same %s, whatever its case", async (_, same) => {
        const [user, other] = [freshUser(), freshUser()];
        await append(user, same);
        const lower = Object.entries(same).map(([member, value]) => [member, toLower(value)]);
        const again = append(user, { device_id: deviceId(1).toUpperCase(), ...Object.fromEntries(lower) });
        await expect(again).rejects.toMatchObject({ code: "statement_failed", sqlstate: "23505" });
        expect(await logOf(user)).toHaveLength(1);
        await append(user, { ...same, device_id: deviceId(2) });
        await append(other, same);
      });

      test("lists its users page by page", async () => {
        const users = [freshUser(), freshUser(), freshUser()];
        for (const user of users) await append(user, {}, {});
        const listed: string[] = [];
        for (let after = ""; ; after = listed.at(-1)!) {
          const page = await read((transaction) => transaction.usersWithOps({ after, limit: 2 }));
          expect(page.length).toBeLessThanOrEqual(2);
          listed.push(...page);
          if (page.length < 2) break;
        }
        expect(new Set(listed).size).toBe(listed.length);
        expect(listed).toEqual(expect.arrayContaining(users));
      });
    });

    describe("receipts, devices and cursors", () => {
      test("a receipt is found in either case by its lower-case id, and only by its user", async () => {
        const [user, other] = [freshUser(), freshUser()];
        const operationId = freshUuid().toUpperCase();
        const receipt = { operationId, deviceId: deviceId(1), id: 5, lamportTs: 9, fingerprint: "f" };
        await write((transaction) => transaction.insertReceipts(user, [receipt]));
        for (const spelling of [operationId, operationId.toLowerCase()]) {
          const found = await read((transaction) =>
            transaction.findReceipts(user, [freshUuid(), spelling, spelling]),
          );
          expect([...found]).toEqual([[operationId.toLowerCase(), receipt]]);
        }
        const foreign = await read((transaction) => transaction.findReceipts(other, [operationId]));
        expect(foreign.size).toBe(0);
      });

      test("stamps are the device's and the user's highest, and never fall", async () => {
        const user = freshUser();
        const raise = (number: number, highestLamport: number) =>
          write((transaction) =>
            transaction.raiseDevice({ user, device: deviceId(number), highestLamport, contactAt: 0 }),
          );
        const highest = (who: string, number: number) =>
          read((transaction) => transaction.highestLamport(who, deviceId(number)));
        expect(await highest(user, 1)).toEqual({ ofDevice: 0, ofUser: 0 });
        await raise(1, 5);
        await raise(2, 9);
        await raise(1, 3);
        expect(await highest(user, 1)).toEqual({ ofDevice: 5, ofUser: 9 });
        expect(await highest(user, 3)).toEqual({ ofDevice: 0, ofUser: 9 });
        expect(await highest(freshUser(), 1)).toEqual({ ofDevice: 0, ofUser: 0 });
      });

      test("a cursor is absent until it is raised, and never falls", async () => {
        const user = freshUser();
        const raise = (lastSeenId: number) =>
          write((transaction) =>
            transaction.raiseCursor({ user, device: deviceId(1), lastSeenId, seenAt: 0 }),
          );
        const cursor = (number: number) =>
          read((transaction) => transaction.findCursor(user, deviceId(number)));
        expect(await cursor(1)).toBeUndefined();
        await raise(0);
        expect(await cursor(1)).toBe(0);
        await raise(8);
        await raise(3);
        expect(await cursor(1)).toBe(8);
        expect(await cursor(2)).toBeUndefined();
      });

      test("the smallest cursor is that of the devices heard of at the given time or later", async () => {
        const user = freshUser();
        const now = Date.UTC(2026, 5, 1);
        const minimum = (contactSince: number) =>
          read((transaction) => transaction.minimumCursor({ user, contactSince }));
        expect(await minimum(0)).toBeUndefined();
        await write(async (transaction) => {
          for (const [number, lastSeenId, contactAt] of [
            [1, 10, now],
            [2, 4, now - 1],
            [3, 7, now - 2],
          ] as const) {
            const device = deviceId(number);
            await transaction.raiseCursor({ user, device, lastSeenId, seenAt: now - 1_000 });
            await transaction.raiseDevice({ user, device, highestLamport: 0, contactAt });
            await transaction.raiseDevice({ user, device, highestLamport: 0, contactAt: contactAt - 500 });
          }
          await transaction.raiseDevice({ user, device: deviceId(4), highestLamport: 0, contactAt: now });
        });
        expect(await minimum(now - 2)).toBe(4);
        expect(await minimum(now - 1)).toBe(4);
        expect(await minimum(now)).toBe(10);
        expect(await minimum(now + 1)).toBeUndefined();
      });
    });

    describe("compaction", () => {
      test("keeps of every log exactly what nothing later below the bound supersedes", async () => {
        const fields = ["a", "b", null] as const;
        const length = 4;
        await Promise.all(
          Array.from({ length: fields.length ** length }, async (_, number) => {
            const user = freshUser();
            const ops = await append(
              user,
              ...Array.from({ length }, (_, place): Partial<StoredOp> => {
                const field = fields[Math.floor(number / fields.length ** place) % fields.length]!;
                const op = field === null ? "delete" : "upsert";
                return {
                  op,
                  field,
                  value: field === null ? null : place,
                  entity_id: number % 5 === place ? "2" : "1",
                };
              }),
            );
            const below = ops[number % length]!.id + (number % 2);
            const gone = supersededBelow(ops, below);
            const collapsed = await write((transaction) => transaction.collapse({ user, below }));
            expect(collapsed).toEqual({ deleted: gone.length, highestDeletedId: Math.max(0, ...gone) });
            expect(await logOf(user)).toEqual(ops.filter(({ id }) => !gone.includes(id)));
          }),
        );
      });

      test("leaves other users' logs and all receipts and devices alone", async () => {
        const [user, other] = [freshUser(), freshUser()];
        const [, last] = await append(user, { field: "t" }, { field: "t" });
        await append(other, { field: "t" }, { field: "t" });
        const operationId = freshUuid();
        const receipt = { operationId, deviceId: deviceId(1), id: last!.id, lamportTs: 1, fingerprint: "f" };
        await write((transaction) => transaction.insertReceipts(user, [receipt]));
        const below = last!.id + 1;
        expect((await write((transaction) => transaction.collapse({ user, below }))).deleted).toBe(1);
        expect(await logOf(other)).toHaveLength(2);
        expect((await read((transaction) => transaction.findReceipts(user, [operationId]))).size).toBe(1);
      });

      test("counts its generations, and its watermark never falls", async () => {
        const user = freshUser();
        const raise = (compactedUpTo: number) =>
          write((transaction) => transaction.raiseWatermark({ user, compactedUpTo, at: 0 }));
        const watermark = () => read((transaction) => transaction.readWatermark(user));
        expect(await watermark()).toEqual({ compactedUpTo: 0, generation: 0 });
        expect(await raise(10)).toEqual({ compactedUpTo: 10, generation: 1 });
        expect(await raise(4)).toEqual({ compactedUpTo: 10, generation: 2 });
        expect(await watermark()).toEqual({ compactedUpTo: 10, generation: 2 });
      });
    });

    describe("transactions", () => {
      test("what is thrown is thrown on, and nothing of it is stored", async () => {
        const user = freshUser();
        const refusal = new Error("refused");
        const failing = write(async (transaction) => {
          await transaction.insertOps(user, [opOf({ id: (await transaction.takeIds(1))[0]! })]);
          await transaction.raiseCursor({ user, device: deviceId(1), lastSeenId: 3, seenAt: 0 });
          throw refusal;
        });
        await expect(failing).rejects.toBe(refusal);
        expect(await logOf(user)).toEqual([]);
        expect(await read((transaction) => transaction.findCursor(user, deviceId(1)))).toBeUndefined();
      });

      test("one that swallowed a failed statement does not pretend to have committed", async () => {
        const user = freshUser();
        const [first] = await append(user, {});
        const swallowing = write(async (transaction) => {
          const ids = await transaction.takeIds(1);
          await transaction.insertOps(user, [opOf({ id: ids[0]!, field: "other" })]);
          await transaction.insertOps(user, [opOf({ id: first!.id })]).catch(() => undefined);
          await transaction.highestId(user).catch(() => undefined);
        });
        await expect(swallowing).rejects.toBeInstanceOf(StatementFailed);
        expect(await logOf(user)).toHaveLength(1);
      });

      test("one sees its own writes, and nobody sees them before the commit", async () => {
        const user = freshUser();
        await write(async (transaction) => {
          const [id] = await transaction.takeIds(1);
          await transaction.insertOps(user, [opOf({ id: id! })]);
          expect(await transaction.highestId(user)).toBe(id);
          expect(await logOf(user)).toEqual([]);
        });
        expect(await logOf(user)).toHaveLength(1);
      });

      test("read committed sees what commits meanwhile, repeatable read does not", async () => {
        const user = freshUser();
        await append(user, {});
        for (const run of [write, read]) {
          await run(async (transaction) => {
            const before = await transaction.highestId(user);
            await append(user, {});
            expect((await transaction.highestId(user)) > before).toBe(run === write);
          });
        }
        expect(await logOf(user)).toHaveLength(3);
      });

      test("a contact noted after the snapshot is a serialization failure under repeatable read", async () => {
        const user = freshUser();
        const raise = (transaction: Transaction, contactAt: number) =>
          transaction.raiseDevice({ user, device: deviceId(1), highestLamport: 0, contactAt });
        await write((transaction) => raise(transaction, 1));
        const late = read(async (transaction) => {
          await transaction.highestId(user);
          await write((other) => raise(other, 2));
          await raise(transaction, 3);
        });
        await expect(late).rejects.toMatchObject({ sqlstate: "40001" });
      });

      test("WF-PUSH-9: a user's writers go one after the other, and hold up nobody else", async () => {
        const [user, other] = [freshUser(), freshUser()];
        const isLocked = Promise.withResolvers<void>();
        const mayCommit = Promise.withResolvers<void>();
        const order: string[] = [];
        const first = write(async (transaction) => {
          await transaction.lockUser(user);
          isLocked.resolve();
          await mayCommit.promise;
          order.push("first ends");
        });
        await isLocked.promise;
        const second = write(async (transaction) => {
          await transaction.lockUser(user);
          order.push("second begins");
        });
        await write((transaction) => transaction.lockUser(other));
        await append(user, {});
        order.push("others pass");
        mayCommit.resolve();
        await Promise.all([first, second]);
        expect(order).toEqual(["others pass", "first ends", "second begins"]);
      });

      test("the user's lock is free again after a transaction that gave up", async () => {
        const user = freshUser();
        const giveUp = write(async (transaction) => {
          await transaction.lockUser(user);
          throw new Error("given up");
        });
        await expect(giveUp).rejects.toThrow("given up");
        await write((transaction) => transaction.lockUser(user));
      });
    });

    describe("announcements", () => {
      test("are heard after their commit, in commit order, by everybody; those of a rollback never", async () => {
        const user = freshUser();
        const heard: Announcement[][] = [[], []];
        const isOver = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
        const listening = await Promise.all(
          heard.map((announcements, place) =>
            store.fanout.listen({
              onAnnouncement: (announcement) => {
                if (announcement.user !== user) return;
                announcements.push(announcement);
                if (announcement.kind === "watermark") isOver[place]!.resolve();
              },
              onGap: () => undefined,
            }),
          ),
        );
        const announce = (announcement: Announcement, fate: "commit" | "rollback") =>
          write(async (transaction) => {
            await transaction.announce(announcement);
            expect(heard[0]).not.toContainEqual(announcement);
            if (fate === "rollback") throw new Error("given up");
          });
        const [one, two] = [1, 2].map((head): Announcement => ({ kind: "ops", user, head })) as [
          Announcement,
          Announcement,
        ];
        const last: Announcement = { kind: "watermark", user, compactedUpTo: 1 };
        await announce(one, "commit");
        await expect(announce({ ...one, user, kind: "ops", head: 99 }, "rollback")).rejects.toThrow(
          "given up",
        );
        await announce(two, "commit");
        await announce(last, "commit");
        await Promise.all(isOver.map(({ promise }) => promise));
        expect(heard).toEqual([
          [one, two, last],
          [one, two, last],
        ]);
        await Promise.all(listening.map((each) => each.close()));
      });
    });
  });
}

/** Names that no other law uses. */
function createNames() {
  let users = 0;
  let uuids = 0;
  let stamps = 1_000;
  const uuid = (): string => `abcdef00-0000-4000-9000-${(++uuids).toString(16).padStart(12, "0")}`;
  const op = (draft: Partial<StoredOp> & { readonly id: number }): StoredOp => ({
    prevId: 0,
    device_id: deviceId(1),
    operation_id: uuid(),
    entity_type: "song",
    entity_id: "1",
    op: "upsert",
    field: "title",
    value: "A",
    lamport_ts: ++stamps,
    wall_clock: "2026-01-02T03:04:05.678Z",
    ...draft,
  });
  return { freshUser: () => `contract-${++users}`, freshUuid: uuid, opOf: op };
}

const deviceId = (number: number): string =>
  `abcdef00-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;

const toLower = (value: unknown): unknown => (typeof value === "string" ? value.toLowerCase() : value);

/** WF-COMP-2 as it is written, one op against every other. */
function supersededBelow(ops: readonly StoredOp[], below: number): readonly number[] {
  const eligible = ops.filter(({ id }) => id < below);
  const isSuperseded = (old: StoredOp): boolean =>
    eligible.some(
      (later) =>
        later.id > old.id &&
        later.entity_type === old.entity_type &&
        later.entity_id === old.entity_id &&
        (later.field === old.field || later.op === "delete"),
    );
  return eligible.filter(isSuperseded).map(({ id }) => id);
}
