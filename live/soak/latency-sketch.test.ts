import { describe, expect, it } from "vitest";
import { LatencySketch } from "./latency-sketch.ts";

function sketchOf(values: readonly number[]): LatencySketch {
  const sketch = new LatencySketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

/** What the sketch stands for, with all values at hand. */
const exactQuantile = (values: readonly number[], part: number): number =>
  values.toSorted((left, right) => left - right)[Math.floor(part * (values.length - 1))]!;

describe("a latency sketch", () => {
  it("answers within one per cent of the true value, over six orders of magnitude", () => {
    const values = Array.from({ length: 20_000 }, (_, index) => 0.02 * 1.0009 ** index);
    const sketch = sketchOf(values);
    for (const part of [0, 0.001, 0.25, 0.5, 0.95, 0.99, 1]) {
      const exact = exactQuantile(values, part);
      expect(Math.abs(sketch.quantile(part)! - exact) / exact, `quantile ${part}`).toBeLessThanOrEqual(
        0.0101,
      );
    }
  });

  it("does not care in which order values come", () => {
    const values = Array.from({ length: 500 }, (_, index) => 1 + ((index * 7919) % 500));
    expect(sketchOf(values).percentiles()).toEqual(sketchOf(values.toReversed()).percentiles());
  });

  it("says nothing of nothing, and begins anew when it is cleared", () => {
    const sketch = sketchOf([5, 6, 7]);
    expect(sketch.count).toBe(3);
    sketch.clear();
    expect(sketch.count).toBe(0);
    expect(sketch.percentiles()).toBeUndefined();
    sketch.add(100);
    expect(sketch.quantile(0.5)).toBeCloseTo(100, -0.5);
  });

  it("takes what is out of its range for its ends", () => {
    const sketch = sketchOf([0, -1, 1e12]);
    expect(sketch.quantile(0)).toBeLessThan(0.02);
    expect(sketch.quantile(1)).toBeGreaterThan(3_500_000);
  });
});
