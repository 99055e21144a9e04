import { expect, test } from "vitest";
import { commandsOf, normaliseText } from "./sql-text.ts";

test.each([
  ["SELECT 1", ["SELECT"]],
  ["  begin isolation level read committed ;\n", ["BEGIN"]],
  ["start transaction", ["BEGIN"]],
  ["END", ["COMMIT"]],
  ["COMMIT PREPARED 'x'", ["COMMIT PREPARED"]],
  ["rollback to savepoint a", ["ROLLBACK TO"]],
  ["ROLLBACK WORK TO a", ["ROLLBACK TO"]],
  ["ABORT", ["ROLLBACK"]],
  ["PREPARE TRANSACTION 'x'", ["PREPARE TRANSACTION"]],
  ["PREPARE x AS SELECT 1", ["PREPARE"]],
  ["-- a comment; with COMMIT\n/* and /* another; */ one */ INSERT INTO t VALUES (1)", ["INSERT"]],
  ["BEGIN; INSERT INTO t VALUES (';', 'it''s; COMMIT'); COMMIT;", ["BEGIN", "INSERT", "COMMIT"]],
  [String.raw`SELECT E'\'; COMMIT; '; SELECT "a;b"; END`, ["SELECT", "SELECT", "COMMIT"]],
  ["DO $x$ BEGIN; COMMIT; $y$ END $x$; SELECT $1; SELECT $$;$$", ["DO", "SELECT", "SELECT"]],
  ["CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); COMMIT", ["CREATE", "COMMIT"]],
  [
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; COMMIT",
    ["CREATE", "COMMIT"],
  ],
  [";;  ;", []],
  ["", []],
  ["(SELECT 1); SELECT 2", ["SELECT"]],
])("%s does %j", (text, commands) => expect(commandsOf(text)).toEqual(commands));

test("a text that ends inside of a literal or a comment is read to its end", () => {
  for (const text of [
    "SELECT 'a; b",
    'SELECT "a; b',
    "SELECT 1; /* a; b",
    "SELECT 1; SELECT $x$ a; b",
    "E'\\",
  ]) {
    expect(() => commandsOf(text)).not.toThrow();
  }
});

test("a long literal is read in time that grows with its length", () => {
  const text = `SELECT '${"''\\".repeat(20_000)}'; SELECT E'${String.raw`\'`.repeat(20_000)}'; COMMIT`;
  const begin = performance.now();
  expect(commandsOf(text)).toContain("COMMIT");
  expect(performance.now() - begin).toBeLessThan(1_000);
});

test("a text is brought on one line, and cut where it is too long", () => {
  expect(normaliseText("  SELECT\n\t 1 ,\r\n 2 ", 40)).toBe("SELECT 1 , 2");
  expect(normaliseText("SELECT 1, 2, 3", 8)).toBe("SELECT …");
});
