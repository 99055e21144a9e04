// Scripts by hand, one for each anomaly and mechanism. A script says what it shows, so that it cannot come to show nothing:
// `gives` is checked against the engine, and parity then makes it true of PostgreSQL as well.
import type { Condition, ParityOperation } from "./parity-operations.contract.ts";
import type { ParityScript, SessionName } from "./parity.contract.ts";

/** What a step must come to: that it waits, and a part of its answer: the `val`s of rows, a value, or an SQLSTATE. */
export interface Expectation {
  readonly waits?: boolean;
  readonly gives?: unknown;
}

export interface NamedScript extends ParityScript {
  readonly name: string;
  /** By step. */
  readonly expected: ReadonlyMap<number, Expectation>;
  /** The order of notifications, where the script is about that. */
  readonly notifications?: readonly string[];
}

type Line = readonly [session: SessionName, operation: ParityOperation, expectation?: Expectation];

const script = (name: string, lines: readonly Line[], notifications?: readonly string[]): NamedScript => ({
  name,
  steps: lines.map(([session, operation]) => ({ session, operation })),
  expected: new Map(
    lines.flatMap(([, , expectation], step) => (expectation === undefined ? [] : [[step, expectation]])),
  ),
  ...(notifications === undefined ? {} : { notifications }),
});

const readCommitted: ParityOperation = { do: "begin", isolation: "read committed" };
const repeatableRead: ParityOperation = { do: "begin", isolation: "repeatable read" };
const commit: ParityOperation = { do: "commit" };
const rollback: ParityOperation = { do: "rollback" };
const id = (from: number, to = from): Condition => ({ by: "id", from, to });
const read = (where: Condition): ParityOperation => ({ do: "select", table: "item", where });
const lockRows = (where: Condition, lock: "for update" | "for share" = "for update"): ParityOperation => ({
  do: "select",
  table: "item",
  where,
  lock,
});
const add = (where: Condition, value: number): ParityOperation => ({
  do: "update",
  table: "item",
  where,
  set: "add",
  value,
});
const write = (where: Condition, value: number): ParityOperation => ({
  do: "update",
  table: "item",
  where,
  set: "val",
  value,
});
const setCode = (where: Condition, value: number): ParityOperation => ({
  do: "update",
  table: "item",
  where,
  set: "code",
  value,
});
const remove = (where: Condition): ParityOperation => ({ do: "delete", table: "item", where });
const put = (
  row: number,
  {
    code = row * 10,
    val = 1,
    conflict,
  }: {
    code?: number;
    val?: number;
    conflict?: "any nothing" | "id nothing" | "id add" | "id add if small";
  } = {},
): ParityOperation => ({
  do: "insert",
  table: "item",
  rows: [{ id: row, code, val }],
  ...(conflict === undefined ? {} : { conflict }),
});
const nextval: ParityOperation = { do: "nextval", count: 1 };
const notify = (payload: string): ParityOperation => ({ do: "notify", payload });
const advisory = (
  key: number,
  mode: "exclusive" | "shared" = "exclusive",
  level: "transaction" | "session" = "transaction",
): ParityOperation => ({ do: "lock", key, mode, level });

const failsWith = (sqlstate: string): Expectation => ({ gives: sqlstate });
const gives = (value: unknown): Expectation => ({ gives: value });
const waits: Expectation = { waits: true };

/** Every anomaly that the two isolation levels allow or prevent, and every mechanism of the engine. */
export const namedScripts: readonly NamedScript[] = [
  script("no dirty read: what is not committed is not seen", [
    ["a", readCommitted],
    ["a", write(id(1), 7)],
    ["b", read(id(1)), gives([100])],
    ["a", rollback],
    ["b", read(id(1)), gives([100])],
  ]),
  script("a read is not repeatable under READ COMMITTED", [
    ["a", readCommitted],
    ["a", read(id(1)), gives([100])],
    ["b", write(id(1), 7)],
    ["a", read(id(1)), gives([7])],
  ]),
  script("a read is repeatable under REPEATABLE READ", [
    ["a", repeatableRead],
    ["a", read(id(1)), gives([100])],
    ["b", write(id(1), 7)],
    ["a", read(id(1)), gives([100])],
    ["a", commit],
    ["a", read(id(1)), gives([7])],
  ]),
  script("a phantom appears under READ COMMITTED", [
    ["a", readCommitted],
    ["a", read(id(1, 9)), gives([100, 200, 300])],
    ["b", put(4)],
    ["b", remove(id(1))],
    ["a", read(id(1, 9)), gives([200, 300, 1])],
  ]),
  script("no phantom appears under REPEATABLE READ", [
    ["a", repeatableRead],
    ["a", read(id(1, 9)), gives([100, 200, 300])],
    ["b", put(4)],
    ["b", remove(id(1))],
    ["a", read(id(1, 9)), gives([100, 200, 300])],
    ["a", { do: "max", table: "item", where: id(0, 9) }, gives(3)],
  ]),
  script("the snapshot of REPEATABLE READ is taken by the first statement, not by BEGIN", [
    ["a", repeatableRead],
    ["b", write(id(1), 7)],
    ["a", read(id(1)), gives([7])],
  ]),
  script("the snapshot of REPEATABLE READ is taken before its first statement waits for a lock", [
    ["b", readCommitted],
    ["b", advisory(1)],
    ["a", repeatableRead],
    ["a", advisory(1), waits],
    ["b", write(id(1), 7)],
    ["b", commit],
    ["a", read(id(1)), gives([100])],
  ]),
  script("an update is lost when a value that was read is written back", [
    ["a", readCommitted],
    ["b", readCommitted],
    ["a", read(id(1)), gives([100])],
    ["b", read(id(1)), gives([100])],
    ["a", write(id(1), 101)],
    ["b", write(id(1), 101), waits],
    ["a", commit],
    ["b", commit],
    ["c", read(id(1)), gives([101])],
  ]),
  script("no update is lost when the new value is computed by the update", [
    ["a", readCommitted],
    ["b", readCommitted],
    ["a", add(id(1), 1)],
    ["b", add(id(1), 1), { waits: true, gives: [102] }],
    ["a", commit],
    ["b", commit],
  ]),
  script("no update is lost when the row is locked before it is read", [
    ["a", readCommitted],
    ["b", readCommitted],
    ["a", lockRows(id(1)), gives([100])],
    ["b", lockRows(id(1)), { waits: true, gives: [101] }],
    ["a", write(id(1), 101)],
    ["a", commit],
    ["b", write(id(1), 102)],
    ["b", commit],
  ]),
  script("no update is lost under REPEATABLE READ: the second writer fails", [
    ["a", repeatableRead],
    ["b", repeatableRead],
    ["a", read(id(1))],
    ["b", read(id(1))],
    ["a", write(id(1), 101)],
    ["b", write(id(1), 102), { waits: true, gives: "40001" }],
    ["a", commit],
    ["b", commit, gives("ROLLBACK")],
  ]),
  script("REPEATABLE READ goes on when the other writer rolls back", [
    ["a", repeatableRead],
    ["b", repeatableRead],
    ["b", read(id(1))],
    ["a", remove(id(1))],
    ["b", add(id(1), 1), { waits: true, gives: [101] }],
    ["a", rollback],
    ["b", commit, gives("COMMIT")],
  ]),
  script("REPEATABLE READ fails on a row that was deleted, and may lock one that was only locked", [
    ["a", repeatableRead],
    ["a", read(id(1, 3))],
    ["b", lockRows(id(2))],
    ["a", lockRows(id(2)), gives([200])],
    ["b", remove(id(1))],
    ["a", lockRows(id(1)), failsWith("40001")],
  ]),
  script("write skew is allowed under REPEATABLE READ", [
    ["a", repeatableRead],
    ["b", repeatableRead],
    ["a", read(id(1, 2)), gives([100, 200])],
    ["b", read(id(1, 2)), gives([100, 200])],
    ["a", write(id(1), 0)],
    ["b", write(id(2), 0)],
    ["a", commit, gives("COMMIT")],
    ["b", commit, gives("COMMIT")],
    ["c", read(id(1, 2)), gives([0, 0])],
  ]),
  script("a waiting update looks again whether the newest version still matches", [
    ["a", readCommitted],
    ["a", write(id(1), 7)],
    [
      "b",
      { do: "update", table: "item", where: { by: "id", from: 1, to: 1, parity: 0 }, set: "add", value: 1 },
      { waits: true, gives: [] },
    ],
    ["a", commit],
  ]),
  script("a waiting update does not find a row that came to match meanwhile", [
    ["a", readCommitted],
    ["a", add(id(1, 3), 1)],
    ["b", { do: "delete", table: "item", where: { by: "id", from: 1, to: 3, parity: 1 } }, gives([])],
    ["a", commit],
  ]),
  script("a waiting writer finds nothing when the row was deleted", [
    ["a", readCommitted],
    ["a", remove(id(1))],
    ["b", add(id(1), 1), { waits: true, gives: [] }],
    ["a", commit],
  ]),
  script("a waiting update follows a row whose key was changed, and drops it when it left the range", [
    ["a", readCommitted],
    ["a", { do: "update", table: "item", where: id(1), set: "id", value: 5 }],
    ["b", add(id(1, 9), 1), { waits: true, gives: [101, 201, 301] }],
    ["c", add(id(1, 2), 1), { waits: true }],
    ["a", commit],
  ]),
  script("a range is locked in the order of the index, row by row", [
    ["a", readCommitted],
    ["a", add(id(2), 1)],
    ["b", readCommitted],
    ["b", add(id(1, 3), 10), { waits: true, gives: [110, 211, 410] }],
    ["c", add(id(3), 100), gives([400])],
    ["c", add(id(1), 100), waits],
    ["a", commit],
  ]),
  script("a key waits for the transaction that inserted it, and fails when that commits", [
    ["a", readCommitted],
    ["a", put(4)],
    ["b", put(4, { code: 99 }), { waits: true, gives: "23505" }],
    ["a", commit],
  ]),
  script("a key waits for the transaction that inserted it, and is free when that rolls back", [
    ["a", readCommitted],
    ["a", put(4)],
    ["b", put(4, { val: 9 }), { waits: true, gives: [9] }],
    ["a", rollback],
  ]),
  script("a key that is being deleted is waited for", [
    ["a", readCommitted],
    ["a", remove(id(1))],
    ["b", put(1), { waits: true, gives: [1] }],
    ["c", put(9, { code: 10 }), { waits: true, gives: "23505" }],
    ["a", commit],
  ]),
  script("a second unique key is checked, and named", [
    ["a", put(7, { code: 10 }), failsWith("23505")],
    ["a", put(1, { code: 77 }), failsWith("23505")],
    ["a", setCode(id(1), 20), failsWith("23505")],
    ["a", setCode(id(1), 11), gives([100])],
    ["b", setCode(id(2), 10), gives([200])],
  ]),
  script("a row that waits at its second key already holds its first", [
    ["a", readCommitted],
    ["a", put(4, { code: 77 })],
    ["b", readCommitted],
    ["b", put(5, { code: 77 }), { waits: true }],
    ["c", put(5, { code: 88 }), { waits: true, gives: [1] }],
    ["a", commit],
    ["b", rollback],
  ]),
  script("REPEATABLE READ cannot insert a key that it cannot see", [
    ["a", repeatableRead],
    ["a", read(id(4)), gives([])],
    ["b", put(4)],
    ["a", put(4), failsWith("23505")],
  ]),
  script("ON CONFLICT DO NOTHING waits for the other inserter, then leaves its row alone", [
    ["a", readCommitted],
    ["a", put(4, { val: 7 })],
    ["b", put(4, { conflict: "id nothing" }), { waits: true, gives: [] }],
    ["a", commit],
    ["b", read(id(4)), gives([7])],
  ]),
  script("ON CONFLICT DO NOTHING inserts when the other inserter rolls back", [
    ["a", readCommitted],
    ["a", put(4, { val: 7 })],
    ["b", put(4, { val: 8, conflict: "any nothing" }), { waits: true, gives: [8] }],
    ["a", rollback],
  ]),
  script("ON CONFLICT DO NOTHING waits for a row that is being updated", [
    ["a", readCommitted],
    ["a", add(id(1), 1)],
    ["b", put(1, { conflict: "id nothing" }), { waits: true, gives: [] }],
    ["a", commit],
  ]),
  script("ON CONFLICT DO NOTHING does not wait for a row that is merely locked", [
    ["a", readCommitted],
    ["a", lockRows(id(1))],
    ["b", put(1, { conflict: "id nothing" }), gives([])],
  ]),
  script("ON CONFLICT (id) does not cover another unique key", [
    ["a", put(9, { code: 10, conflict: "id nothing" }), failsWith("23505")],
    ["a", put(9, { code: 10, conflict: "any nothing" }), gives([])],
    ["a", put(9, { code: 10, conflict: "id add" }), failsWith("23505")],
  ]),
  script("ON CONFLICT DO UPDATE waits for the other inserter and then adds to its row", [
    ["a", readCommitted],
    ["a", put(4, { val: 7 })],
    ["b", put(4, { val: 1, conflict: "id add" }), { waits: true, gives: [8] }],
    ["a", commit],
  ]),
  script("ON CONFLICT DO UPDATE sees under READ COMMITTED what its snapshot does not", [
    ["a", readCommitted],
    ["a", add(id(1), 1)],
    ["b", put(1, { val: 1, conflict: "id add" }), { waits: true, gives: [102] }],
    ["c", put(1, { val: 1, conflict: "id add if small" }), { waits: true, gives: [103] }],
    ["a", commit],
  ]),
  script("ON CONFLICT DO UPDATE inserts when the row was deleted while it waited", [
    ["a", readCommitted],
    ["a", remove(id(1))],
    ["b", put(1, { val: 5, conflict: "id add" }), { waits: true, gives: [5] }],
    ["a", commit],
  ]),
  script("ON CONFLICT DO UPDATE waits for a locked row, and its condition may leave it alone", [
    ["a", readCommitted],
    ["a", lockRows(id(3))],
    ["b", put(3, { val: 5, conflict: "id add if small" }), { waits: true, gives: [] }],
    ["a", commit],
  ]),
  script("ON CONFLICT cannot touch a row twice", [
    [
      "a",
      {
        do: "insert",
        table: "item",
        rows: [
          { id: 4, code: 40, val: 1 },
          { id: 4, code: 40, val: 2 },
        ],
        conflict: "id add",
      },
      failsWith("21000"),
    ],
    ["a", read(id(4)), gives([])],
  ]),
  script("ON CONFLICT under REPEATABLE READ fails on a row that the snapshot does not show", [
    ["a", repeatableRead],
    ["b", repeatableRead],
    ["a", read(id(4))],
    ["b", read(id(4))],
    ["c", put(4)],
    ["a", put(4, { conflict: "id nothing" }), failsWith("40001")],
    ["b", put(4, { conflict: "id add" }), failsWith("40001")],
  ]),
  script("writers of one row go in the order in which they came", [
    ["a", readCommitted],
    ["a", add(id(1), 1)],
    ["b", readCommitted],
    ["b", add(id(1), 10), { waits: true, gives: [111] }],
    ["c", add(id(1), 100), { waits: true, gives: [211] }],
    ["a", commit],
    ["b", commit],
  ]),
  script("a sharer joins sharers although a writer waits", [
    ["a", readCommitted],
    ["a", lockRows(id(1), "for share")],
    ["b", add(id(1), 1), waits],
    ["c", readCommitted],
    ["c", lockRows(id(1), "for share"), gives([100])],
    ["a", commit],
    ["c", commit],
  ]),
  script("two sharers that both want to write are a deadlock", [
    ["a", readCommitted],
    ["b", readCommitted],
    ["a", lockRows(id(1), "for share")],
    ["b", lockRows(id(1), "for share")],
    ["a", add(id(1), 1), { waits: true, gives: [101] }],
    ["b", add(id(1), 1), failsWith("40P01")],
  ]),
  script("a locking read that is bound to fail waits for the next writer all the same", [
    ["c", readCommitted],
    ["c", add(id(1), 1)],
    ["b", readCommitted],
    ["b", add(id(1), 1), { waits: true, gives: [102] }],
    ["a", repeatableRead],
    ["a", lockRows(id(1)), { waits: true, gives: "40001" }],
    ["c", commit],
    ["a", read(id(1))],
    ["b", commit],
  ]),
  script("SKIP LOCKED leaves out what it would wait for, and the limit counts what it got", [
    ["a", readCommitted],
    ["a", lockRows(id(1))],
    [
      "b",
      { do: "select", table: "item", where: id(1, 3), limit: 1, lock: "for update", skipLocked: true },
      gives([200]),
    ],
  ]),
  script("a locking read with a limit goes on to the next row when one no longer matches", [
    ["a", readCommitted],
    ["a", write(id(1), 7)],
    [
      "b",
      {
        do: "select",
        table: "item",
        where: { by: "id", from: 1, to: 3, parity: 0 },
        limit: 1,
        lock: "for update",
      },
      { waits: true, gives: [200] },
    ],
    ["a", commit],
  ]),
  script("two rows locked crosswise are a deadlock, and who closes the circle fails", [
    ["a", readCommitted],
    ["b", readCommitted],
    ["a", add(id(1), 1)],
    ["b", add(id(2), 1)],
    ["a", add(id(2), 1), { waits: true, gives: [201] }],
    ["b", add(id(1), 1), failsWith("40P01")],
    ["b", read(id(1)), failsWith("25P02")],
    ["a", commit, gives("COMMIT")],
  ]),
  script("two advisory locks taken crosswise are a deadlock", [
    ["a", readCommitted],
    ["b", readCommitted],
    ["a", advisory(1)],
    ["b", advisory(2)],
    ["a", advisory(2), waits],
    ["b", advisory(1), failsWith("40P01")],
  ]),
  script("two keys inserted crosswise are a deadlock", [
    ["a", readCommitted],
    ["b", readCommitted],
    ["a", put(4)],
    ["b", put(5)],
    ["a", put(5), { waits: true, gives: [1] }],
    ["b", put(4), failsWith("40P01")],
  ]),
  script("a deadlock through a row, a key and an advisory lock", [
    ["a", readCommitted],
    ["b", readCommitted],
    ["c", readCommitted],
    ["a", add(id(1), 1)],
    ["b", put(4)],
    ["c", advisory(1)],
    ["a", put(4), waits],
    ["b", advisory(1), waits],
    ["c", add(id(1), 1), failsWith("40P01")],
  ]),
  script("two shared advisory locks that both want to be exclusive fail at once", [
    ["a", readCommitted],
    ["b", readCommitted],
    ["a", advisory(1, "shared")],
    ["b", advisory(1, "shared")],
    ["a", advisory(1), waits],
    ["b", advisory(1), failsWith("40P01")],
  ]),
  script("a try where waiting would be a deadlock is answered with no", [
    ["a", readCommitted],
    ["b", readCommitted],
    ["a", advisory(1, "shared")],
    ["b", advisory(1, "shared")],
    ["a", advisory(1), waits],
    ["b", { do: "try lock", key: 1, mode: "exclusive", level: "transaction" }, gives(false)],
  ]),
  script("a try of a holder passes those who wait for it", [
    ["a", readCommitted],
    ["a", advisory(1, "shared")],
    ["b", advisory(1), waits],
    ["c", { do: "try lock", key: 1, mode: "shared", level: "transaction" }, gives(false)],
    ["a", { do: "try lock", key: 1, mode: "exclusive", level: "transaction" }, gives(true)],
  ]),
  script("nobody overtakes a waiting exclusive advisory lock", [
    ["a", readCommitted],
    ["a", advisory(1, "shared")],
    ["b", advisory(1), waits],
    ["c", advisory(1, "shared"), waits],
    ["a", commit],
  ]),
  script("a circle that a queue alone makes is undone by letting the waiter pass", [
    ["a", readCommitted],
    ["c", readCommitted],
    ["a", advisory(1, "shared")],
    ["c", advisory(2)],
    ["b", advisory(1), waits],
    ["c", advisory(1, "shared"), waits],
    ["a", advisory(2), waits],
    ["c", commit, gives("COMMIT")],
    ["a", commit, gives("COMMIT")],
  ]),
  script("session locks outlive the transaction, count their holds, and share keys with transaction locks", [
    ["a", readCommitted],
    ["a", advisory(1, "exclusive", "session")],
    ["a", advisory(1, "exclusive", "session")],
    ["a", rollback],
    ["b", { do: "try lock", key: 1, mode: "shared", level: "transaction" }, gives(false)],
    ["a", { do: "unlock", key: 1, mode: "exclusive" }, gives(true)],
    ["b", advisory(1), waits],
    ["a", { do: "unlock", key: 1, mode: "exclusive" }, gives(true)],
    ["a", { do: "unlock", key: 1, mode: "exclusive" }, gives(false)],
  ]),
  script("an error gives the locks back at once, before the ROLLBACK", [
    ["a", readCommitted],
    ["a", advisory(1)],
    ["a", add(id(1), 1)],
    ["b", add(id(1), 1), { waits: true, gives: [101] }],
    ["a", put(2), failsWith("23505")],
    ["c", { do: "try lock", key: 1, mode: "exclusive", level: "transaction" }, gives(true)],
    ["a", nextval, failsWith("25P02")],
    ["a", commit, gives("ROLLBACK")],
  ]),
  script("a sequence keeps no gaps shut: a rollback does not give a number back", [
    ["a", readCommitted],
    ["a", nextval, gives(1)],
    ["a", { do: "nextval", count: 3 }, gives(2)],
    ["a", rollback],
    ["b", nextval, gives(5)],
    ["a", readCommitted],
    ["a", { do: "setval", value: 40 }, gives(40)],
    ["a", rollback],
    ["b", nextval, gives(41)],
  ]),
  script(
    "notifications come at the commit, in the order of commits, each once, and never after a rollback",
    [
      ["a", readCommitted],
      ["a", notify("first said")],
      ["a", notify("first said")],
      ["a", notify("said later")],
      ["b", notify("first committed")],
      ["c", readCommitted],
      ["c", notify("never")],
      ["c", rollback],
      ["a", commit],
    ],
    ["first committed", "first said", "said later"],
  ),
  script("the commit-order anomaly: a number taken first appears below one that was read already", [
    ["a", readCommitted],
    ["b", readCommitted],
    ["a", nextval, gives(1)],
    ["b", nextval, gives(2)],
    ["b", put(12)],
    ["b", commit],
    ["c", read(id(11, 99)), gives([1])],
    ["c", { do: "max", table: "item", where: id(11, 99) }, gives(12)],
    ["a", put(11)],
    ["a", commit],
    ["c", read(id(11, 99)), gives([1, 1])],
  ]),
  script("no commit-order anomaly where both take an advisory lock before the number", [
    ["a", readCommitted],
    ["b", readCommitted],
    ["a", advisory(1)],
    ["a", nextval, gives(1)],
    ["b", advisory(1), waits],
    ["b", nextval],
    ["c", read(id(11, 99)), gives([])],
    ["a", put(11)],
    ["a", commit],
    ["b", nextval, gives(2)],
    ["b", put(12)],
    ["b", commit],
    ["c", read(id(11, 99)), gives([1, 1])],
  ]),
];
