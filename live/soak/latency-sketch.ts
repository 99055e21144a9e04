// Percentiles of any number of latencies in a fixed amount of memory: counts in buckets whose bounds grow by a constant
// factor, so that every answer is within one per cent of the true one.
// Source: Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees", 2019.
import type { Percentiles } from "../../invariants/soak-result.ts";

/** How far an answer may be from the true value, as a part of it. */
const relativeError = 0.01;
const growth = (1 + relativeError) / (1 - relativeError);
const growthLog = Math.log(growth);
/** What is shorter or longer counts as this. Units: milliseconds. */
const leastMs = 0.01;
const mostMs = 3_600_000;
const bucketsMax = bucketOf(mostMs) + 1;

export class LatencySketch {
  readonly #counts = new Float64Array(bucketsMax);
  #total = 0;

  get count(): number {
    return this.#total;
  }

  add(latencyMs: number): void {
    const bucket = bucketOf(Math.min(mostMs, Math.max(leastMs, latencyMs)));
    this.#counts[bucket] = this.#counts[bucket]! + 1;
    this.#total++;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  /** The value below which this part of all lie, from 0 to 1; `undefined` of none. */
  quantile(part: number): number | undefined {
    if (this.#total === 0) return undefined;
    const rank = part * (this.#total - 1);
    let seen = 0;
    for (let bucket = 0; bucket < bucketsMax; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen > rank) return middleOf(bucket);
    }
    return mostMs;
  }

  percentiles(): Percentiles | undefined {
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((part) => this.quantile(part));
    return p50 === undefined || p95 === undefined || p99 === undefined ? undefined : { p50, p95, p99 };
  }
}

function bucketOf(latencyMs: number): number {
  return Math.max(0, Math.ceil(Math.log(latencyMs / leastMs) / growthLog));
}

/** The value that is as far from both ends of a bucket, relatively. */
const middleOf = (bucket: number): number => (2 * leastMs * growth ** bucket) / (growth + 1);
