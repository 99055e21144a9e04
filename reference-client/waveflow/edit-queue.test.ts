import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OpContent } from "../../protocol/waveflow/types.ts";
import { DurableStep } from "./durable-step.ts";
import { EditQueue, type QueueRow } from "./edit-queue.ts";
import { createIds, MemoryDisk } from "./scripted-ports.ts";

const content: OpContent = { entity_type: "song", entity_id: "1", op: "upsert", field: "title", value: "A" };

function createQueue(): EditQueue {
  return new EditQueue({ prefix: "0/", ids: createIds(1), rows: [], nextNumber: 0 });
}

/** Runs a change through a committed step. */
function change<T>(work: (step: DurableStep) => T): T {
  const step = new DurableStep();
  const result = work(step);
  step.committed();
  return result;
}

const enqueue = (queue: EditQueue, stamp: number) =>
  change((step) => queue.enqueue(step, { content, stamp, unshared: false }));

describe("the queue", () => {
  test("mints a new operation id for every edit", () => {
    const queue = createQueue();
    expect(enqueue(queue, 1).operation_id).not.toBe(enqueue(queue, 2).operation_id);
  });

  test("lists nothing for a limit of zero or less, and never more than the limit", () => {
    const queue = createQueue();
    for (let stamp = 1; stamp <= 5; stamp++) enqueue(queue, stamp);
    expect(queue.listPending(0)).toEqual([]);
    expect(queue.listPending(-1)).toEqual([]);
    expect(queue.listPending(3).map(({ op }) => op.lamport_ts)).toEqual([1, 2, 3]);
    expect(queue.listPending(100)).toHaveLength(5);
  });

  test("drops by operation id in either case, and only what it has", () => {
    const queue = createQueue();
    const op = enqueue(queue, 1);
    enqueue(queue, 2);
    const foreign = "99999999-0000-4000-8000-000000000000";
    const dropped = change((step) => queue.dropAcked(step, [op.operation_id.toUpperCase(), foreign]));
    expect(dropped.map((row) => row.op)).toEqual([op]);
    expect(queue.countPending()).toBe(1);
  });

  test("gives no row number twice, also after it ran empty", () => {
    const queue = createQueue();
    enqueue(queue, 1);
    const [first] = queue.listPending(1);
    change((step) => queue.clear(step));
    expect(queue.countPending()).toBe(0);
    enqueue(queue, 2);
    expect(queue.listPending(1)[0]!.number).toBeGreaterThan(first!.number);
  });

  test("counts tries and keeps the last error", () => {
    const queue = createQueue();
    enqueue(queue, 1);
    change((step) => queue.markFailed(step, { rows: queue.listPending(1), error: "503", at: 7 }));
    change((step) => queue.markFailed(step, { rows: queue.listPending(1), error: "504", at: 8 }));
    expect(queue.listPending(1)[0]).toMatchObject({ attempts: 2, lastError: "504", triedAt: 8 });
  });

  test("new stamps ascend above the bound and keep ids and order", () => {
    const queue = createQueue();
    const ids = [1, 2, 3].map((stamp) => enqueue(queue, stamp).operation_id);
    change((step) => queue.restamp(step, 90));
    const ops = queue.listPending(9).map(({ op }) => op);
    expect(ops.map((op) => op.lamport_ts)).toEqual([91, 92, 93]);
    expect(ops.map((op) => op.operation_id)).toEqual(ids);
  });

  test("edits that are put back stand where they stood", () => {
    const queue = createQueue();
    for (let stamp = 1; stamp <= 3; stamp++) enqueue(queue, stamp);
    const rows = queue.listPending(3);
    change((step) =>
      queue.dropAcked(
        step,
        rows.slice(0, 2).map(({ op }) => op.operation_id),
      ),
    );
    change((step) => queue.putBack(step, rows.slice(0, 2), { dropped: [], clock: 9 }));
    expect(queue.listPending(9).map(({ op }) => op)).toEqual(rows.map(({ op }) => op));
  });

  test("gives new stamps to all that stay, where what comes back does not rise any more", () => {
    const queue = createQueue();
    for (let stamp = 1; stamp <= 4; stamp++) enqueue(queue, stamp);
    const rows = queue.listPending(4);
    change((step) => queue.dropAcked(step, [rows[0]!.op.operation_id]));
    const back = { ...rows[0]!, op: { ...rows[0]!.op, lamport_ts: 7 } };
    change((step) => {
      const dropped = queue.dropAcked(step, [rows[3]!.op.operation_id]);
      queue.putBack(step, [back], { dropped, clock: 9 });
    });
    expect(queue.listPending(9).map(({ number, op }) => [number, op.lamport_ts])).toEqual(
      rows.slice(0, 3).map(({ number }, place) => [number, 10 + place]),
    );
  });

  test("shows nothing of a step that was not committed", () => {
    const queue = createQueue();
    queue.enqueue(new DurableStep(), { content, stamp: 1, unshared: false });
    expect(queue.countPending()).toBe(0);
  });

  test("whatever is done to it, the disk holds the same rows in the same order", async () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant("enqueue" as const), unshared: fc.boolean() }),
      fc.record({ kind: fc.constantFrom("drop", "fail", "restamp", "share", "clear"), pick: fc.nat(5) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
        const disk = new MemoryDisk();
        const queue = createQueue();
        for (const one of actions) {
          const step = new DurableStep();
          if (one.kind === "enqueue") queue.enqueue(step, { content, stamp: 1, unshared: one.unshared });
          else act(queue, step, one);
          await disk.commit(step.writes);
          step.committed();
        }
        const rows = [...((await disk.load()).get("queue") ?? new Map()).values()] as QueueRow[];
        expect(rows).toEqual([...queue.rows()]);
        expect(queue.countUnshared()).toBe(rows.filter(({ unshared }) => unshared).length);
        for (const row of rows) expect(queue.find(row.op.operation_id)).toEqual(row);
      }),
    );
  });
});

function act(queue: EditQueue, step: DurableStep, action: { kind: string; pick: number }): void {
  const rows = queue.listPending(action.pick);
  if (action.kind === "drop")
    queue.dropAcked(
      step,
      rows.map(({ op }) => op.operation_id),
    );
  else if (action.kind === "fail") queue.markFailed(step, { rows, error: "no answer", at: 1 });
  else if (action.kind === "restamp") queue.restamp(step, action.pick);
  else if (action.kind === "share") queue.share(step);
  else queue.clear(step);
}
