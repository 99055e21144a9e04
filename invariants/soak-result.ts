// What a soak came to, as data: written by whoever ran it, read by every reporter.

/** One moment of a soak. Rates and latencies are of the time since the moment before. */
export interface SoakSample {
  /** Since the soak began. Units: milliseconds. */
  readonly atMs: number;
  /** Devices that are up, and accounts that they belong to. */
  readonly devices: number;
  readonly accounts: number;
  readonly pushesPerSecond: number;
  readonly exchangesPerSecond: number;
  /** From a push as it goes out to its answer, faults apart; absent where none was answered. Units: milliseconds. */
  readonly pushLatencyMs?: Percentiles;
  /** How late timers fire in Seatrial's own process: what it adds to every latency. Units: milliseconds. */
  readonly loopDelayP99Ms: number;
  /** Edits that devices have not pushed yet, and edits that a server refused for good, of the devices that are up. */
  readonly backlog: number;
  readonly deadLetters: number;
  /** Since the soak began. */
  readonly faults: number;
  readonly accountsJudged: number;
  readonly violations: number;
  readonly seatrial: ProcessSample;
  /** Those that are up. */
  readonly servers: readonly ServerSample[];
  /** Absent where it could not be asked. */
  readonly database?: DatabaseSample;
}

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** The least of each since the sample before, so that what a collector has not come to yet does not count. Absent where
 *  this operating system does not tell. */
export interface ProcessSample {
  readonly rssBytes?: number;
  /** Only of Seatrial. */
  readonly heapBytes?: number;
  /** Only of Seatrial: what a full collection left. Only in samples in whose time there was one. */
  readonly liveHeapBytes?: number;
  /** Open files and sockets. */
  readonly handles?: number;
}

export interface ServerSample extends ProcessSample {
  readonly name: string;
  /** Counts the lives of a process, from 1. */
  readonly life: number;
}

export interface DatabaseSample {
  readonly sizeBytes: number;
  readonly connections: number;
}

/** Something that befell the servers. */
export interface SoakMark {
  readonly atMs: number;
  readonly text: string;
}

/** `too short to say`: the growth may lie on either side of the bound, as far as so few values can tell. */
export type LeakVerdict = "leaks" | "no leak seen" | "too short to say";

/** Whether one series grows. */
export interface LeakFinding {
  /** `memory of server 2`. */
  readonly name: string;
  readonly unit: "bytes" | "handles" | "connections";
  readonly verdict: LeakVerdict;
  /** Growth per hour: the Theil–Sen slope, and the interval that holds the true one with 99 % confidence. Absent with
   *  fewer than two values. */
  readonly perHour?: { readonly slope: number; readonly low: number; readonly high: number };
  /** A growth above it is a leak. Per hour. */
  readonly boundPerHour: number;
  /** How many values, and the time from the first to the last. */
  readonly points: number;
  readonly spanMs: number;
}

export interface SoakReport {
  readonly version: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly command: string;
  readonly node: string;
  readonly seed: string;
  readonly protocol: string;
  /** What was asked for. */
  readonly asked: { readonly durationMs: number; readonly devices: number; readonly processes: number };
  /** Settings of the servers. */
  readonly config: Readonly<Record<string, number>>;
  /** True when it was cut short: a violation, or Ctrl-C. */
  readonly interrupted: boolean;
  readonly accounts: { readonly judged: number; readonly clean: number; readonly abandoned: number };
  readonly pushes: number;
  /** Over the whole soak. */
  readonly pushLatencyMs?: Percentiles;
  /** How often each kind of fault really happened. */
  readonly faults: Readonly<Record<string, number>>;
  /** Laws that are violated, with the file that holds the account. */
  readonly violations: readonly SoakViolation[];
  readonly leaks: readonly LeakFinding[];
  readonly marks: readonly SoakMark[];
  readonly sampleEveryMs: number;
  readonly samples: readonly SoakSample[];
}

export interface SoakViolation {
  /** Of the account. */
  readonly id: string;
  readonly laws: readonly string[];
  /** The account's plan as a scenario, with what befell the servers in it. */
  readonly plan: string;
}
