import { expect, test } from "vitest";
import { judge, LawFailed } from "./judge.ts";
import type { Law } from "./verdict.ts";

const history = { protocol: "p/1", scenario: "s", seed: "7", world: "sim", events: [] };
const law = (judgeIt: Law["judge"]): Law => ({
  id: "some-law",
  requirements: ["R-1"],
  promise: "It is so.",
  judge: judgeIt,
});

test("a judgement carries what its law promises", () => {
  const verdict = { outcome: "holds", cases: 1 } as const;
  expect(judge(history, [law(() => verdict)])).toEqual([
    { law: "some-law", requirements: ["R-1"], promise: "It is so.", verdict },
  ]);
});

test("a law that throws is shown as a bug of that law", () => {
  const broken = law(() => {
    throw new RangeError("beyond");
  });
  expect(() => judge(history, [broken])).toThrow(LawFailed);
  expect(() => judge(history, [broken])).toThrow(/law some-law threw RangeError: beyond.*seed 7/);
});
