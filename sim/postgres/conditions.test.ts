// States of a database that hinder whoever uses it, each with what it lets through.
import { describe, expect, test } from "vitest";
import { Bench, byId, everySong, run, song, songs } from "./engine-bench.contract.ts";
import {
  advisoryLock,
  begin,
  commit,
  insert,
  nextval,
  remove,
  rollback,
  select,
  update,
} from "./statements.ts";

const readCommitted = begin({ isolation: "read committed" });
const play = (id: number) => update(songs, byId(id), (row) => ({ ...row, plays: row.plays + 1 }));

function benchWith() {
  const bench = new Bench();
  const { engine } = bench;
  const [a, b] = [engine.connect(), engine.connect()];
  run(a, insert(songs, [song(1), song(2)]));
  return { bench, engine, a, b };
}

describe("a database that only reads", () => {
  test.each([
    ["an insert", insert(songs, song(3))],
    ["an update", play(1)],
    ["an update of nothing", play(9)],
    ["a delete", remove(songs, byId(1))],
    ["a lock on rows", select(songs, byId(1), { lock: "for update" })],
    ["a number of a sequence", nextval("ids", 1)],
  ])("refuses %s", (_what, statement) => {
    const { engine, a } = benchWith();
    engine.setCondition("read-only");
    expect(run(a, statement as never).answer).toBe("25006");
    engine.clearConditions();
    expect(run(a, statement as never).answer).not.toBe("25006");
  });

  test("lets read and take locks of the application, and its refusal ends the transaction", () => {
    const { engine, a } = benchWith();
    engine.setCondition("read-only");
    expect(engine.unstruckConditions()).toEqual(["read-only"]);
    run(a, readCommitted);
    expect(run(a, select(songs, everySong)).answer).toHaveLength(2);
    run(a, advisoryLock("u"));
    expect(a.isWaiting()).toBe(false);
    expect(run(a, play(1)).answer).toBe("25006");
    expect(run(a, select(songs, everySong)).answer).toBe("25P02");
    expect(run(a, commit).answer).toBe("ROLLBACK");
    expect(engine.unstruckConditions()).toEqual([]);
  });
});

test("a database without room refuses what has to be put down, and lets delete", () => {
  const { bench, engine, a } = benchWith();
  engine.setCondition("full");
  expect(run(a, insert(songs, song(3))).answer).toBe("53100");
  expect(run(a, play(1)).answer).toBe("53100");
  run(a, remove(songs, byId(2)));
  expect(bench.plays()).toEqual([[1, 0]]);
});

describe("tables that somebody holds", () => {
  test("keep writers waiting and not readers, and a writer sees what was committed meanwhile", () => {
    const { bench, engine, a, b } = benchWith();
    run(b, readCommitted);
    run(b, play(1));
    engine.setCondition("lock-tables");
    expect(engine.unstruckConditions()).toEqual(["lock-tables"]);
    const waiting = run(a, play(1));
    expect(waiting.answer).toBeUndefined();
    expect(run(b, play(2)).answer).not.toBeUndefined();
    run(b, commit);
    expect(bench.plays()).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(waiting.answer).toBeUndefined();
    engine.clearConditions();
    expect(waiting.answer).not.toBeUndefined();
    expect(bench.plays()).toEqual([
      [1, 2],
      [2, 1],
    ]);
    expect(bench.timersPending).toBe(0);
  });

  test("let go a session that ends", () => {
    const { bench, engine, a } = benchWith();
    engine.setCondition("lock-tables");
    run(a, play(1));
    a.terminate();
    engine.clearConditions();
    expect(bench.plays()).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });
});

describe("a limit on waiting", () => {
  test.each([
    ["lock-timeout", "55P03"],
    ["statement-timeout", "57014"],
  ] as const)("%s ends a wait that is too long, and nothing else", (kind, sqlstate) => {
    const { bench, engine, a, b } = benchWith();
    engine.setLimit(kind, 200);
    run(a, readCommitted);
    run(a, play(1));
    expect(engine.unstruckConditions()).toEqual([kind]);
    const waiting = run(b, play(1));
    bench.advance(199);
    expect(waiting.answer).toBeUndefined();
    bench.advance(1);
    expect(waiting.answer).toBe(sqlstate);
    expect(engine.unstruckConditions()).toEqual([]);
    run(a, rollback);
    expect(run(b, play(1)).answer).not.toBe(sqlstate);
    expect(bench.timersPending).toBe(0);
  });

  test("counts for a wait that has begun before it was set", () => {
    const { bench, engine, a, b } = benchWith();
    run(a, readCommitted);
    run(a, play(1));
    const waiting = run(b, play(1));
    engine.setLimit("statement-timeout", 100);
    bench.advance(100);
    expect(waiting.answer).toBe("57014");
  });

  test("is over with a wait that ends in time", () => {
    const { bench, engine, a, b } = benchWith();
    engine.setLimit("lock-timeout", 100);
    run(a, readCommitted);
    run(a, play(1));
    const waiting = run(b, play(1));
    bench.advance(50);
    run(a, commit);
    expect(waiting.answer).not.toBeUndefined();
    bench.advance(100);
    expect(bench.timersPending).toBe(0);
    expect(bench.plays()).toEqual([
      [1, 2],
      [2, 0],
    ]);
  });
});
