import { describe, expect, test } from "vitest";
import { Engine } from "./engine.ts";
import { defineTable } from "./schema.ts";
import { Bench, byId, everySong, run, type Song, song, songs } from "./engine-bench.contract.ts";
import {
  advisoryLock,
  advisoryTryLock,
  advisoryUnlock,
  begin,
  commit,
  distinct,
  insert,
  max,
  min,
  nextval,
  notify,
  remove,
  rollback,
  select,
  setval,
  update,
} from "./statements.ts";

const readCommitted = begin({ isolation: "read committed" });
const repeatableRead = begin({ isolation: "repeatable read" });
const play = (id: number) => update(songs, byId(id), (row) => ({ ...row, plays: row.plays + 1 }));

function benchWith(...rows: readonly Song[]) {
  const bench = new Bench();
  const [a, b, c] = [bench.engine.connect(), bench.engine.connect(), bench.engine.connect()];
  run(a, insert(songs, rows));
  return { bench, engine: bench.engine, a, b, c };
}

describe("transactions and snapshots", () => {
  test("nothing is seen before the commit and everything after it", () => {
    const { bench, a } = benchWith(song(1), song(2));
    run(a, readCommitted);
    run(a, play(1));
    run(a, remove(songs, byId(2)));
    run(a, insert(songs, song(3)));
    expect(bench.plays()).toEqual([
      [1, 0],
      [2, 0],
    ]);
    expect(run(a, commit).answer).toBe("COMMIT");
    expect(bench.plays()).toEqual([
      [1, 1],
      [3, 0],
    ]);
  });

  test("a rollback leaves no trace, whatever was done to a row before it", () => {
    const { bench, a, b } = benchWith(song(1, 5));
    run(a, readCommitted);
    run(a, play(1));
    run(
      a,
      update(songs, byId(1), (row) => ({ ...row, title: "other" })),
    );
    run(
      a,
      update(songs, byId(1), (row) => ({ ...row, id: 9 })),
    );
    run(a, remove(songs, byId(9)));
    run(a, insert(songs, song(1, 77)));
    run(a, rollback);
    expect(bench.plays()).toEqual([[1, 5]]);
    expect(run(b, insert(songs, { id: 9, title: "other", plays: 0 })).answer).toHaveLength(1);
    expect(run(b, insert(songs, song(1))).answer).toBe("23505");
  });

  test("a snapshot stays readable however often the rows are changed after it", () => {
    const { a, b } = benchWith(song(1), song(2));
    run(a, repeatableRead);
    run(a, select(songs, everySong));
    for (let round = 0; round < 50; round += 1) {
      run(b, play(1));
      run(b, remove(songs, byId(2)));
      run(b, insert(songs, song(2, round)));
    }
    expect(run(a, select(songs, everySong)).answer).toEqual([song(1), song(2)]);
    run(a, commit);
    expect(run(a, select(songs, everySong)).answer).toEqual([song(1, 50), song(2, 49)]);
  });

  test("after an error nothing runs until the transaction ends, and its COMMIT is a ROLLBACK", () => {
    const { bench, a } = benchWith(song(1));
    run(a, readCommitted);
    run(a, play(1));
    expect(run(a, insert(songs, song(1))).answer).toBe("23505");
    expect(a.transactionStatus()).toBe("failed");
    expect(run(a, select(songs, everySong)).answer).toBe("25P02");
    expect(run(a, commit).answer).toBe("ROLLBACK");
    expect(a.transactionStatus()).toBe("idle");
    expect(bench.plays()).toEqual([[1, 0]]);
  });
});

describe("waiting", () => {
  test("a writer waits for a writer, and says for whom", () => {
    const { bench, a, b } = benchWith(song(1));
    run(a, readCommitted);
    run(a, play(1));
    const waiting = run(b, play(1));
    expect(waiting.answer).toBeUndefined();
    expect(b.isWaiting()).toBe(true);
    expect(b.waitsFor()).toEqual([a]);
    run(a, commit);
    expect(waiting.answer).toEqual([song(1, 2)]);
    expect(bench.timersPending).toBe(0);
  });

  test("the answer of the statement that let others go comes before theirs", () => {
    const { a, b } = benchWith(song(1));
    const order: string[] = [];
    run(a, readCommitted);
    run(a, play(1));
    b.execute(play(1), () => order.push("freed"));
    a.execute(commit, () => order.push("committed"));
    expect(order).toEqual(["committed", "freed"]);
  });

  test("who has waited for deadlock_timeout looks for a circle once, and fails if there is one", () => {
    const bench = new Bench({ deadlockTimeoutMs: 1_000 });
    const [a, b] = [bench.engine.connect(), bench.engine.connect()];
    run(a, insert(songs, [song(1), song(2)]));
    run(a, readCommitted);
    run(b, readCommitted);
    run(a, play(1));
    run(b, play(2));
    const first = run(a, play(2));
    bench.advance(600);
    const second = run(b, play(1));
    bench.advance(399);
    expect([first.answer, second.answer]).toEqual([undefined, undefined]);
    bench.advance(1);
    expect([first.answer, second.answer]).toEqual(["40P01", [song(1, 1)]]);
  });

  test("who looked before the circle closed does not look again", () => {
    const bench = new Bench({ deadlockTimeoutMs: 1_000 });
    const [a, b] = [bench.engine.connect(), bench.engine.connect()];
    run(a, readCommitted);
    run(b, readCommitted);
    run(a, advisoryLock(1));
    run(b, advisoryLock(2));
    const first = run(a, advisoryLock(2));
    bench.advance(1_500);
    const second = run(b, advisoryLock(1));
    bench.advance(999);
    expect([first.answer, second.answer, second.answer]).toEqual([undefined, undefined, undefined]);
    bench.advance(1);
    expect(second.answer).toBe("40P01");
    expect(a.isWaiting()).toBe(false);
  });

  test("which of several goes first may be chosen", () => {
    const orders = [0, 1].map((choice) => {
      const { engine } = new Bench({ pickNext: () => choice });
      const [a, b, c] = [engine.connect(), engine.connect(), engine.connect()];
      const order: string[] = [];
      run(a, readCommitted);
      run(a, insert(songs, song(1)));
      b.execute(insert(songs, song(1, 1), { do: "nothing" }), () => order.push("b"));
      c.execute(insert(songs, song(1, 2), { do: "nothing" }), () => order.push("c"));
      run(a, rollback);
      return order;
    });
    expect(orders).toEqual([
      ["b", "c"],
      ["c", "b"],
    ]);
  });
});

describe("lost connections, crashes and backups", () => {
  test("a lost connection rolls back and lets the next in", () => {
    const { bench, a, b } = benchWith(song(1));
    run(a, readCommitted);
    run(a, play(1));
    const waiting = run(b, play(1));
    a.terminate();
    expect(waiting.answer).toEqual([song(1, 1)]);
    expect(run(a, commit).answer).toBe("08003");
    expect(bench.plays()).toEqual([[1, 1]]);
  });

  test("a statement that waits never answers when its connection is lost, and its place in the queue is free", () => {
    const { bench, a, b, c } = benchWith(song(1));
    run(a, readCommitted);
    run(a, play(1));
    const lost = run(b, play(1));
    const next = run(c, play(1));
    b.terminate();
    run(a, commit);
    expect([lost.answer, next.answer]).toEqual([undefined, [song(1, 2)]]);
    expect(bench.timersPending).toBe(0);
  });

  test("a crash keeps what was committed and nothing else, and no lock survives it", () => {
    const { bench, engine, a, b, c } = benchWith(song(1));
    run(a, readCommitted);
    run(a, play(1));
    run(a, advisoryLock("job", { level: "session" }));
    const replies = [run(b, play(1)), run(c, play(1))];
    engine.crash();
    expect(replies.map((reply) => reply.answer)).toEqual([undefined, undefined]);
    expect([a.isOpen(), bench.timersPending]).toEqual([false, 0]);
    expect(bench.plays()).toEqual([[1, 0]]);
    const after = engine.connect();
    expect(run(after, play(1)).answer).toEqual([song(1, 1)]);
    expect(run(after, advisoryTryLock("job")).answer).toBe(true);
  });

  test("a restore brings back what was committed at the backup, with its sequences", () => {
    const { bench, engine, a, b } = benchWith(song(1));
    run(a, nextval("ids", 3));
    run(b, readCommitted);
    run(b, insert(songs, song(7)));
    const backup = engine.backup();
    run(b, commit);
    run(a, play(1));
    run(a, nextval("ids"));
    engine.restore(backup);
    expect([a.isOpen(), b.isOpen()]).toEqual([false, false]);
    expect(bench.plays()).toEqual([[1, 0]]);
    const after = engine.connect();
    expect(run(after, nextval("ids")).answer).toBe(4);
    expect(run(after, insert(songs, song(1))).answer).toBe("23505");
    engine.restore(backup);
    expect(bench.plays()).toEqual([[1, 0]]);
  });
});

describe("sequences", () => {
  test("never give a number twice, rolled back or not", () => {
    const { a, b } = benchWith();
    run(a, readCommitted);
    expect(run(a, nextval("ids", 2)).answer).toBe(1);
    expect(run(b, nextval("ids")).answer).toBe(3);
    run(a, rollback);
    expect(run(a, nextval("ids")).answer).toBe(4);
    run(a, setval("ids", 10));
    expect(run(b, nextval("ids")).answer).toBe(11);
  });

  test("skip what was logged ahead when the server crashes", () => {
    const { engine, a } = benchWith();
    run(a, nextval("ids"));
    engine.crash();
    expect(run(engine.connect(), nextval("ids")).answer).toBe(34);
  });
});

describe("advisory locks", () => {
  test("of the transaction end with it, of the session with an unlock or with the session", () => {
    const { a, b } = benchWith();
    run(a, readCommitted);
    run(a, advisoryLock("x"));
    run(a, advisoryLock("y", { level: "session" }));
    run(a, rollback);
    expect(run(b, advisoryTryLock("x")).answer).toBe(true);
    expect(run(b, advisoryTryLock("y")).answer).toBe(false);
    expect(run(a, advisoryUnlock("y")).answer).toBe(true);
    expect(run(a, advisoryUnlock("y")).answer).toBe(false);
    expect(run(b, advisoryTryLock("y", { level: "session" })).answer).toBe(true);
    b.terminate();
    expect(run(a, advisoryTryLock("y")).answer).toBe(true);
  });
});

describe("notifications", () => {
  test("come after the commit, in the order of commits, each once, and to sessions between transactions", () => {
    const { engine, a, b, c } = benchWith();
    const heard: string[] = [];
    const heardBySession: string[] = [];
    engine.listen("news", (payload) => heard.push(payload));
    c.listen("news", (payload) => heardBySession.push(payload));
    run(c, readCommitted);
    run(a, readCommitted);
    for (const payload of ["one", "one", "two"]) run(a, notify("news", payload));
    run(b, notify("news", "first"));
    run(b, notify("elsewhere", "unheard"));
    expect(heard).toEqual(["first"]);
    run(a, commit);
    expect(heard).toEqual(["first", "one", "two"]);
    expect(heardBySession).toEqual([]);
    run(c, commit);
    expect(heardBySession).toEqual(["first", "one", "two"]);
    c.terminate();
    run(a, notify("news", "late"));
    expect([heard.at(-1), heardBySession.length]).toEqual(["late", 3]);
  });
});

describe("reads", () => {
  test("follow the index in both directions, within bounds, filtered and limited", () => {
    const { a } = benchWith(...[5, 3, 1, 4, 2].map((id) => song(id, id)));
    const ids = (...args: Parameters<typeof select<Song>> extends [unknown, ...infer Rest] ? Rest : never) =>
      (run(a, select(songs, ...args)).answer as readonly Song[]).map((row) => row.id);
    expect(ids(everySong)).toEqual([1, 2, 3, 4, 5]);
    expect(ids({ ...everySong, range: { above: 1, atMost: 4 } }, { order: "descending" })).toEqual([4, 3, 2]);
    expect(ids({ ...everySong, filter: (row) => row.plays % 2 === 1 }, { limit: 2 })).toEqual([1, 3]);
    expect(ids({ index: "song_title_key", equals: ["title 4"] })).toEqual([4]);
    expect(ids(everySong, { limit: 0 })).toEqual([]);
    expect(run(a, min(songs, { ...everySong, range: { above: 2 } })).answer).toEqual(song(3, 3));
    expect(run(a, max(songs, { ...everySong, range: { below: 1 } })).answer).toBeUndefined();
  });

  test("list the distinct values of a first column that somebody can see", () => {
    const ops = defineTable<{ readonly user: string; readonly id: number }>({
      name: "op",
      indexes: [{ name: "op_user_id", kind: "ordered", columns: ["user", "id"], unique: true }],
    });
    const timers = { after: () => ({ cancel: () => {} }) };
    const engine = new Engine({ schema: { tables: [ops], sequences: [] }, timers });
    const [a, b] = [engine.connect(), engine.connect()];
    const rows = ["zoe", "ann", "bob", "ann"].map((user, id) => ({ user, id }));
    run(a, insert(ops, rows));
    run(a, remove(ops, { index: "op_user_id", equals: ["bob"] }));
    run(b, readCommitted);
    run(b, insert(ops, { user: "cat", id: 9 }));
    const users = (above?: string, limit = 9) =>
      run(a, distinct(ops, { index: "op_user_id", limit, ...(above === undefined ? {} : { above }) })).answer;
    expect([users(), users("ann"), users("", 1)]).toEqual([["ann", "zoe"], ["zoe"], ["ann"]]);
    run(b, commit);
    expect(users("ann")).toEqual(["cat", "zoe"]);
  });

  test("lock row by row, skip what is locked, and hold what they locked", () => {
    const { a, b } = benchWith(song(1), song(2), song(3));
    run(a, readCommitted);
    run(a, select(songs, byId(1), { lock: "for update" }));
    run(b, readCommitted);
    const taken = run(b, select(songs, everySong, { lock: "for update", skipLocked: true, limit: 1 }));
    expect(taken.answer).toEqual([song(2)]);
    const waiting = run(a, select(songs, everySong, { lock: "for share" }));
    expect(waiting.answer).toBeUndefined();
    run(b, commit);
    expect(waiting.answer).toEqual([song(1), song(2), song(3)]);
  });
});

describe("the caller's mistakes", () => {
  test("are thrown, not answered", () => {
    const { a, b } = benchWith(song(1));
    run(a, readCommitted);
    expect(() => run(a, readCommitted)).toThrow("lost track");
    run(a, play(1));
    run(b, play(1));
    expect(() => run(b, play(1))).toThrow("one statement at a time");
    expect(() => run(a, select(songs, { index: "nowhere" }))).toThrow("no index nowhere");
    expect(() => run(a, distinct(songs, { index: "song_pkey", limit: 1 }))).toThrow("two columns or more");
    expect(() => run(a, nextval("nothing"))).toThrow("no sequence nothing");
  });
});
