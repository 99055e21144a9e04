import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AddressedRandom } from "./addressed-random.ts";

describe("addressed randomness", () => {
  test("decisions at one address do not move when another address is used more or less", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(20), (seed, drawnElsewhere) => {
        const quiet = new AddressedRandom(seed);
        const busy = new AddressedRandom(seed);
        for (let draw = 0; draw < drawnElsewhere; draw++) busy.decisions("phone→server", "push fate").next();
        const expected = Array.from({ length: 5 }, () =>
          quiet.decisions("laptop→server", "push fate").next(),
        );
        const seen = Array.from({ length: 5 }, () => busy.decisions("laptop→server", "push fate").next());
        expect(seen).toEqual(expected);
      }),
    );
  });

  test("an occurrence can be asked for by its number", () => {
    const random = new AddressedRandom("seed");
    const decisions = random.decisions("laptop", "delay");
    const third = decisions.at(2);
    decisions.next();
    decisions.next();
    expect(decisions.next()).toBe(third);
    expect(decisions.occurrences).toBe(3);
  });

  test("odds come true about as often as they say", () => {
    const decisions = new AddressedRandom("odds").decisions("laptop", "loss");
    let hits = 0;
    for (let draw = 0; draw < 100_000; draw++)
      if (decisions.nextIs({ numerator: 3, denominator: 100 })) hits++;
    expect(hits).toBeGreaterThan(2_700);
    expect(hits).toBeLessThan(3_300);
  });

  test("a range is filled from end to end", () => {
    const decisions = new AddressedRandom("range").decisions("laptop", "delay");
    const seen = new Set(Array.from({ length: 1_000 }, () => decisions.nextBetween(5, 14)));
    expect([...seen].sort((left, right) => left - right)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  });
});
