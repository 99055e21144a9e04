// From many to few, one by one at last.
import { expect, test } from "vitest";
import { fewest } from "./delta.ts";

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

test("exactly those that are needed together stay, in their order", async () => {
  for (const needed of [[], [0], [99], [3, 50], [0, 31, 32, 98]]) {
    const kept = await fewest(upTo(100), (candidate) =>
      Promise.resolve(needed.every((one) => candidate.includes(one))),
    );
    expect(kept).toEqual(needed);
  }
});

test("each that stays is needed by the others, also where reasons differ", async () => {
  const still = (candidate: readonly number[]): Promise<boolean> =>
    Promise.resolve(candidate.filter((one) => one % 7 === 0).length >= 3);
  const kept = await fewest(upTo(60), still);
  expect(kept).toHaveLength(3);
});

test("few tries are made where little is needed", async () => {
  let tries = 0;
  await fewest(upTo(1_000), (candidate) => {
    tries++;
    return Promise.resolve(candidate.includes(777));
  });
  expect(tries).toBeLessThan(60);
});
