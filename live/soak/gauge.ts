// Looks at a soak about once a second and keeps one sample for every few seconds: rates, latencies, what devices owe,
// and what processes and database hold. The number of samples is bounded, whatever the soak's length.
import type {
  DatabaseSample,
  LeakFinding,
  Percentiles,
  ProcessSample,
  ServerSample,
  SoakMark,
  SoakSample,
} from "../../invariants/soak-result.ts";
import type { Subject } from "../subjects/subject.ts";
import { findLeaks } from "./leak-findings.ts";
import { leastOf, OwnSampler, sampleProcess } from "./process-sample.ts";
import type { LivedStay, Stay } from "./stay.ts";
import type { TrafficMeter } from "./traffic-meter.ts";

export interface SoakGaugeOptions {
  readonly durationMs: number;
  readonly meter: TrafficMeter;
  readonly database: () => Promise<DatabaseSample | undefined>;
  readonly subjects: readonly Subject[];
  /** Those who are there at this moment. */
  readonly stays: () => Iterable<Stay>;
}

/** How it stands at one moment. */
export interface SoakReading {
  readonly elapsedMs: number;
  readonly devices: number;
  readonly accounts: number;
  readonly backlog: number;
  readonly accountsJudged: number;
  readonly violations: number;
  readonly faultCounts: ReadonlyMap<string, number>;
  /** The last sample; absent in the first seconds. */
  readonly sample?: SoakSample;
}

const samplesMax = 1_000;
const marksMax = 1_000;
const usualSampleMs = 5_000;
/** A soak of less than a minute is looked at more closely.  Units: milliseconds. */
const shortSoakMs = 60_000;
const shortSampleMs = 1_000;

export class SoakGauge {
  readonly samples: SoakSample[] = [];
  readonly marks: SoakMark[] = [];
  readonly faultCounts = new Map<string, number>();
  readonly sampleEveryMs: number;
  readonly #options: SoakGaugeOptions;
  readonly #startedAt = performance.now();
  readonly #own = new OwnSampler();
  readonly #lives = new Map<string, { readonly processId: number; readonly life: number }>();
  #sampledAtMs = 0;
  #ourselves: ProcessSample = {};
  #servers = new Map<string, ServerSample>();
  #judged = 0;
  #violations = 0;

  constructor(options: SoakGaugeOptions) {
    this.#options = options;
    const { durationMs } = options;
    this.sampleEveryMs =
      durationMs < shortSoakMs ? shortSampleMs : Math.max(usualSampleMs, durationMs / samplesMax);
  }

  get accountsJudged(): number {
    return this.#judged;
  }

  get pushes(): number {
    return this.#options.meter.pushes;
  }

  get pushLatencyMs(): Percentiles | undefined {
    return this.#options.meter.pushLatencyMs;
  }

  get elapsedMs(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  mark(text: string): void {
    if (this.marks.length < marksMax) this.marks.push({ atMs: this.elapsedMs, text });
  }

  /** An account has gone and was judged. */
  judged({ faultCounts }: Pick<LivedStay, "faultCounts">, isViolated: boolean): void {
    this.#judged++;
    if (isViolated) this.#violations++;
    for (const [kind, count] of faultCounts) {
      this.faultCounts.set(kind, (this.faultCounts.get(kind) ?? 0) + count);
    }
  }

  /** Looks once; keeps a sample where one is due. */
  async read(): Promise<SoakReading> {
    const census = await this.#census();
    await this.#sampleProcesses();
    const counts = { ...census, accountsJudged: this.#judged, violations: this.#violations };
    const atMs = this.elapsedMs;
    if (atMs - this.#sampledAtMs >= this.sampleEveryMs - earlyMs) await this.#keepSample(atMs, counts);
    const sample = this.samples.at(-1);
    const { deadLetters: _, ...shown } = counts;
    return {
      elapsedMs: atMs,
      ...shown,
      faultCounts: this.faultCounts,
      ...(sample === undefined ? {} : { sample }),
    };
  }

  /** Looks no more. */
  stop(): void {
    this.#own.stop();
  }

  leaks(): readonly LeakFinding[] {
    return findLeaks(this.samples, this.#options.durationMs);
  }

  async #keepSample(
    atMs: number,
    counts: Pick<
      SoakSample,
      "devices" | "accounts" | "backlog" | "deadLetters" | "accountsJudged" | "violations"
    >,
  ): Promise<void> {
    this.#sampledAtMs = atMs;
    const database = await this.#options.database();
    this.samples.push({
      atMs,
      ...counts,
      ...this.#options.meter.read(),
      faults: [...this.faultCounts.values()].reduce((sum, count) => sum + count, 0),
      seatrial: this.#ourselves,
      servers: [...this.#servers.values()],
      ...(database === undefined ? {} : { database }),
    });
    this.#ourselves = {};
    this.#servers.clear();
  }

  async #census(): Promise<Pick<SoakSample, "devices" | "accounts" | "backlog" | "deadLetters">> {
    const stays = [...this.#options.stays()];
    const reports = (await Promise.all(stays.map((stay) => stay.census()))).flat();
    const sumOf = (member: string): number =>
      reports.reduce((sum, { status }) => sum + (typeof status[member] === "number" ? status[member] : 0), 0);
    return {
      devices: reports.length,
      accounts: stays.length,
      backlog: sumOf("pending"),
      deadLetters: sumOf("deadLetters"),
    };
  }

  async #sampleProcesses(): Promise<void> {
    this.#ourselves = leastOf(this.#ourselves, await this.#own.sample());
    for (const { name, processId } of this.#options.subjects) {
      if (processId === undefined) continue;
      const sample = await sampleProcess(processId);
      const life = this.#lifeOf(name, processId);
      const known = this.#servers.get(name);
      const least = known?.life === life ? leastOf(known, sample) : sample;
      this.#servers.set(name, { name, life, ...least });
    }
  }

  #lifeOf(name: string, processId: number): number {
    const known = this.#lives.get(name);
    if (known?.processId === processId) return known.life;
    const life = (known?.life ?? 0) + 1;
    this.#lives.set(name, { processId, life });
    return life;
  }
}

/** A look that comes a little early still counts as the next one.  Units: milliseconds. */
const earlyMs = 500;
