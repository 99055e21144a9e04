// The graphs of a soak as one SVG that needs nothing beside itself: throughput, latency, backlog, memory, and database,
// over the same time, with a line where something befell the servers. Written here and not by a library, because five
// line graphs are less than what any chart library asks for to make them.
import type { SoakReport, SoakSample } from "../../invariants/soak-result.ts";
import { xmlText } from "../junit/xml.ts";
import { durationText } from "../time-text.ts";

/** Units: pixels. */
const size = { width: 960, panel: 130, gap: 46, left: 70, right: 20, top: 64, bottom: 36 } as const;
const colours = ["#3b6fd4", "#d97706", "#c02f4b", "#0d9488", "#7c3aed", "#65748b"] as const;
const mebibyte = 1_048_576;

interface Line {
  readonly name: string;
  readonly of: (sample: SoakSample) => number | undefined;
}

interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
}

export function soakSvg(report: SoakReport): string {
  const { samples, marks } = report;
  const panels = panelsOf(samples);
  const height = size.top + panels.length * (size.panel + size.gap) + size.bottom - size.gap;
  const mostMs = Math.max(1_000, samples.at(-1)?.atMs ?? 0);
  const x = (atMs: number): number =>
    size.left + ((size.width - size.left - size.right) * Math.min(atMs, mostMs)) / mostMs;
  const foot = size.top + panels.length * (size.panel + size.gap) - size.gap;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" role="img" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${xmlText(titleOf(report))}</title>`,
    `<style>text{fill:#1f2937}.dim{fill:#6b7280}.axis{stroke:#d1d5db}.mark{stroke:#9ca3af;stroke-dasharray:2 3}.page{fill:#fff}@media (prefers-color-scheme:dark){text{fill:#e5e7eb}.dim{fill:#9ca3af}.axis{stroke:#374151}.mark{stroke:#6b7280}.page{fill:#111827}}</style>`,
    `<rect class="page" width="${size.width}" height="${height}"/>`,
    `<text x="${size.left}" y="24" font-size="15" font-weight="600">${xmlText(titleOf(report))}</text>`,
    ...marks.map(({ atMs, text }) => {
      const place = at(x(atMs));
      return `<line class="mark" x1="${place}" x2="${place}" y1="${size.top}" y2="${foot}"><title>${xmlText(`${text} at ${durationText(atMs)}`)}</title></line>`;
    }),
    ...panels.flatMap((panel, index) =>
      panelLines(panel, { samples, x, top: size.top + index * (size.panel + size.gap) }),
    ),
    ...timeLabels(mostMs, x, foot + 18),
    "</svg>",
    "",
  ].join("\n");
}

function titleOf({ asked, seed, protocol, accounts, durationMs }: SoakReport): string {
  return `Soak of ${protocol}, seed ${seed}: ${asked.devices} devices on ${asked.processes} server processes, ${accounts.judged} accounts in ${durationText(durationMs)}`;
}

function panelsOf(samples: readonly SoakSample[]): readonly Panel[] {
  const servers = [...new Set(samples.flatMap((one) => one.servers.map(({ name }) => name)))].sort();
  return [
    {
      title: "per second",
      lines: [
        { name: "pushes", of: ({ pushesPerSecond }) => pushesPerSecond },
        { name: "exchanges", of: ({ exchangesPerSecond }) => exchangesPerSecond },
      ],
    },
    {
      title: "latency of a push, ms",
      lines: (["p50", "p95", "p99"] as const).map((name) => ({
        name,
        of: ({ pushLatencyMs }: SoakSample) => pushLatencyMs?.[name],
      })),
    },
    {
      title: "edits",
      lines: [
        { name: "to push", of: ({ backlog }) => backlog },
        { name: "refused for good", of: ({ deadLetters }) => deadLetters },
      ],
    },
    {
      title: "memory, MiB",
      lines: [
        { name: "Seatrial", of: ({ seatrial }) => inMebibytes(seatrial.rssBytes) },
        { name: "its heap", of: ({ seatrial }) => inMebibytes(seatrial.heapBytes) },
        ...servers.map((name) => ({
          name,
          of: (sample: SoakSample) =>
            inMebibytes(sample.servers.find((server) => server.name === name)?.rssBytes),
        })),
      ],
    },
    {
      title: "database",
      lines: [
        { name: "size, MiB", of: ({ database }) => inMebibytes(database?.sizeBytes) },
        { name: "connections", of: ({ database }) => database?.connections },
      ],
    },
  ];
}

const inMebibytes = (bytes: number | undefined): number | undefined =>
  bytes === undefined ? undefined : bytes / mebibyte;

interface Place {
  readonly samples: readonly SoakSample[];
  readonly x: (atMs: number) => number;
  readonly top: number;
}

function panelLines({ title, lines }: Panel, { samples, x, top }: Place): readonly string[] {
  const values = lines.flatMap(({ of }) => samples.map(of)).filter((value) => value !== undefined);
  const most = roundUp(values.reduce((left, right) => Math.max(left, right), 0));
  const y = (value: number): number => top + size.panel * (1 - value / most);
  const grid = [0, most / 2, most].map((value) => {
    const place = at(y(value));
    const label = `<text class="dim" x="${size.left - 8}" y="${place}" dy="4" text-anchor="end">${numberText(value)}</text>`;
    return `<line class="axis" x1="${size.left}" x2="${size.width - size.right}" y1="${place}" y2="${place}"/>${label}`;
  });
  const legend = lines.map(
    ({ name }, index) => `<tspan fill="${colourOf(index)}" dx="14">${xmlText(name)}</tspan>`,
  );
  return [
    ...grid,
    `<text x="${size.left}" y="${top - 10}"><tspan font-weight="600">${xmlText(title)}</tspan>${legend.join("")}</text>`,
    ...lines.map(({ of }, index) => {
      const path = pathOf(samples, of, { x, y });
      return path === ""
        ? ""
        : `<path d="${path}" fill="none" stroke="${colourOf(index)}" stroke-width="1.5"/>`;
    }),
  ].filter((line) => line !== "");
}

/** A gap where there is no value. */
function pathOf(
  samples: readonly SoakSample[],
  of: Line["of"],
  { x, y }: { readonly x: (atMs: number) => number; readonly y: (value: number) => number },
): string {
  let isDrawing = false;
  const parts: string[] = [];
  for (const sample of samples) {
    const value = of(sample);
    if (value !== undefined) parts.push(`${isDrawing ? "L" : "M"}${at(x(sample.atMs))} ${at(y(value))}`);
    isDrawing = value !== undefined;
  }
  return parts.join("");
}

function timeLabels(mostMs: number, x: (atMs: number) => number, y: number): readonly string[] {
  return [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
    const text = share === 0 ? "0" : durationText(mostMs * share);
    return `<text class="dim" x="${at(x(mostMs * share))}" y="${y}" text-anchor="${anchor}">${text}</text>`;
  });
}

/** The next of 1, 2, 5, 10, 20 … */
function roundUp(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10;
  return step * power;
}

const colourOf = (index: number): string => colours[index % colours.length]!;

const at = (value: number): string => String(Math.round(value * 10) / 10);

const numberText = (value: number): string =>
  value < 10 ? at(value) : Math.round(value).toLocaleString("en-US");
