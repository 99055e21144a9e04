// Measuring on machines that are noisy and differ: every row is a rate, and beside it stands its ratio to a loop of
// plain arithmetic that ran next to it. Ratios are what is compared from run to run.

export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** Absent: nothing is asked, a row to read. */
  readonly floor?: number;
  readonly target?: number;
  /** As for a time. Default: more is better. */
  readonly isLessBetter?: boolean;
  readonly note?: string;
}

export interface Rate {
  /** Units of work per second of this thread's processor time, which a busy neighbour disturbs less than the wall clock:
   *  the best of the windows, because a neighbour can only slow it down. The compiler and the collector of garbage have
   *  threads of their own; they add about an eighth. */
  readonly rate: number;
  /** Units of work in all windows. */
  readonly units: number;
}

const windows = 3;

/** Runs `work` again and again in three windows of about `forMs` each, after a warm-up of the same length, which
 *  `forget` leaves out: code this large takes seconds to be compiled. */
export async function rateOf(
  forMs: number,
  work: (round: number) => Promise<{ readonly units: number; readonly forget?: () => void }>,
): Promise<Rate> {
  let round = 0;
  const run = async (isWarmUp: boolean): Promise<number> => {
    const until = performance.now() + forMs;
    let units = 0;
    while (performance.now() < until) {
      const done = await work(round++);
      units += done.units;
      if (isWarmUp) done.forget?.();
    }
    return units;
  };
  await run(true);
  let rate = 0;
  let units = 0;
  for (let window = 0; window < windows; window++) {
    const before = process.threadCpuUsage();
    const done = await run(false);
    const { user, system } = process.threadCpuUsage(before);
    rate = Math.max(rate, done / ((user + system) / 1_000_000));
    units += done;
  }
  return { rate, units };
}

/** The median time of `times` runs. Units: milliseconds. */
export async function medianMs(times: number, work: () => Promise<void>): Promise<number> {
  const took: number[] = [];
  for (let run = 0; run < times; run++) {
    const begin = performance.now();
    await work();
    took.push(performance.now() - begin);
  }
  return took.sort((left, right) => left - right)[Math.floor(times / 2)]!;
}

/** Steps of a fixed integer loop per second, the best of three: what this machine can do at this moment. */
export function calibrate(): number {
  let best = 0;
  for (let run = 0; run < 3; run++) {
    const begin = performance.now();
    let hash = 1;
    for (let step = 0; step < 20_000_000; step++) hash = Math.imul(hash ^ step, 0x85eb_ca6b) + 1;
    // The result is used, so that the loop cannot be left out.
    const rate = 20_000_000 / (performance.now() - begin + (hash === 0 ? 1 : 0));
    best = Math.max(best, rate * 1_000);
  }
  return best;
}

export function formatRow(row: Row): string {
  const reached = (bar: number): boolean => (row.isLessBetter === true ? row.value <= bar : row.value >= bar);
  const { floor, target } = row;
  const verdict =
    floor === undefined || target === undefined
      ? ""
      : reached(target)
        ? "target"
        : reached(floor)
          ? "floor"
          : "BELOW THE FLOOR";
  const value = row.value >= 1_000 ? Math.round(row.value).toLocaleString("en") : row.value.toFixed(2);
  return `${row.name.padEnd(62)} ${value.padStart(12)} ${row.unit.padEnd(12)} ${verdict}${row.note === undefined ? "" : `  (${row.note})`}`;
}
