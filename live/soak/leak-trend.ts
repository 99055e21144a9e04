// Whether a series grows, said so that a few odd values do not decide it. The growth is the Theil–Sen slope: the median
// of the slopes between every two values. Around it stands the interval in which the true slope lies with 99 % confidence,
// from the variance of Kendall's S; that interval lies above zero exactly where the Mann–Kendall test would call the
// series rising.
//
// The verdict is about a bound, not about zero: no process stands perfectly still, and a test against zero would either
// call the smallest drift a leak or, on few values, call silence a proof. A series leaks where the whole interval lies
// above the bound, and does not where it lies below; anything else is too short to say.
// Leaves out: values that depend on those before them make the interval narrower than it should be. Whoever takes the
// values therefore takes the least of each quarter of a minute, and does not look at what happened while all warmed up.
// Source: Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968; Gilbert, "Statistical methods for
// environmental pollution monitoring", 1987, chapters 16 and 17.
import type { LeakVerdict } from "../../invariants/soak-result.ts";

export interface SeriesPoint {
  readonly atMs: number;
  readonly value: number;
}

export interface Trend {
  readonly verdict: LeakVerdict;
  /** Per hour; absent with fewer than two values. */
  readonly perHour?: { readonly slope: number; readonly low: number; readonly high: number };
}

/** The quantile of the normal distribution for a two-sided confidence of 99 %. */
const confidenceZ = 2.576;
/** Fewer values, or a shorter time, say nothing whatever they are. */
const pointsMin = 12;
const spanMinMs = 300_000;
/** Slopes grow with the square of the values; more are thinned out evenly. */
const pointsMax = 1_000;
const hourMs = 3_600_000;

/** Judges a series in the order of its times. `boundPerHour`: a growth above it is a leak. */
export function judgeTrend(series: readonly SeriesPoint[], boundPerHour: number): Trend {
  const points = thinned(series);
  if (points.length < 2) return { verdict: "too short to say" };
  const slopes = slopesOf(points);
  if (slopes.length === 0) return { verdict: "too short to say" };
  const reach = confidenceZ * Math.sqrt(kendallVariance(points.map(({ value }) => value)));
  const at = (rank: number): number => slopes[Math.min(slopes.length - 1, Math.max(0, rank))]!;
  const low = at(Math.floor((slopes.length - reach) / 2) - 1);
  const high = at(Math.ceil((slopes.length + reach) / 2));
  const perHour = { slope: medianOf(slopes), low, high };
  const isShort = points.length < pointsMin || points.at(-1)!.atMs - points[0]!.atMs < spanMinMs;
  if (isShort || (low <= boundPerHour && high > boundPerHour))
    return { verdict: "too short to say", perHour };
  return { verdict: low > boundPerHour ? "leaks" : "no leak seen", perHour };
}

/** The least value of each stretch of time, at the time of that value. */
export function leastOfEach(series: readonly SeriesPoint[], stretchMs: number): readonly SeriesPoint[] {
  const least = new Map<number, SeriesPoint>();
  for (const point of series) {
    const stretch = Math.floor(point.atMs / stretchMs);
    const known = least.get(stretch);
    if (known === undefined || point.value < known.value) least.set(stretch, point);
  }
  return [...least.values()];
}

/** Between every two values at different times, ascending. */
function slopesOf(points: readonly SeriesPoint[]): Float64Array {
  const slopes = new Float64Array((points.length * (points.length - 1)) / 2);
  let count = 0;
  for (let right = 1; right < points.length; right++) {
    for (let left = 0; left < right; left++) {
      const hours = (points[right]!.atMs - points[left]!.atMs) / hourMs;
      if (hours > 0) slopes[count++] = (points[right]!.value - points[left]!.value) / hours;
    }
  }
  return slopes.subarray(0, count).sort();
}

const medianOf = (ascending: Float64Array): number => {
  const middle = ascending.length >> 1;
  return ascending.length % 2 === 1 ? ascending[middle]! : (ascending[middle - 1]! + ascending[middle]!) / 2;
};

/** Of Kendall's S, values that are equal considered. */
function kendallVariance(values: readonly number[]): number {
  const term = (count: number): number => count * (count - 1) * (2 * count + 5);
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let ties = 0;
  for (const count of counts.values()) ties += term(count);
  return (term(values.length) - ties) / 18;
}

function thinned(series: readonly SeriesPoint[]): readonly SeriesPoint[] {
  const step = Math.ceil(series.length / pointsMax);
  return step <= 1 ? series : series.filter((_, index) => index % step === 0);
}
