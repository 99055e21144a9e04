// Durations as people read them.

const second = 1_000;
const hour = 3_600_000;
const day = 86_400_000;

/** A point of a run: `0.120 s`, `02:03:04.120`, and past a day `91d 00:00:01`. */
export function runTimeText(atMs: number): string {
  const whole = Math.round(atMs);
  if (whole < 100 * second) return `${(whole / second).toFixed(3)} s`;
  const days = Math.floor(whole / day);
  const time = new Date(whole % day).toISOString();
  return days > 0 ? `${days}d ${time.slice(11, 19)}` : time.slice(11, 23);
}

/** How long something took: `340 µs`, `12 ms`, `3.2 s`, `4 min 05 s`, `2 h 10 min`. */
export function durationText(durationMs: number): string {
  if (durationMs < 1) return `${Math.round(durationMs * 1_000)} µs`;
  if (durationMs < second) return `${Math.round(durationMs)} ms`;
  if (durationMs < 60 * second) return `${(durationMs / second).toFixed(1)} s`;
  const seconds = Math.floor(durationMs / second);
  const padded = (value: number): string => String(value).padStart(2, "0");
  if (durationMs < hour) return `${Math.floor(seconds / 60)} min ${padded(seconds % 60)} s`;
  return `${Math.floor(seconds / 3_600)} h ${padded(Math.floor(seconds / 60) % 60)} min`;
}

/** `12,400`; the same in every locale. */
export function countText(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}
