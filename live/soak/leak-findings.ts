// Which of the things that a soak watches grow: memory and handles of Seatrial and of every server process, and the
// connections of the database. A process that was restarted is judged over its longest life.
import type { LeakFinding, SoakSample } from "../../invariants/soak-result.ts";
import { judgeTrend, leastOfEach, type SeriesPoint } from "./leak-trend.ts";

const mebibyte = 1_048_576;
/** Above these a growth is a leak. They are what half an hour can tell from none: memory goes up and down with the
 *  collector's rounds, handles with the devices that are connected.  Units: per hour. */
const bounds = { rss: 128 * mebibyte, heap: 64 * mebibyte, handles: 300, connections: 20 } as const;
/** Of values this close together the least stands for all. */
const stretchMs = 15_000;
/** Part of a soak during which caches fill and code is compiled: nothing is judged before. */
const warmUpShare = 4;
const warmUpMinMs = 60_000;
const warmUpMaxMs = 600_000;

interface Series {
  readonly name: string;
  readonly unit: LeakFinding["unit"];
  readonly boundPerHour: number;
  readonly points: readonly SeriesPoint[];
}

/** Judges every series. `durationMs`: what comes after it is the end of the soak, when everybody leaves. */
export function findLeaks(samples: readonly SoakSample[], durationMs: number): readonly LeakFinding[] {
  const warmUpMs = Math.min(warmUpMaxMs, Math.max(warmUpMinMs, durationMs / warmUpShare));
  const during = samples.filter(({ atMs }) => atMs <= durationMs);
  const steady = during.filter(({ atMs }) => atMs > warmUpMs);
  const series = [...ourSeries(steady), ...databaseSeries(steady), ...serverSeries(during, warmUpMs)];
  return series.map(({ name, unit, boundPerHour, points }) => {
    const kept = leastOfEach(points, stretchMs);
    const spanMs = kept.length === 0 ? 0 : kept.at(-1)!.atMs - kept[0]!.atMs;
    return { name, unit, boundPerHour, points: kept.length, spanMs, ...judgeTrend(kept, boundPerHour) };
  });
}

function ourSeries(samples: readonly SoakSample[]): readonly Series[] {
  return [
    {
      name: "memory of Seatrial",
      unit: "bytes",
      boundPerHour: bounds.rss,
      points: pointsOf(samples, ({ seatrial }) => seatrial.rssBytes),
    },
    {
      name: "heap of Seatrial",
      unit: "bytes",
      boundPerHour: bounds.heap,
      points: pointsOf(samples, ({ seatrial }) => seatrial.liveHeapBytes),
    },
    {
      name: "handles of Seatrial",
      unit: "handles",
      boundPerHour: bounds.handles,
      points: pointsOf(samples, ({ seatrial }) => seatrial.handles),
    },
  ];
}

function databaseSeries(samples: readonly SoakSample[]): readonly Series[] {
  return [
    {
      name: "connections of the database",
      unit: "connections",
      boundPerHour: bounds.connections,
      points: pointsOf(samples, ({ database }) => database?.connections),
    },
  ];
}

/** Of every process, over the longest of its lives. */
function serverSeries(samples: readonly SoakSample[], warmUpMs: number): readonly Series[] {
  const names = [...new Set(samples.flatMap(({ servers }) => servers.map(({ name }) => name)))].sort();
  return names.flatMap((name): readonly Series[] => {
    const lived = longestLife(samples, name);
    const bornAtMs = lived[0]?.atMs ?? 0;
    const fromMs = Math.max(warmUpMs, bornAtMs + warmUpMinMs);
    const steady = lived.filter(({ atMs }) => atMs > fromMs);
    const own = ({ servers }: SoakSample) => servers.find((server) => server.name === name);
    return [
      {
        name: `memory of ${name}`,
        unit: "bytes",
        boundPerHour: bounds.rss,
        points: pointsOf(steady, (sample) => own(sample)?.rssBytes),
      },
      {
        name: `handles of ${name}`,
        unit: "handles",
        boundPerHour: bounds.handles,
        points: pointsOf(steady, (sample) => own(sample)?.handles),
      },
    ];
  });
}

function longestLife(samples: readonly SoakSample[], name: string): readonly SoakSample[] {
  const lives = new Map<number, SoakSample[]>();
  for (const sample of samples) {
    const life = sample.servers.find((server) => server.name === name)?.life;
    if (life !== undefined) lives.set(life, [...(lives.get(life) ?? []), sample]);
  }
  return [...lives.values()].sort((left, right) => right.length - left.length)[0] ?? [];
}

function pointsOf(
  samples: readonly SoakSample[],
  valueOf: (sample: SoakSample) => number | undefined,
): readonly SeriesPoint[] {
  return samples.flatMap((sample) => {
    const value = valueOf(sample);
    return value === undefined ? [] : [{ atMs: sample.atMs, value }];
  });
}
