// The edits that wait for the server. Rows keep the order in which they were made and a number that is never given
// twice, also after the queue ran empty: a reader with a high-water mark would step over a reused one.
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { EpochMs, LamportTs, OpContent, OperationId, PushOp } from "../../protocol/waveflow/types.ts";
import type { DurableStep } from "./durable-step.ts";
import { lamportMax } from "./lamport-clock.ts";
import type { Ids } from "./ports.ts";

export interface QueueRow {
  readonly number: number;
  readonly op: PushOp;
  readonly attempts: number;
  readonly triedAt: EpochMs | null;
  readonly lastError: string | null;
  /** Made in mode `local`, and not shared yet.  Source: WF-DEV-13. */
  readonly unshared: boolean;
}

/** Every change takes a durable step and shows in memory when the step is committed.  Source: WF-DEV-3. */
export class EditQueue {
  readonly #prefix: string;
  readonly #nextRowKey: string;
  readonly #ids: Ids;
  #rows = new Map<number, QueueRow>();
  readonly #numbers = new Map<string, number>();
  #nextNumber: number;
  #unshared = 0;

  constructor(setup: { prefix: string; ids: Ids; rows: Iterable<QueueRow>; nextNumber: number }) {
    this.#prefix = setup.prefix;
    this.#nextRowKey = `${setup.prefix}nextRow`;
    this.#ids = setup.ids;
    this.#nextNumber = setup.nextNumber;
    for (const row of setup.rows) this.#keep(row);
  }

  /** Mints the operation id and puts the edit at the end. A number that a failed commit has used up stays unused. */
  enqueue(step: DurableStep, edit: { content: OpContent; stamp: LamportTs; unshared: boolean }): PushOp {
    const { entity_type, entity_id, op: kind, field, value } = edit.content;
    const operation_id = this.#ids.uuid();
    const op: PushOp = {
      operation_id,
      entity_type,
      entity_id,
      op: kind,
      field,
      value,
      lamport_ts: edit.stamp,
    };
    const number = this.takeNumber(step);
    this.#write(step, { number, op, attempts: 0, triedAt: null, lastError: null, unshared: edit.unshared });
    return op;
  }

  /** The next row number, for an edit that needs its place in the order without waiting in the queue. */
  takeNumber(step: DurableStep): number {
    const number = this.#nextNumber++;
    step.put("meta", this.#nextRowKey, this.#nextNumber);
    return number;
  }

  /** The oldest rows, at most `limit`; none where it is zero or less. */
  listPending(limit: number): readonly QueueRow[] {
    const rows: QueueRow[] = [];
    if (limit <= 0) return rows;
    for (const row of this.#rows.values()) {
      rows.push(row);
      if (rows.length >= limit) break;
    }
    return rows;
  }

  /** Takes out the rows with these operation ids, in either case, and says which were there. */
  dropAcked(step: DurableStep, operationIds: Iterable<OperationId>): readonly QueueRow[] {
    const dropped: QueueRow[] = [];
    for (const operationId of operationIds) {
      const row = this.find(operationId);
      if (row === undefined) continue;
      dropped.push(row);
      step.remove("queue", rowKey(this.#prefix, row.number));
      step.afterwards(() => this.#forget(row.number));
    }
    return dropped;
  }

  markFailed(step: DurableStep, failed: { rows: readonly QueueRow[]; error: string; at: EpochMs }): void {
    for (const { number } of failed.rows) {
      const row = this.#rows.get(number);
      if (row === undefined) continue;
      this.#write(step, { ...row, attempts: row.attempts + 1, triedAt: failed.at, lastError: failed.error });
    }
  }

  /** Gives every row a new stamp above `above`, ascending in row order, and keeps every operation id.
   *  Source: WF-DEV-6. */
  restamp(step: DurableStep, above: LamportTs): readonly PushOp[] {
    const ops: PushOp[] = [];
    for (const row of this.#rows.values()) {
      const op = { ...row.op, lamport_ts: above + ops.length + 1 };
      ops.push(op);
      this.#write(step, { ...row, op });
    }
    return ops;
  }

  /** Takes the mark off every unshared row.  Source: WF-DEV-13. */
  share(step: DurableStep): void {
    if (this.#unshared === 0) return;
    for (const row of this.#rows.values()) if (row.unshared) this.#write(step, { ...row, unshared: false });
  }

  /** Puts edits back at the places they had: the server took them and has lost them since. Where stamps do not rise from
   *  row to row any more (some were given anew meanwhile), all rows that stay get new ones above `clock`, and are
   *  returned. `dropped` leave in the same step.  Source: WF-DEV-3, WF-DEV-6. */
  putBack(
    step: DurableStep,
    edits: readonly { number: number; op: PushOp }[],
    { dropped, clock }: { readonly dropped: readonly QueueRow[]; readonly clock: LamportTs },
  ): readonly PushOp[] {
    const rows = new Map(this.#rows);
    for (const { number } of dropped) rows.delete(number);
    for (const { number, op } of edits) {
      const row = { number, op, attempts: 0, triedAt: null, lastError: null, unshared: false };
      rows.set(number, row);
      this.#write(step, row);
    }
    step.afterwards(() => {
      this.#rows = new Map([...this.#rows].sort(([left], [right]) => left - right));
    });
    const inOrder = [...rows.values()].sort((left, right) => left.number - right.number);
    const rises = inOrder.every(
      ({ op }, place) => place === 0 || inOrder[place - 1]!.op.lamport_ts < op.lamport_ts,
    );
    if (rises || clock > lamportMax - inOrder.length) return [];
    return inOrder.map((row, place) => {
      const anew = { ...row.op, lamport_ts: clock + place + 1 };
      this.#write(step, { ...row, op: anew });
      return anew;
    });
  }

  clear(step: DurableStep): void {
    const operationIds = [...this.#numbers.keys()];
    this.dropAcked(step, operationIds);
  }

  find(operationId: OperationId): QueueRow | undefined {
    const number = this.#numbers.get(uuidKey(operationId));
    return number === undefined ? undefined : this.#rows.get(number);
  }

  /** In order. */
  rows(): Iterable<QueueRow> {
    return this.#rows.values();
  }

  countPending(): number {
    return this.#rows.size;
  }

  countUnshared(): number {
    return this.#unshared;
  }

  #write(step: DurableStep, row: QueueRow): void {
    step.put("queue", rowKey(this.#prefix, row.number), row);
    step.afterwards(() => this.#keep(row));
  }

  #keep(row: QueueRow): void {
    if (this.#rows.get(row.number)?.unshared === true) this.#unshared--;
    if (row.unshared) this.#unshared++;
    this.#rows.set(row.number, row);
    this.#numbers.set(uuidKey(row.op.operation_id), row.number);
  }

  #forget(number: number): void {
    const row = this.#rows.get(number);
    if (row === undefined) return;
    if (row.unshared) this.#unshared--;
    this.#rows.delete(number);
    this.#numbers.delete(uuidKey(row.op.operation_id));
  }
}

/** Text order is number order. */
export const rowKey = (prefix: string, number: number): string =>
  `${prefix}${String(number).padStart(16, "0")}`;
