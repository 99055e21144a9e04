// The selftest in the real world: every mutant that can be a real process is one, and has to be seen there by what sees it
// in the simulation. What the simulation finds is only worth something if it happens for real.
//
// For each mutant: the scenarios that kill it in the simulation, the cheapest first, each brought about for real (see
// confirming.ts) until one shows the same law violated or the same expectation failed. The reference runs these scenarios
// too: what it does wrong in the same place confirms nothing.
import { join, matchesGlob, resolve } from "node:path";
import { isEmpty, seenInBoth, type Sighting, sightingOf, sightingText } from "../explore/confirm/sighting.ts";
import type { Mutant } from "../explore/mutants/mutant.ts";
import { realMutant } from "../explore/mutants/real-edits.ts";
import { Threads } from "../explore/threads.ts";
import type { LiveRunner } from "../live/run.ts";
import { liveAbilities, placeLacks } from "../live/world/abilities.ts";
import { writeAtomically } from "../reports/write-atomically.ts";
import { durationText } from "../reports/time-text.ts";
import type { Ability } from "../scenarios/format/types.ts";
import { type Confirmable, type Confirmation, confirmLive } from "./confirming.ts";
import { type DatabaseFlag, databaseOf } from "./database-option.ts";
import { UsageError } from "./errors.ts";
import { liveBuildOf } from "./live-builds.ts";
import { openLiveRunner } from "./live-runner.ts";
import type { KillerJob, KillerOutcome } from "./live-selftest-worker.ts";
import { type ProtocolEntry, protocolNamed, protocols } from "./protocols.ts";
import { SelftestProgress } from "./selftest-progress.ts";

export interface LiveSelftestFlags extends DatabaseFlag {
  /** Globs over names; empty: all. */
  readonly mutants: readonly string[];
  readonly protocol?: string;
  /** Mutants of devices as well. */
  readonly devices: boolean;
  /** Mutants side by side. */
  readonly workers: number;
  /** Of each scenario. */
  readonly tries: number;
  readonly json: boolean;
  readonly outputDir: string;
}

/** Of those that can be, so many have to be confirmed.  Units: percent. */
export const confirmedLeastPercent = 95;
/** Scenarios that are tried for a mutant before it counts as not reproduced. */
const scenariosMax = 4;
const scenarioTimeoutMs = 45_000;
const simulationLimitMs = 120_000;
/** Groups of server processes beside those of the mutants: the reference's. */
const referenceGroups = 2;

/** How one mutant fared. */
export interface MutantRow {
  readonly protocol: string;
  readonly mutant: string;
  readonly part: Mutant["part"];
  /** `blocked`: no scenario that kills it in the simulation can run here. `not applicable`: it cannot be. */
  readonly outcome: "confirmed" | "not reproduced" | "blocked" | "not applicable" | "broken";
  readonly milliseconds: number;
  /** The scenario that showed it, or the last that was to. */
  readonly scenario?: string;
  /** What both worlds show; else what was seen instead, or why nothing was. */
  readonly seen: string;
}

interface OnTrial {
  readonly entry: ProtocolEntry;
  readonly mutant: Mutant;
}

/** Runs it, and writes what it found. True where enough is confirmed.
 *  Errors: UsageError, SetupError. */
export async function runLiveSelftest(flags: LiveSelftestFlags, signal: AbortSignal): Promise<boolean> {
  const startedAt = performance.now();
  const asked = mutantsOf(flags);
  const impossible = asked.filter(({ mutant }) => realMutant(mutant).place === "nowhere");
  const possible = asked.filter((one) => !impossible.includes(one));
  const stream = flags.json ? process.stderr : process.stdout;
  const database = databaseOf(flags);
  const abilities = [...liveAbilities].filter(
    (ability) => placeLacks({ needs: [ability] }, database).length === 0,
  );
  const runner = await openLiveRunner({
    database,
    scenarioTimeoutMs,
    groupsMax: flags.workers + referenceGroups,
  });
  const progress = new SelftestProgress(possible.length, stream);
  const rows: MutantRow[] = impossible.map(({ entry, mutant }) => {
    const real = realMutant(mutant);
    const seen = real.place === "nowhere" ? real.why : "";
    return { ...headOf(entry, mutant), outcome: "not applicable", milliseconds: 0, seen };
  });
  const bench = new Bench(runner, { flags, signal });
  // Simulated in threads, and taken to the real world as they come.
  const arrivals = new Arrivals<Arrival>();
  const simulating = killersInSimulation(possible, { flags, abilities, signal, arrivals });
  try {
    const work = async (): Promise<void> => {
      for (let next = await arrivals.next(); next !== undefined; next = await arrivals.next()) {
        const { name } = next.mutant;
        progress.began(name);
        const row = await bench.rowOf(next);
        if (signal.aborted) return;
        rows.push(row);
        progress.told(name, rowText(row));
      }
    };
    await Promise.all([simulating, ...Array.from({ length: flags.workers }, work)]);
  } finally {
    progress.close();
    await runner.close();
  }
  const summary = summaryOf(rows, performance.now() - startedAt);
  for (const line of summary.lines) stream.write(`${line}\n`);
  const text = `${JSON.stringify({ confirmedPercent: summary.percent, mutants: rows }, null, 1)}\n`;
  writeAtomically(resolve(join(flags.outputDir, "selftest-live.json")), text);
  if (flags.json) process.stdout.write(text);
  return summary.percent >= confirmedLeastPercent && rows.every(({ outcome }) => outcome !== "broken");
}

function mutantsOf({ mutants: globs, protocol, devices }: LiveSelftestFlags): readonly OnTrial[] {
  if (!import.meta.url.endsWith(".ts"))
    throw new UsageError("mutants are edits of the sources, which the published package does not have");
  const entries = protocol === undefined ? protocols : [protocolNamed(protocol)];
  const isWanted = ({ name, part }: Mutant): boolean =>
    globs.length === 0 ? devices || part !== "device" : globs.some((glob) => matchesGlob(name, glob));
  const asked = entries.flatMap((entry) =>
    entry.mutants.filter(isWanted).map((mutant) => ({ entry, mutant })),
  );
  if (asked.length === 0) throw new UsageError(`no mutant is called ${globs.join(" or ")}`);
  return asked;
}

/** A mutant with what kills it in the simulation, or why it could not be simulated. */
type Arrival = OnTrial & { readonly outcome: KillerOutcome | { readonly failed: string } };

/** Which scenarios kill each mutant in the simulation; on all cores. */
async function killersInSimulation(
  asked: readonly OnTrial[],
  { flags, abilities, signal, arrivals }: SimulationOptions,
): Promise<void> {
  const threads = new Threads<KillerJob, KillerOutcome>(
    new URL("./live-selftest-worker.ts", import.meta.url),
    flags.workers,
  );
  const jobOf = ({ entry, mutant }: OnTrial): KillerJob => {
    return { protocol: entry.id, mutant: mutant.name, scenariosMax, abilities };
  };
  const jobs = new Map(asked.map((one) => [jobOf(one), one]));
  await threads.run(jobs.keys(), {
    signal,
    patience: () => AbortSignal.any([signal, AbortSignal.timeout(simulationLimitMs)]),
    onAnswer: (outcome, job) => arrivals.push({ ...jobs.get(job)!, outcome }),
    onFailure: (failed, job) => arrivals.push({ ...jobs.get(job)!, outcome: { failed } }),
  });
  await threads.close();
  arrivals.close();
}

interface SimulationOptions {
  readonly flags: LiveSelftestFlags;
  readonly abilities: readonly Ability[];
  readonly signal: AbortSignal;
  readonly arrivals: Arrivals<Arrival>;
}

/** From one side to the other, as they come. */
class Arrivals<T> {
  readonly #queue: T[] = [];
  #waiting: (() => void)[] = [];
  #isClosed = false;

  push(one: T): void {
    this.#queue.push(one);
    this.#wake();
  }

  /** No more come. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** `undefined` when all have been taken. */
  async next(): Promise<T | undefined> {
    while (this.#queue.length === 0 && !this.#isClosed)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#queue.shift();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }
}

type RowResult = Pick<MutantRow, "outcome" | "seen" | "scenario">;

class Bench {
  readonly #runner: LiveRunner;
  readonly #flags: LiveSelftestFlags;
  readonly #signal: AbortSignal;
  /** What the reference does wrong in a scenario, once asked. */
  readonly #controls = new Map<string, Promise<Sighting>>();

  constructor(
    runner: LiveRunner,
    { flags, signal }: { readonly flags: LiveSelftestFlags; readonly signal: AbortSignal },
  ) {
    this.#runner = runner;
    this.#flags = flags;
    this.#signal = signal;
  }

  /** Errors: none but bugs of ours; what a mutant does to its own process is in the row. */
  async rowOf({ entry, mutant, outcome }: Arrival): Promise<MutantRow> {
    const startedAt = performance.now();
    const result: RowResult =
      "failed" in outcome
        ? { outcome: "broken", seen: `it could not be simulated: ${outcome.failed}` }
        : await this.#tryAll({ entry, mutant }, outcome);
    const milliseconds = Math.round(performance.now() - startedAt);
    return { ...headOf(entry, mutant), ...result, milliseconds };
  }

  async #tryAll({ entry, mutant }: OnTrial, outcome: KillerOutcome): Promise<RowResult> {
    let last: RowResult = {
      outcome: "blocked",
      seen: `none of the scenarios that kill it in the simulation can be brought about (${outcome.impossible} tried)`,
    };
    for (const killer of outcome.killers) {
      const { id } = killer.scenario;
      try {
        const found = await this.#confirm({ entry, mutant }, killer);
        last = { scenario: id, outcome: found.outcome, seen: textOf(found) };
        if (found.outcome === "confirmed") return last;
      } catch (error) {
        const seen = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        last = { scenario: id, outcome: "broken", seen };
        if (this.#signal.aborted) return last;
      }
    }
    return last;
  }

  async #confirm({ entry, mutant }: OnTrial, killer: Confirmable): Promise<Confirmation> {
    const { laws } = entry;
    const live = await liveBuildOf(entry, mutant);
    if ("why" in live) return { outcome: "blocked", why: [live.why] };
    const found = await confirmLive(killer, {
      runner: this.#runner,
      live: live.build,
      laws,
      tries: this.#flags.tries,
      signal: this.#signal,
    });
    if (found.outcome !== "confirmed") return found;
    const control = await this.#controlOf(entry, killer);
    const alarm = seenInBoth(found.seen, control);
    const own = {
      laws: found.seen.laws.filter((law) => !alarm.laws.includes(law)),
      expectations: found.seen.expectations.filter((one) => !alarm.expectations.includes(one)),
      unstruck: [],
    };
    return { ...found, seen: own, outcome: isEmpty(own) ? "not reproduced" : "confirmed" };
  }

  #controlOf({ laws }: ProtocolEntry, { scenario, seed }: Confirmable): Promise<Sighting> {
    let control = this.#controls.get(scenario.id);
    if (control === undefined) {
      control = this.#runner
        .run(scenario, { seed, signal: this.#signal })
        .then((run) => sightingOf(run, { laws, intended: scenario.expect.violates ?? [] }));
      this.#controls.set(scenario.id, control);
    }
    return control;
  }
}

const headOf = ({ id }: ProtocolEntry, { name, part }: Mutant) => ({ protocol: id, mutant: name, part });

const textOf = (found: Confirmation): string =>
  found.outcome === "blocked" ? found.why.join("; ") : sightingText(found.seen);

const nameWidth = 40;
const outcomeWidth = 14;

function rowText({ outcome, mutant, milliseconds, scenario, seen }: MutantRow): {
  readonly line: string;
  readonly isGood: boolean;
} {
  const isGood = outcome === "confirmed";
  const head = `${outcome.padEnd(outcomeWidth)} ${mutant.padEnd(nameWidth)} ${durationText(milliseconds)}`;
  return { line: `${head}; ${scenario === undefined ? "" : `${scenario}: `}${seen}`, isGood };
}

/** The share of those that can be, and what is to be said of the others. */
export function summaryOf(
  rows: readonly MutantRow[],
  tookMs: number,
): { readonly percent: number; readonly lines: readonly string[] } {
  const of = (outcome: MutantRow["outcome"]): readonly MutantRow[] =>
    rows.filter((row) => row.outcome === outcome);
  const applicable = rows.length - of("not applicable").length;
  const confirmed = of("confirmed").length;
  const percent = applicable === 0 ? 0 : Math.floor((1_000 * confirmed) / applicable) / 10;
  const others = rows.filter(({ outcome }) => outcome !== "confirmed");
  return {
    percent,
    lines: [
      `${confirmed} of ${applicable} mutants confirmed in the real world: ${percent} %, of ${confirmedLeastPercent} % that have to be, in ${durationText(tookMs)}`,
      ...others.map(
        ({ outcome, mutant, scenario, seen }) =>
          `  ${outcome}: ${mutant}${scenario === undefined ? "" : ` by ${scenario}`}: ${seen}`,
      ),
    ],
  };
}
