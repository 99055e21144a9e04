import { expect, test } from "vitest";
import { Tally } from "./tally.ts";

test("a law that looked at nothing is inconclusive and says why", () => {
  expect(new Tally().verdict("nobody came")).toEqual({ outcome: "inconclusive", reason: "nobody came" });
});

test("the first contradiction is explained, the rest are counted", () => {
  const tally = new Tally();
  tally.look();
  tally.contradict([4, 2, -1, 4, Infinity], () => "first");
  tally.contradict([9], () => {
    throw new Error("not asked for");
  });
  expect(tally.verdict("")).toEqual({
    outcome: "violated",
    violations: 2,
    witness: { events: [2, 4], explanation: "first" },
  });
});

test("a contradiction names the rules that it breaks, and only the first is asked for them", () => {
  const tally = new Tally();
  tally.contradict([1], () => "first", ["R-1"]);
  tally.contradict(
    [2],
    () => "second",
    () => {
      throw new Error("not asked for");
    },
  );
  expect(tally.verdict("")).toMatchObject({ witness: { requirements: ["R-1"] } });
});
