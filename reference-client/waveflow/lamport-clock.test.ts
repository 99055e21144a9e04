import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clockAfterReceiving, lamportMax, nextStamp } from "./lamport-clock.ts";

const anyStamp = fc.integer({ min: 1, max: lamportMax });
const anyClock = fc.integer({ min: 0, max: lamportMax });

describe("the Lamport clock", () => {
  test("a local edit adds one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: lamportMax - 1 }), (clock) => {
        expect(nextStamp(clock)).toBe(clock + 1);
      }),
    );
  });

  test("refuses rather than wraps", () => {
    expect(nextStamp(lamportMax)).toBeUndefined();
  });

  test("never falls, and stands above every stamp of another device", () => {
    fc.assert(
      fc.property(anyClock, anyStamp, (clock, stamp) => {
        const after = clockAfterReceiving(clock, { stamp, isOwn: false });
        expect(after).toBe(Math.min(Math.max(clock, stamp) + 1, lamportMax));
      }),
    );
  });

  test("an own op leaves the clock where it is, unless the clock is older than the op", () => {
    fc.assert(
      fc.property(anyClock, anyStamp, (clock, stamp) => {
        expect(clockAfterReceiving(clock, { stamp, isOwn: true })).toBe(Math.max(clock, stamp));
      }),
    );
  });
});
