// WaveFlow's named statements on a session, in few round trips.
// Statements that answer nothing are posted: their outcome is learnt with the next answer, the commit's at the latest.
// `lockUser` is waited for all the same, because its caller relies on having the lock.
// What a push asks once it has the lock is known beforehand, so it is asked together with the lock: under the lock nobody
// else changes the answers, and a write of this transaction throws them away.
import type { LogOp } from "../../protocol/waveflow/types.ts";
import type {
  Announcement,
  Receipt,
  StoredOp,
  Transaction,
  TransactionOptions,
  Watermark,
} from "../waveflow/ports.ts";
import { announcementChannel, announcementToPayload } from "./announcements.ts";
import type { Session, SqlStatement } from "./session.ts";
import * as sql from "./statements.ts";

export class PostgresTransaction implements Transaction {
  readonly #session: Session;
  readonly #pusher: string | undefined;
  readonly #foreseen = new Map<string, Promise<readonly unknown[]>>();

  /** `options` tell what will be asked; without them nothing is foreseen. */
  constructor(session: Session, options?: TransactionOptions) {
    this.#session = session;
    this.#pusher = options?.purpose === "push" ? options.device?.toLowerCase() : undefined;
  }

  async lockUser(user: string): Promise<void> {
    const locked = this.#session.run(sql.lockUser, [user]);
    if (this.#pusher !== undefined) {
      this.#foresee(sql.highestLamport, [user, this.#pusher]);
      this.#foresee(sql.highestId, [user]);
    }
    await locked;
  }

  async findReceipts(user: string, operationIds: readonly string[]): Promise<ReadonlyMap<string, Receipt>> {
    const rows = await this.#session.run(sql.findReceipts, [user, operationIds]);
    return new Map(rows.map((row) => [row.key, rowToReceipt(row)]));
  }

  async highestLamport(user: string, device: string): Promise<{ ofDevice: number; ofUser: number }> {
    const [row] = await this.#ask(sql.highestLamport, [user, device]);
    return { ofDevice: row!.of_device, ofUser: row!.of_user };
  }

  async highestId(user: string): Promise<number> {
    const [row] = await this.#ask(sql.highestId, [user]);
    return row?.id ?? 0;
  }

  async takeIds(count: number): Promise<readonly number[]> {
    const rows = await this.#session.run(sql.takeIds, [count]);
    return rows.map(({ id }) => id);
  }

  async insertOps(user: string, ops: readonly StoredOp[]): Promise<void> {
    this.#post(sql.insertOps, [user, JSON.stringify(ops.map(opToRow))]);
  }

  async insertReceipts(user: string, receipts: readonly Receipt[]): Promise<void> {
    this.#post(sql.insertReceipts, [user, JSON.stringify(receipts.map(receiptToRow))]);
  }

  async raiseDevice(row: Parameters<Transaction["raiseDevice"]>[0]): Promise<void> {
    const { user, device, highestLamport, contactAt } = row;
    this.#post(sql.raiseDevice, [user, device, highestLamport, epochToTimestamp(contactAt)]);
  }

  async opsAfter(page: Parameters<Transaction["opsAfter"]>[0]): Promise<readonly StoredOp[]> {
    const rows = await this.#session.run(sql.opsAfter, [page.user, page.since, page.limit]);
    return rows.map(rowToOp);
  }

  async readWatermark(user: string): Promise<Watermark> {
    const [row] = await this.#session.run(sql.readWatermark, [user]);
    return row === undefined ? { compactedUpTo: 0, generation: 0 } : rowToWatermark(row);
  }

  async findCursor(user: string, device: string): Promise<number | undefined> {
    const [row] = await this.#session.run(sql.findCursor, [user, device]);
    return row?.last_seen_id;
  }

  async raiseCursor(row: Parameters<Transaction["raiseCursor"]>[0]): Promise<void> {
    const { user, device, lastSeenId, seenAt } = row;
    this.#post(sql.raiseCursor, [user, device, lastSeenId, epochToTimestamp(seenAt)]);
  }

  async minimumCursor(range: Parameters<Transaction["minimumCursor"]>[0]): Promise<number | undefined> {
    const since = epochToTimestamp(range.contactSince);
    const [row] = await this.#session.run(sql.minimumCursor, [range.user, since]);
    return row?.minimum ?? undefined;
  }

  async collapse(
    range: Parameters<Transaction["collapse"]>[0],
  ): Promise<{ deleted: number; highestDeletedId: number }> {
    const [row] = await this.#session.run(sql.collapse, [range.user, range.below]);
    return { deleted: row!.deleted, highestDeletedId: row!.highest };
  }

  async raiseWatermark(row: Parameters<Transaction["raiseWatermark"]>[0]): Promise<Watermark> {
    const values = [row.user, row.compactedUpTo, epochToTimestamp(row.at)];
    const [raised] = await this.#session.run(sql.raiseWatermark, values);
    return rowToWatermark(raised!);
  }

  async usersWithOps(page: Parameters<Transaction["usersWithOps"]>[0]): Promise<readonly string[]> {
    const rows = await this.#session.run(sql.usersWithOps, [page.after, page.limit]);
    return rows.map((row) => row.user_id);
  }

  async announce(announcement: Announcement): Promise<void> {
    this.#session.post(sql.announce, [announcementChannel, announcementToPayload(announcement)]);
  }

  #foresee(statement: SqlStatement<unknown>, values: readonly unknown[]): void {
    const answer = this.#session.run(statement, values);
    // Whoever asks hears of a failure; so does everything else on this session.
    answer.catch(() => undefined);
    this.#foreseen.set(questionKey(statement, values), answer);
  }

  async #ask<Row>(statement: SqlStatement<Row>, values: readonly unknown[]): Promise<readonly Row[]> {
    const foreseen =
      this.#foreseen.size === 0 ? undefined : this.#foreseen.get(questionKey(statement, values));
    return (await (foreseen ?? this.#session.run(statement, values))) as readonly Row[];
  }

  #post(statement: SqlStatement<unknown>, values: readonly unknown[]): void {
    this.#foreseen.clear();
    this.#session.post(statement, values);
  }
}

const questionKey = (statement: SqlStatement<unknown>, values: readonly unknown[]): string =>
  JSON.stringify([statement.name, values]);

const rowToReceipt = (row: sql.ReceiptRow): Receipt => ({
  operationId: row.operation_id,
  deviceId: row.device_id,
  id: row.id,
  lamportTs: row.lamport_ts,
  fingerprint: row.fingerprint,
});

const receiptToRow = (receipt: Receipt) => ({
  operation_id: receipt.operationId,
  device_id: receipt.deviceId,
  id: receipt.id,
  lamport_ts: receipt.lamportTs,
  fingerprint: receipt.fingerprint,
  ...spellings(receipt.operationId, receipt.deviceId),
});

const rowToOp = (row: sql.OpRow): StoredOp => ({
  id: row.id,
  device_id: row.device_id,
  operation_id: row.operation_id,
  entity_type: row.entity_type,
  entity_id: row.entity_id,
  op: row.op as LogOp["op"],
  field: row.field,
  value: row.value as LogOp["value"],
  lamport_ts: row.lamport_ts,
  wall_clock: row.wall_clock,
  prevId: row.prev_id,
});

const opToRow = ({ prevId, ...op }: StoredOp) => ({
  ...op,
  prev_id: prevId,
  ...spellings(op.operation_id, op.device_id),
});

const spellings = (operationId: string, deviceId: string) => ({
  operation_id_as_sent: unusualSpelling(operationId),
  device_id_as_sent: unusualSpelling(deviceId),
});

// `undefined` is left out of the JSON and so becomes NULL.
const unusualSpelling = (uuid: string): string | undefined =>
  uuid === uuid.toLowerCase() ? undefined : uuid;

const rowToWatermark = (row: sql.WatermarkRow): Watermark => ({
  compactedUpTo: row.compacted_up_to,
  generation: row.generation,
});

const earliestMs = Date.parse("0001-01-01T00:00:00Z");
const latestMs = Date.parse("9999-12-31T23:59:59.999Z");

// Times outside of the calendar that PostgreSQL reads in this form only come from bounds that mean "always" or "never".
const epochToTimestamp = (epochMs: number): string =>
  new Date(Math.min(Math.max(epochMs, earliestMs), latestMs)).toISOString();
