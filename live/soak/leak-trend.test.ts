import { describe, expect, it } from "vitest";
import { judgeTrend, leastOfEach, type SeriesPoint } from "./leak-trend.ts";

/** A value every quarter of a minute; noise that repeats and is not drawn. */
function series(minutes: number, valueAt: (minute: number, index: number) => number): readonly SeriesPoint[] {
  return Array.from({ length: minutes * 4 }, (_, index) => ({
    atMs: index * 15_000,
    value: valueAt(index / 4, index),
  }));
}

const noise = (index: number): number => ((index * 7_919) % 101) - 50;

describe("the trend of a series", () => {
  it("leaks where it grows by more than the bound", () => {
    const trend = judgeTrend(
      series(20, (minute, index) => 1_000 + 10 * minute + noise(index) / 5),
      300,
    );
    expect(trend.verdict).toBe("leaks");
    expect(trend.perHour!.slope).toBeCloseTo(600, -1.5);
  });

  it("leaks not where it stands still, however noisy it is", () => {
    const trend = judgeTrend(
      series(20, (_, index) => 1_000 + noise(index)),
      300,
    );
    expect(trend.verdict).toBe("no leak seen");
    expect(trend.perHour!.low).toBeLessThanOrEqual(0);
    expect(trend.perHour!.high).toBeGreaterThanOrEqual(0);
  });

  it("leaks not where it grows by less than the bound, although it grows for certain", () => {
    const trend = judgeTrend(
      series(20, (minute) => 1_000 + minute),
      300,
    );
    expect(trend.perHour!.low).toBeGreaterThan(0);
    expect(trend.verdict).toBe("no leak seen");
  });

  it("is not moved by a few odd values", () => {
    const steady = judgeTrend(
      series(20, (_, index) => 1_000 + noise(index)),
      300,
    );
    const spiked = judgeTrend(
      series(20, (_, index) => (index % 20 === 7 ? 1e9 : 1_000 + noise(index))),
      300,
    );
    expect(spiked.verdict).toBe("no leak seen");
    expect(Math.abs(spiked.perHour!.slope - steady.perHour!.slope)).toBeLessThan(100);
  });

  it("is too short to say where the bound lies within what is possible", () => {
    expect(
      judgeTrend(
        series(6, (_, index) => 1_000 + noise(index)),
        10,
      ).verdict,
    ).toBe("too short to say");
  });

  it.each([
    ["nothing", 0],
    ["a quarter of a minute", 0.25],
    ["four minutes, whatever they show", 4],
  ])("is too short to say after %s", (_name, minutes) => {
    expect(
      judgeTrend(
        series(minutes, (minute) => 1_000 * minute),
        300,
      ).verdict,
    ).toBe("too short to say");
  });

  it("says of a series without any change that it does not change", () => {
    expect(
      judgeTrend(
        series(20, () => 42),
        0,
      ),
    ).toEqual({
      verdict: "no leak seen",
      perHour: { slope: 0, low: 0, high: 0 },
    });
  });

  it("stays bounded in work on a series of a day", () => {
    const trend = judgeTrend(
      series(24 * 60, (minute) => minute),
      30,
    );
    expect(trend.verdict).toBe("leaks");
    expect(trend.perHour!.slope).toBeCloseTo(60, 0);
  });
});

it("the least of each stretch keeps its own time", () => {
  const points = [
    { atMs: 1_000, value: 9 },
    { atMs: 4_000, value: 3 },
    { atMs: 14_000, value: 5 },
    { atMs: 16_000, value: 8 },
  ];
  expect(leastOfEach(points, 15_000)).toEqual([points[1], points[3]]);
});
