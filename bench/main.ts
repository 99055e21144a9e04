// `npm run bench`: the numbers that the project is held to. Prints a table, and writes it with machine and versions to
// reports/samples/bench.json. A benchmark and never a test: machines differ, so floors are printed and not enforced.
import { mkdirSync, writeFileSync } from "node:fs";
import { execFile } from "node:child_process";
import { cpus } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { searchProtocolOf } from "../explore/protocols.ts";
import { stormLengthMs, stormScenario } from "../explore/storm.ts";
import { judge } from "../invariants/judge.ts";
import type { WaveflowHistory } from "../invariants/waveflow/events.ts";
import { waveflowLaws } from "../invariants/waveflow/index.ts";
import { loadCatalogue } from "../scenarios/catalogue.ts";
import { simulate } from "../sim/run.ts";
import { waveflowSim } from "../sim/waveflow/binding.ts";
import { calibrate, formatRow, medianMs, rateOf, type Row } from "./measure.ts";
import { measureWireCost } from "./postgres-wire.ts";
import { type Load, measurePushes } from "./pushes.ts";
import { type CostBySize, costByDevices, costByLogSize, growthOf } from "./scaling.ts";
import { compareWays, type FirstViolation, firstViolations, shrinkTimes, shrunkSizes } from "./search.ts";
import { underFastCheck, underKernel } from "./schedulers.ts";

/** How long each row is measured. Units: milliseconds. */
const measureMs = Number(process.env.SEATRIAL_BENCH_MS ?? 8_000);
/** A device that slept for 91 days. */
const staleScenarioId = "waveflow/compaction/asleep-more-than-90-days";
const pushLoads: readonly Load[] = [
  { clients: 1, opsPerPush: 100 },
  { clients: 8, opsPerPush: 100 },
  { clients: 1, opsPerPush: 1 },
  { clients: 8, opsPerPush: 1 },
];

const searchPlansMax = 1_500;
const waysPlansMax = 600;
/** Storms show these soon. */
const shrunkMutants = [
  "no-receipt",
  "restamp-one",
  "cursor-before-apply",
  "guard-missing",
  "wipe-takes-queue",
] as const;

const rows: Row[] = [];
const calibrations: number[] = [];

await measureStorm();
await measureStaleness();
await measureScaling();
await measureSchedulers();
await measureSearch();
await measureServer();
await measureWire();
await measureLiveCorpus();
write();

/** Storms with all laws on. */
async function measureStorm(): Promise<void> {
  calibrations.push(calibrate());
  let events = 0;
  let alarms = 0;
  const seedsPerSecond = await rateOf(measureMs, async (round) => {
    const seed = `bench-${round}`;
    const run = await simulate({ scenario: stormScenario(seed), protocol: waveflowSim, seed });
    const verdicts = judge(run.history as WaveflowHistory, waveflowLaws);
    if (verdicts.some(({ verdict }) => verdict.outcome === "violated")) alarms++;
    events += run.events;
    return { units: 1, forget: () => (events = 0) };
  });
  calibrations.push(calibrate());
  const eventsPerSeed = events / seedsPerSecond.units;
  const note = `${Math.round(eventsPerSeed)} events a seed, ${alarms} violations`;
  add({
    name: "simulated events: 5 devices, all faults, laws and digest on",
    unit: "events/s",
    value: seedsPerSecond.rate * eventsPerSeed,
    floor: 300_000,
    target: 1_000_000,
    note,
  });
  add({
    name: `standard seeds: ${stormLengthMs / 1_000} virtual seconds and the calm after them`,
    unit: "seeds/s",
    value: seedsPerSecond.rate,
    floor: 150,
    target: 500,
    note,
  });
}

async function measureStaleness(): Promise<void> {
  const scenario = loadCatalogue().scenarios.find(({ id }) => id.startsWith(staleScenarioId));
  if (scenario === undefined)
    throw new Error(`expected a scenario ${staleScenarioId} in the catalogue, found none`);
  const value = await medianMs(21, async () => {
    await simulate({ scenario, protocol: waveflowSim, seed: "1" });
  });
  add({ name: "a device asleep for 91 days", unit: "ms", value, floor: 50, target: 10, isLessBetter: true });
}

async function measureScaling(): Promise<void> {
  const bars = { unit: "times", floor: 1.5, target: 1.2, isLessBetter: true } as const;
  const note = (costs: CostBySize): string =>
    [...costs].map(([size, cost]) => `${size.toLocaleString("en")}: ${cost.toFixed(2)} µs`).join(", ");
  const byLog = await costByLogSize([1_000, 10_000, 100_000, 1_000_000]);
  add({
    name: "cost of an event, 10^3 to 10^6 ops in the log",
    value: growthOf(byLog),
    ...bars,
    note: note(byLog),
  });
  const byDevices = await costByDevices([2, 20, 200]);
  add({
    name: "cost of an event, 2 to 200 devices",
    value: growthOf(byDevices),
    ...bars,
    note: note(byDevices),
  });
}

async function measureSchedulers(): Promise<void> {
  const run = (work: (round: number) => Promise<number>) =>
    rateOf(measureMs / 4, async (round) => ({ units: await work(round) }));
  const kernel = await run(underKernel);
  const fastCheck = await run(underFastCheck);
  add({
    name: "the kernel against fast-check's scheduler with fake timers",
    unit: "times",
    value: kernel.rate / fastCheck.rate,
    floor: 5,
    target: 10,
    note: `${Math.round(kernel.rate / 1_000)} k against ${Math.round(fastCheck.rate / 1_000)} k waits/s`,
  });
}

/** How soon the search finds the mutants, how small it gets them, and what steering is worth. */
async function measureSearch(): Promise<void> {
  const protocol = searchProtocolOf("waveflow/1");
  add({
    name: "mutants in the catalogue",
    unit: "mutants",
    value: protocol.mutants.length,
    floor: 60,
    target: 90,
    note: "who kills them: docs/kill-matrix.md",
  });
  const found = await firstViolations(protocol, searchPlansMax);
  const times = found.map(({ ms }) => ms ?? Infinity).sort((left, right) => left - right);
  const missed = found.filter(({ ms }) => ms === undefined).map(({ mutant }) => mutant);
  const seconds = { unit: "s", isLessBetter: true } as const;
  const note = missed.length === 0 ? "all found" : `not within ${searchPlansMax} plans: ${missed.join(", ")}`;
  add({
    name: "time to the first violation, median over all mutants",
    value: (times[Math.floor(times.length / 2)] ?? Infinity) / 1_000,
    ...seconds,
    floor: 2,
    target: 0.2,
    note,
  });
  add({
    name: "time to the first violation, p95 over all mutants",
    value: (times[Math.floor(times.length * 0.95)] ?? Infinity) / 1_000,
    ...seconds,
    floor: 60,
    target: 10,
  });
  const shrinking = await shrinkTimes(protocol, { mutants: shrunkMutants, eventsMin: 1_500, stormsMax: 300 });
  const slowest = Math.max(...shrinking) / 1_000;
  add({
    name: "shrinking a storm of about 2,000 events, the slowest of five",
    value: slowest,
    ...seconds,
    floor: 30,
    target: 5,
  });
  const sizes = await shrunkSizes(protocol);
  add({
    name: "shrunk size against the minimum made by hand, the largest of nine",
    unit: "times",
    value: sizes.at(-1) ?? Infinity,
    floor: 2,
    target: 1.3,
    isLessBetter: true,
    note: sizes.map((size) => size.toFixed(2)).join(", "),
  });
  await measureWays(found);
}

/** Steering against fates by chance and against schedules by priority, on the mutants that took the most plans. */
async function measureWays(found: readonly FirstViolation[]): Promise<void> {
  const hardest = found
    .toSorted((left, right) => right.plans - left.plans)
    .slice(0, 10)
    .map(({ mutant }) => mutant);
  const plans = await compareWays(searchProtocolOf("waveflow/1"), {
    mutants: hardest,
    seeds: ["one", "two"],
    plansMax: waysPlansMax,
  });
  for (const [way, mean] of Object.entries(plans)) {
    add({
      name: `plans to the ten hardest mutants, ${way}`,
      unit: "plans",
      value: mean,
      isLessBetter: true,
      note: `mean, at most ${waysPlansMax}`,
    });
  }
}

/** The whole corpus against the reference server on PostgreSQL. */
async function measureLiveCorpus(): Promise<void> {
  const begin = performance.now();
  const main = join(import.meta.dirname, "..", "cli", "main.ts");
  await promisify(execFile)(process.execPath, [main, "live", "--reporter", "none"]);
  const value = (performance.now() - begin) / 1_000;
  add({
    name: "the whole corpus against a server process on PostgreSQL",
    unit: "s",
    value,
    floor: 180,
    target: 60,
    isLessBetter: true,
  });
}

async function measureServer(): Promise<void> {
  for (const { load, server, bare } of await measurePushes(pushLoads, measureMs)) {
    add({
      name: `pushes against bare inserts: ${load.clients} clients, ${load.opsPerPush} ops a push`,
      unit: "%",
      value: (server / bare) * 100,
      floor: 40,
      target: 60,
      note: `${Math.round(server)} against ${Math.round(bare)} a second`,
    });
  }
}

/** The proxy between a server and its database, which every live run with faults goes through. */
async function measureWire(): Promise<void> {
  for (const { load, directMs, proxiedMs, addedPercent } of await measureWireCost(pushLoads, measureMs)) {
    add({
      name: `the database's proxy adds: ${load.clients} clients, ${load.opsPerPush} ops a push`,
      unit: "%",
      value: addedPercent,
      floor: 15,
      target: 5,
      isLessBetter: true,
      note: `${proxiedMs.toFixed(2)} ms against ${directMs.toFixed(2)} ms`,
    });
  }
}

function add(row: Row): void {
  rows.push(row);
  process.stdout.write(`${formatRow(row)}\n`);
}

function write(): void {
  const calibration = calibrations.reduce((sum, each) => sum + each, 0) / calibrations.length;
  const report = {
    measuredAt: new Date().toISOString(),
    node: process.version,
    machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`,
    calibration: { unit: "steps of an integer loop per second", value: Math.round(calibration) },
    rows: rows.map((row) =>
      row.unit.endsWith("/s")
        ? { ...row, perMillionCalibrationSteps: (row.value / calibration) * 1_000_000 }
        : row,
    ),
  };
  const folder = join(import.meta.dirname, "..", "reports", "samples");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "bench.json"), `${JSON.stringify(report, undefined, 2)}\n`);
}
