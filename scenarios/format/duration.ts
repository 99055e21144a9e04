// Lengths of time as people write them: `250ms`, `5s`, `10m`, `2h`, `91d`, `1h30m`.

const unitsMs = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

const unitMs: ReadonlyMap<string, number> = new Map(unitsMs);

/** What a message says where a duration was expected. */
export const durationForm = "a duration such as 250ms, 5s, 10m, 2h or 91d";

/** Reads a duration, with a sign where there is one; `undefined` for anything else.  Units: milliseconds. */
export function durationToMs(text: string): number | undefined {
  const match = /^([+-]?)((?:\d+(?:ms|[dhms]))+)$/u.exec(text);
  if (match === null) return undefined;
  let sumMs = 0;
  for (const [, count, unit] of match[2]!.matchAll(/(\d+)(ms|[dhms])/gu)) {
    sumMs += Number(count) * unitMs.get(unit!)!;
  }
  if (!Number.isSafeInteger(sumMs)) return undefined;
  return match[1] === "-" && sumMs !== 0 ? -sumMs : sumMs;
}

/** Writes a duration in its largest whole unit.  Units: milliseconds. */
export function msToDuration(ms: number): string {
  const sign = ms < 0 ? "-" : "";
  const size = Math.abs(ms);
  for (const [unit, inMs] of unitsMs)
    if (size >= inMs && size % inMs === 0) return `${sign}${size / inMs}${unit}`;
  return "0s";
}
