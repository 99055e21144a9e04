// WaveFlow's named statements on the engine: the same meaning as the SQL of the real store, statement by statement. A
// statement that takes several of the engine's runs them without a pause, as one SQL statement does on its snapshot.
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type {
  DeviceId,
  EpochMs,
  LamportTs,
  OperationId,
  ServerId,
  UserId,
} from "../../protocol/waveflow/types.ts";
import type { Receipt, StoredOp, Watermark } from "../../reference-server/waveflow/ports.ts";
import type { Outcome, Session } from "../postgres/engine.ts";
import { distinct, insert, max, remove, select, type Statement } from "../postgres/statements.ts";
import {
  type CursorRow,
  cursorTable,
  type DeviceRow,
  deviceTable,
  opTable,
  type ReceiptRow,
  receiptTable,
  type WatermarkRow,
  watermarkTable,
} from "./schema.ts";

/** Runs on a session and answers once. */
export type Run<R> = (session: Session, done: (outcome: Outcome<R>) => void) => void;

export const findReceipts =
  (user: UserId, operationIds: readonly OperationId[]): Run<ReadonlyMap<string, Receipt>> =>
  (session, done) => {
    const found = new Map<string, Receipt>();
    for (const operationId of operationIds) {
      const operation = uuidKey(operationId);
      const rows = readNow(
        session,
        select(receiptTable, { index: "sync_receipt_pkey", equals: [user, operation] }),
      );
      if (!rows.ok) return done(rows);
      for (const { receipt } of rows.value) found.set(operation, receipt);
    }
    done({ ok: true, value: found });
  };

export const highestLamport =
  (user: UserId, device: DeviceId): Run<{ ofDevice: LamportTs; ofUser: LamportTs }> =>
  (session, done) => {
    const rows = readNow(session, select(deviceTable, { index: "sync_device_pkey", equals: [user] }));
    if (!rows.ok) return done(rows);
    const key = uuidKey(device);
    let ofDevice = 0;
    let ofUser = 0;
    for (const row of rows.value) {
      if (row.device === key) ofDevice = row.highestLamport;
      ofUser = Math.max(ofUser, row.highestLamport);
    }
    done({ ok: true, value: { ofDevice, ofUser } });
  };

export const highestId =
  (user: UserId): Run<ServerId> =>
  (session, done) =>
    session.execute(
      max(opTable, { index: "sync_op_user_id", equals: [user] }),
      answerWith(done, (row) => row?.id ?? 0),
    );

export const insertOps =
  (user: UserId, ops: readonly StoredOp[]): Run<void> =>
  (session, done) => {
    const rows = ops.map((stored) => ({
      user,
      id: stored.id,
      device: uuidKey(stored.device_id),
      operation: uuidKey(stored.operation_id),
      lamport: stored.lamport_ts,
      stored,
    }));
    session.execute(insert(opTable, rows), answerWith(done, nothing));
  };

export const insertReceipts =
  (user: UserId, receipts: readonly Receipt[]): Run<void> =>
  (session, done) => {
    const rows = receipts.map(
      (receipt): ReceiptRow => ({ user, operation: uuidKey(receipt.operationId), receipt }),
    );
    session.execute(insert(receiptTable, rows), answerWith(done, nothing));
  };

export const raiseDevice =
  (row: { user: UserId; device: DeviceId; highestLamport: LamportTs; contactAt: EpochMs }): Run<void> =>
  (session, done) => {
    const proposed: DeviceRow = { ...row, device: uuidKey(row.device) };
    const upsert = insert(deviceTable, proposed, {
      do: "update",
      index: "sync_device_pkey",
      where: (present) => present.highestLamport < row.highestLamport || present.contactAt < row.contactAt,
      set: (present) => ({
        ...present,
        highestLamport: Math.max(present.highestLamport, row.highestLamport),
        contactAt: Math.max(present.contactAt, row.contactAt),
      }),
    });
    session.execute(upsert, answerWith(done, nothing));
  };

export const opsAfter =
  (page: { user: UserId; since: ServerId; limit: number }): Run<readonly StoredOp[]> =>
  (session, done) => {
    const where = { index: "sync_op_user_id", equals: [page.user], range: { above: page.since } };
    session.execute(
      select(opTable, where, { limit: page.limit }),
      answerWith(done, (rows) => rows.map((row) => row.stored)),
    );
  };

export const readWatermark =
  (user: UserId): Run<Watermark> =>
  (session, done) =>
    session.execute(
      select(watermarkTable, { index: "sync_compaction_watermark_pkey", equals: [user] }),
      answerWith(done, ([row]) => watermarkOf(row)),
    );

export const findCursor =
  (user: UserId, device: DeviceId): Run<ServerId | undefined> =>
  (session, done) =>
    session.execute(
      select(cursorTable, { index: "device_sync_cursor_pkey", equals: [user, uuidKey(device)] }),
      answerWith(done, ([row]) => row?.lastSeenId),
    );

export const raiseCursor =
  (row: { user: UserId; device: DeviceId; lastSeenId: ServerId; seenAt: EpochMs }): Run<void> =>
  (session, done) => {
    const proposed: CursorRow = { ...row, device: uuidKey(row.device) };
    const upsert = insert(cursorTable, proposed, {
      do: "update",
      index: "device_sync_cursor_pkey",
      where: (present) => present.lastSeenId < row.lastSeenId || present.seenAt < row.seenAt,
      set: (present) => ({
        ...present,
        lastSeenId: Math.max(present.lastSeenId, row.lastSeenId),
        seenAt: Math.max(present.seenAt, row.seenAt),
      }),
    });
    session.execute(upsert, answerWith(done, nothing));
  };

/** The device's row knows of contacts that acknowledged nothing.  Source: WF-COMP-1, WF-ACK-4. */
export const minimumCursor =
  (range: { user: UserId; contactSince: EpochMs }): Run<ServerId | undefined> =>
  (session, done) => {
    const { user, contactSince } = range;
    const cursors = readNow(
      session,
      select(cursorTable, { index: "device_sync_cursor_pkey", equals: [user] }),
    );
    if (!cursors.ok) return done(cursors);
    const devices = readNow(session, select(deviceTable, { index: "sync_device_pkey", equals: [user] }));
    if (!devices.ok) return done(devices);
    const contacts = new Map(devices.value.map((row) => [row.device, row.contactAt]));
    let minimum: ServerId | undefined;
    for (const { device, lastSeenId, seenAt } of cursors.value) {
      if (Math.max(seenAt, contacts.get(device) ?? seenAt) < contactSince) continue;
      if (minimum === undefined || lastSeenId < minimum) minimum = lastSeenId;
    }
    done({ ok: true, value: minimum });
  };

/** Source: WF-COMP-2. */
export const collapse =
  (range: { user: UserId; below: ServerId }): Run<{ deleted: number; highestDeletedId: ServerId }> =>
  (session, done) => {
    const where = { index: "sync_op_user_id", equals: [range.user], range: { below: range.below } };
    const rows = readNow(session, select(opTable, where));
    if (!rows.ok) return done(rows);
    const doomed = supersededIds(rows.value.map((row) => row.stored));
    if (doomed.size === 0) return done({ ok: true, value: { deleted: 0, highestDeletedId: 0 } });
    session.execute(
      remove(opTable, { ...where, filter: (row) => doomed.has(row.id) }),
      answerWith(done, (gone) => ({
        deleted: gone.length,
        highestDeletedId: gone.reduce((highest, row) => Math.max(highest, row.id), 0),
      })),
    );
  };

export const raiseWatermark =
  (row: { user: UserId; compactedUpTo: ServerId; at: EpochMs }): Run<Watermark> =>
  (session, done) => {
    const { user, compactedUpTo, at } = row;
    const proposed: WatermarkRow = { user, compactedUpTo, generation: 1, updatedAt: at };
    const upsert = insert(watermarkTable, proposed, {
      do: "update",
      index: "sync_compaction_watermark_pkey",
      set: (present) => ({
        ...present,
        compactedUpTo: Math.max(present.compactedUpTo, compactedUpTo),
        generation: present.generation + 1,
        updatedAt: at,
      }),
    });
    session.execute(
      upsert,
      answerWith(done, ([raised]) => watermarkOf(raised)),
    );
  };

export const usersWithOps =
  (page: { after: UserId; limit: number }): Run<readonly UserId[]> =>
  (session, done) =>
    session.execute(
      distinct(opTable, { index: "sync_op_user_id", above: page.after, limit: page.limit }),
      answerWith(done, (users) => users as readonly UserId[]),
    );

/** From the newest op to the oldest: a register that was written later supersedes, and so does a later delete of the
 *  whole entity. A delete is a register of its own, so of several the newest stays. */
function supersededIds(ascending: readonly StoredOp[]): ReadonlySet<ServerId> {
  const superseded = new Set<ServerId>();
  const later = new Map<string, Map<string, Set<string>>>();
  for (const op of ascending.toReversed()) {
    const ofType = emplace(later, op.entity_type, () => new Map<string, Set<string>>());
    const fields = emplace(ofType, op.entity_id, () => new Set<string>());
    const field = op.field ?? wholeEntity;
    if (fields.has(wholeEntity) || fields.has(field)) superseded.add(op.id);
    else fields.add(field);
  }
  return superseded;
}

// A field has at least one character.
const wholeEntity = "";

function emplace<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = create()));
  return value;
}

const watermarkOf = (row: WatermarkRow | undefined): Watermark =>
  row === undefined ? noWatermark : { compactedUpTo: row.compactedUpTo, generation: row.generation };

const noWatermark: Watermark = { compactedUpTo: 0, generation: 0 };

const nothing = (): void => {};

const answerWith =
  <A, B>(done: (outcome: Outcome<B>) => void, convert: (value: A) => B) =>
  (outcome: Outcome<A>): void =>
    done(outcome.ok ? { ok: true, value: convert(outcome.value) } : outcome);

/** A plain read never waits, so its answer is there when `execute` returns. */
function readNow<R>(session: Session, statement: Statement<R>): Outcome<R> {
  let answer: Outcome<R> | undefined;
  session.execute(statement, (outcome) => {
    answer = outcome;
  });
  if (answer === undefined) throw new Error(`expected ${statement.kind} to answer at once`);
  return answer;
}
