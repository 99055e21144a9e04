import { describe, expect, it } from "vitest";
import type { WaveflowNote } from "../../invariants/waveflow/events.ts";
import type { LogOp, PushOp } from "../../protocol/waveflow/types.ts";
import { AccountWatch } from "./account-watch.ts";
import type { ForeignAccount } from "./foreign-device.ts";
import { StepTally } from "./step-tally.ts";

const idOf = (number: number): string => `00000000-0000-4000-8000-00000000000${number}`;
const content = { entity_type: "song", entity_id: "1", op: "upsert", field: "title", value: "A" } as const;
const row = (number: number, stamp = number): PushOp => ({
  ...content,
  operation_id: idOf(number),
  lamport_ts: stamp,
});
const stored = (id: number): LogOp => ({
  ...row(id),
  id,
  device_id: idOf(9),
  wall_clock: "2026-01-01T00:00:00Z",
});
const nothing: ForeignAccount = {
  deviceId: idOf(9),
  cursor: 0,
  acknowledged: 0,
  lamport: 0,
  pending: [],
  confirmed: {},
  visible: {},
};

/** A watch over an account that a test changes, and the notes that were taken. */
function watching(at: Partial<ForeignAccount> = {}) {
  let account: ForeignAccount = { ...nothing, ...at };
  const notes: WaveflowNote[] = [];
  const watch = new AccountWatch({
    note: (note) => notes.push(note),
    tally: new StepTally(),
    account: () => account,
  });
  watch.begin();
  return {
    watch,
    become(next: Partial<ForeignAccount>): readonly WaveflowNote[] {
      account = { ...account, ...next };
      notes.length = 0;
      watch.look();
      return [...notes];
    },
  };
}

describe("a watch over a foreign device's account", () => {
  it("notes nothing of what was there when it began", () => {
    expect(watching({ pending: [row(1)], cursor: 5 }).become({})).toEqual([]);
  });

  it("calls a new row an edit, and does not call it one again when it comes back", () => {
    const { become } = watching();
    expect(become({ pending: [row(1)] })).toEqual([{ kind: "edited", op: row(1) }]);
    expect(become({ pending: [] })).toMatchObject([{ kind: "dropped" }]);
    expect(become({ pending: [row(1)] })).toEqual([]);
  });

  it("tells rows that a reply named from rows that were seen", () => {
    const { become, watch } = watching({ pending: [row(1), row(2)] });
    const result = { operation_id: idOf(1), id: 7, lamport_ts: 1, status: "stored" } as const;
    watch.pushed({ results: [result], head: 7 });
    expect(become({ pending: [] })).toEqual([
      { kind: "dropped", operationIds: [idOf(1)], why: "pushed" },
      { kind: "dropped", operationIds: [idOf(2)], why: "seen" },
    ]);
  });

  it("sees a row that the device changed in place", () => {
    const mine = { ...row(1) };
    const { become } = watching({ pending: [mine] });
    mine.lamport_ts = 9;
    expect(become({})).toEqual([{ kind: "restamped", ops: [row(1, 9)] }]);
  });

  it("calls a row that went to the dead letters by that name only", () => {
    const { become } = watching({ pending: [row(1)] });
    expect(become({ pending: [], deadLetters: [idOf(1)] })).toMatchObject([{ kind: "dead-lettered" }]);
  });

  it("puts what pages and frames brought under the cursor that it has moved to", () => {
    const { become, watch } = watching();
    watch.pulled(0, { ops: [stored(1), stored(2)], head: 3, has_more: true });
    watch.given(stored(3));
    expect(become({ cursor: 2 })).toEqual([
      { kind: "applied", ops: [stored(1), stored(2)], cursor: 2, via: "pull" },
    ]);
    expect(become({ cursor: 3 })).toEqual([{ kind: "applied", ops: [stored(3)], cursor: 3, via: "pull" }]);
  });

  it("takes a read from 0 for a resync once its last page is followed by a durable step", () => {
    const { become, watch } = watching({ cursor: 2 });
    watch.pulled(0, { ops: [stored(1)], head: 2, has_more: true });
    watch.pulled(1, { ops: [stored(2)], head: 2, has_more: false });
    expect(become({})).toEqual([]);
    watch.committed();
    expect(become({})).toEqual([{ kind: "applied", ops: [stored(1), stored(2)], cursor: 2, via: "resync" }]);
  });

  it("does not count what was set aside as applied", () => {
    const { become, watch } = watching();
    watch.pulled(0, { ops: [stored(1)], head: 1, has_more: false });
    expect(become({ cursor: 1, parked: [{ id: 1, operationId: idOf(1) }] })).toMatchObject([
      { kind: "parked", id: 1 },
      { kind: "applied", ops: [], cursor: 1 },
    ]);
  });
});
