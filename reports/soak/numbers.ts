// The numbers of a soak as people read them.
import type { LeakFinding, Percentiles } from "../../invariants/soak-result.ts";
import { countText } from "../time-text.ts";

const mebibyte = 1_048_576;

/** `214 MiB`; of less than ten with one decimal. */
export function bytesText(bytes: number): string {
  const size = bytes / mebibyte;
  return `${Math.abs(size) < 10 ? size.toFixed(1) : countText(size)} MiB`;
}

/** `p50 3.1 p95 12 p99 40 ms` */
export function percentilesText(latencyMs: Percentiles | undefined): string {
  if (latencyMs === undefined) return "nothing answered";
  const { p50, p95, p99 } = latencyMs;
  return `p50 ${latencyText(p50)} p95 ${latencyText(p95)} p99 ${latencyText(p99)} ms`;
}

/** `memory of server 2: no leak seen (+1.2 MiB an hour, between -3.0 and +4.1 MiB; 90 values in 22 min)` */
export function leakText({
  name,
  verdict,
  perHour,
  unit,
  boundPerHour,
  points,
  spanMs,
}: LeakFinding): string {
  const minutes = `${points} ${points === 1 ? "value" : "values"} in ${Math.round(spanMs / 60_000)} min`;
  if (perHour === undefined) return `${name}: ${verdict} (${minutes})`;
  const { slope, low, high } = perHour;
  const text = (value: number): string => `${value < 0 ? "" : "+"}${amountText(value, unit)}`;
  const bound = `a leak is more than ${amountText(boundPerHour, unit)}`;
  return `${name}: ${verdict} (${text(slope)} an hour, between ${text(low)} and ${text(high)}; ${bound}; ${minutes})`;
}

function amountText(value: number, unit: LeakFinding["unit"]): string {
  return unit === "bytes" ? bytesText(value) : `${value.toFixed(1)} ${unit}`;
}

const latencyText = (ms: number): string => (ms < 10 ? ms.toFixed(1) : countText(ms));
