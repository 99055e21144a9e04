// A soak in words: what is shown while it runs, and its last words, with a graph of each series as one line of text.
import type { LeakFinding, SoakReport, SoakSample } from "../../invariants/soak-result.ts";
import { countText, durationText } from "../time-text.ts";
import { bytesText, leakText, percentilesText } from "./numbers.ts";
import { sparkline } from "./sparkline.ts";

/** How it stands at one moment. */
export interface SoakStand {
  readonly devices: number;
  readonly accounts: number;
  readonly backlog: number;
  readonly faults: number;
  readonly sample?: SoakSample;
}

const labelWidth = 12;
const graphWidth = 60;
/** Above it Seatrial's own delay is what a latency shows.  Units: milliseconds. */
const lateMs = 100;

/** What is painted below the bar. */
export function standText({ devices, accounts, backlog, faults, sample }: SoakStand): readonly string[] {
  const there = `${countText(devices)} devices up in ${countText(accounts)} accounts`;
  const owed = `${countText(backlog)} ${backlog === 1 ? "edit" : "edits"} to push · ${countText(faults)} faults struck`;
  if (sample === undefined) return [there, owed];
  const rates = `${countText(sample.pushesPerSecond)} pushes/s, ${countText(sample.exchangesPerSecond)} exchanges/s`;
  return [`${there} · ${rates}`, `${percentilesText(sample.pushLatencyMs)} · ${owed}`];
}

/** The last words: what was done, the graphs, and the verdict on each series that could leak. */
export function closingText(report: SoakReport): readonly string[] {
  const { accounts, pushes, faults, marks, leaks, samples, pushLatencyMs } = report;
  const struck = Object.values(faults).reduce((sum, count) => sum + count, 0);
  const abandoned = accounts.abandoned === 0 ? "" : `; ${accounts.abandoned} were cut short and not judged`;
  return [
    `${countText(pushes)} pushes, ${percentilesText(pushLatencyMs)}; ${countText(struck)} faults struck accounts, ${marks.length} befell the servers${abandoned}`,
    ...latenessLines(samples),
    ...graphLines(samples),
    ...leakLines(leaks),
  ];
}

/** What can be said, one line each; what cannot, together. */
function leakLines(leaks: readonly LeakFinding[]): readonly string[] {
  const unsaid = leaks.filter(({ verdict }) => verdict === "too short to say").map(({ name }) => name);
  const said = leaks.filter(({ verdict }) => verdict !== "too short to say").map(leakText);
  if (unsaid.length === 0) return said;
  return [...said, `too short to say whether anything leaks in: ${unsaid.join(", ")}`];
}

/** Said where Seatrial itself was too slow for its latencies to be the server's. */
function latenessLines(samples: readonly SoakSample[]): readonly string[] {
  const delays = samples.map(({ loopDelayP99Ms }) => loopDelayP99Ms).sort((left, right) => left - right);
  const usual = delays[delays.length >> 1] ?? 0;
  if (usual < lateMs) return [];
  return [
    `Seatrial's own event loop was late by ${countText(usual)} ms: the latencies are this machine's more than the server's, and fewer --devices would say more`,
  ];
}

function graphLines(samples: readonly SoakSample[]): readonly string[] {
  if (samples.length < 2) return [];
  const servers = [...new Set(samples.flatMap((one) => one.servers.map(({ name }) => name)))].sort();
  const rssOf = (name: string) => (sample: SoakSample) =>
    sample.servers.find((server) => server.name === name)?.rssBytes;
  const graphs: readonly Graph[] = [
    { label: "pushes/s", of: ({ pushesPerSecond }) => pushesPerSecond, text: countText },
    { label: "p99 ms", of: ({ pushLatencyMs }) => pushLatencyMs?.p99, text: countText },
    { label: "backlog", of: ({ backlog }) => backlog, text: countText },
    { label: "Seatrial", of: ({ seatrial }) => seatrial.rssBytes, text: bytesText },
    ...servers.map((name) => ({ label: name, of: rssOf(name), text: bytesText })),
    { label: "database", of: ({ database }) => database?.sizeBytes, text: bytesText },
  ];
  const span = durationText(samples.at(-1)!.atMs);
  return [...graphs.flatMap((graph) => graphLine(graph, samples)), `(${span} from left to right)`];
}

interface Graph {
  readonly label: string;
  readonly of: (sample: SoakSample) => number | undefined;
  readonly text: (value: number) => string;
}

function graphLine({ label, of, text }: Graph, samples: readonly SoakSample[]): readonly string[] {
  const values = samples.map(of);
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return [];
  const most = known.reduce((left, right) => Math.max(left, right));
  return [`${label.padEnd(labelWidth)}${sparkline(values, graphWidth)} at most ${text(most)}`];
}
