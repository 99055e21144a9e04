import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { machine, markOf, ownOwner } from "../leftovers/owner.ts";
import { isAbandoned, ownComment } from "./database-owners.ts";

const now = Date.parse("2030-01-01T00:00:00Z");
const hour = 3_600_000;

/** What the statement puts on the database. */
const commentOf = (name: string): string => /IS '(.*)'$/u.exec(ownComment(name, new Date(now)))![1]!;
const deadOwner = `${machine()}-${spawnSync("true").pid}-1`;
const byDead = commentOf("db").replace(ownOwner(), deadOwner);
const byStranger = commentOf("db").replace(machine(), "00000000");

test.each([
  ["one of this process", { comment: commentOf("db"), sessions: 0 }, false],
  ["one of a dead process of this machine, whoever is connected", { comment: byDead, sessions: 3 }, true],
  [
    "one whose comment is about another",
    { comment: byDead.replace("as db", "as other"), sessions: 0 },
    false,
  ],
  ["one that says something else", { comment: "made by hand", sessions: 0 }, false],
])("%s: abandoned is %#", (_which, { comment, sessions }, abandoned) => {
  expect(isAbandoned({ name: "db", comment, sessions }, now)).toBe(abandoned);
});

test("one of another machine is abandoned when it is a day old and nobody is connected", () => {
  const stranger = { name: "db", comment: byStranger };
  expect(isAbandoned({ ...stranger, sessions: 0 }, now + 23 * hour)).toBe(false);
  expect(isAbandoned({ ...stranger, sessions: 1 }, now + 25 * hour)).toBe(false);
  expect(isAbandoned({ ...stranger, sessions: 0 }, now + 25 * hour)).toBe(true);
});

test("a process that has an id again is not the one that had it", () => {
  const { processId, startedAt } = markOf(process.pid);
  const earlier = `${machine()}-${processId}-${startedAt - 1}`;
  const database = { name: "db", comment: commentOf("db").replace(ownOwner(), earlier), sessions: 0 };
  expect(isAbandoned(database, now)).toBe(startedAt !== 0);
});
