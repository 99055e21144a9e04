// A soak: for as long as it is asked to, accounts come, live through their trouble, come to rest, are handed to whoever
// judges them, and go, while the servers that they share are killed and restarted. Everything that is kept for longer
// than an account's stay has a fixed size, so that memory is bounded by the number of devices and not by the time.
//
// Guarantees: what accounts do and what befalls them and the servers comes from the plans that are given; when it happens
// to the millisecond does not. Ends everything that it started, whichever way it ends.
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Scenario } from "../../scenarios/format/types.ts";
import { type DatabaseChoice, openDatabases } from "../databases/open.ts";
import type { Carrier } from "../faults/wire.ts";
import { makeDeviceDirectory, sweepDirectories } from "../leftovers/directories.ts";
import { referenceCommand } from "../subjects/reference-command.ts";
import type { ServerCommand } from "../subjects/server-process.ts";
import type { LiveProtocol } from "../world/protocol.ts";
import { ServerGroup } from "../world/server-group.ts";
import { freshUsers, signingDesk } from "../world/tokens.ts";
import { LiveWorld } from "../world/world.ts";
import { CalmGate } from "./calm-gate.ts";
import { DatabaseWatch } from "./database-watch.ts";
import { SoakGauge, type SoakReading } from "./gauge.ts";
import { type LivedStay, Stay } from "./stay.ts";
import { TrafficMeter } from "./traffic-meter.ts";
import { letServersSuffer, type Upheaval } from "./upheavals.ts";

export interface SoakOptions {
  readonly protocol: LiveProtocol;
  /** Default: the embedded PostgreSQL. */
  readonly database?: DatabaseChoice;
  /** The server under test. Default: the protocol's reference server. */
  readonly server?: ServerCommand;
  readonly processes: number;
  /** Settings of the servers. */
  readonly config: Readonly<Record<string, number>>;
  /** How many devices are there at the same time, at most. */
  readonly devices: number;
  readonly durationMs: number;
  /** The usual pause between two things that befall the servers. Units: milliseconds. */
  readonly upheavalPauseMs: number;
  /** The plan of the n-th account, from 1. */
  readonly stay: (n: number) => Scenario;
  /** What befalls the servers for the n-th time, from 1. */
  readonly upheaval: (n: number) => Upheaval;
  /** An account has gone. Answers what was found, and whether the soak goes on. */
  readonly onStay: (stay: LivedStay) => { readonly isViolated: boolean; readonly goesOn: boolean };
  /** About once a second. */
  readonly onReading: (reading: SoakReading) => void;
  /** Ends the soak at once; accounts that are there are abandoned. */
  readonly signal: AbortSignal;
  /** How long a device waits for an answer. Default: 2000. */
  readonly patienceMs?: number;
}

/** What a soak came to, beside its stays. */
export interface SoakRun {
  readonly gauge: SoakGauge;
  /** Accounts that were there when it was cut short; nobody has judged them. */
  readonly abandoned: number;
  /** What the servers wrote last. */
  readonly serverOutput: readonly string[];
}

/** Between the coming of two accounts, so that they do not all do everything at once.  Units: milliseconds. */
const admissionPauseMs = 100;
const readingEveryMs = 1_000;
const patienceMs = 2_000;
/** However long a plan may wait for rest, it is not waited longer than this.  Units: milliseconds. */
const settleMaxMs = 180_000;

/** Runs a soak to its end.
 *  Errors: `DatabaseUnavailable`; `SubjectFailed` when servers do not come up; bugs of ours. */
export async function runSoak(options: SoakOptions): Promise<SoakRun> {
  await sweepDirectories();
  const databases = await openDatabases(options.database ?? { kind: "embedded" });
  const devices = makeDeviceDirectory();
  const secret = randomBytes(32).toString("hex");
  let group: ServerGroup | undefined;
  let watch: DatabaseWatch | undefined;
  try {
    group = await ServerGroup.start({
      protocol: options.protocol,
      config: options.config,
      processes: options.processes,
      hasLines: false,
      command: options.server ?? referenceCommand(options.protocol.server.entry),
      databases,
      databaseName: `seatrial_soak_${randomBytes(4).toString("hex")}`,
      secret,
      controlToken: randomBytes(32).toString("hex"),
    });
    watch = new DatabaseWatch(group.databaseUrl);
    return await new Soak(options, { group, watch, secret, directory: devices.path }).run();
  } finally {
    await watch?.stop();
    await group?.dispose();
    await databases.stop();
    devices.remove();
  }
}

interface Ground {
  readonly group: ServerGroup;
  readonly watch: DatabaseWatch;
  readonly secret: string;
  readonly directory: string;
}

class Soak {
  readonly #options: SoakOptions;
  readonly #ground: Ground;
  readonly #gate = new CalmGate();
  readonly #meter: TrafficMeter;
  readonly #gauge: SoakGauge;
  readonly #carrier: Carrier;
  readonly #stays = new Map<Stay, Promise<void>>();
  /** The time is over: no more accounts come, nothing befalls the servers, and who is there goes over into calm. */
  readonly #closing = new AbortController();
  /** Nothing goes on at all. */
  readonly #ending = new AbortController();
  readonly #failed = Promise.withResolvers<never>();
  #admitted = 0;
  #abandoned = 0;

  constructor(options: SoakOptions, ground: Ground) {
    this.#options = options;
    this.#ground = ground;
    const { protocol, durationMs } = options;
    this.#meter = new TrafficMeter((request) => protocol.messageOf(request));
    this.#gauge = new SoakGauge({
      durationMs,
      meter: this.#meter,
      database: () => ground.watch.sample(),
      subjects: ground.group.subjects,
      stays: () => this.#stays.keys(),
    });
    this.#carrier = protocol.createCarrier({ timeoutMs: options.patienceMs ?? patienceMs });
  }

  async run(): Promise<SoakRun> {
    const { durationMs, signal } = this.#options;
    const onAbort = (): void => this.#end();
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) this.#end();
    const timer = setTimeout(() => this.#close(), durationMs);
    const upheavals = this.#upheavals();
    const readings = this.#readings();
    // Whatever fails ends the soak; what is under way beside it is waited for below.
    for (const work of [upheavals, readings]) work.catch((error: unknown) => this.#failed.reject(error));
    try {
      await Promise.race([this.#failed.promise, this.#course(upheavals)]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      this.#end();
      await Promise.allSettled([upheavals, readings, ...this.#stays.values()]);
      this.#meter.stop();
      this.#gauge.stop();
    }
    const { gauge, abandoned } = { gauge: this.#gauge, abandoned: this.#abandoned };
    return { gauge, abandoned, serverOutput: this.#ground.group.lastLines() };
  }

  /** Accounts come while there is time; then those that are there find their rest. */
  async #course(upheavals: Promise<void>): Promise<void> {
    const { devices, stay } = this.#options;
    let next = stay(1);
    while (!this.#closing.signal.aborted) {
      if (this.#devicesThere() + next.devices.length <= devices) {
        this.#admit(next);
        next = stay(this.#admitted + 1);
      }
      await pause(admissionPauseMs, this.#closing.signal);
    }
    await upheavals;
    while (this.#stays.size > 0) await Promise.race(this.#stays.values());
  }

  #devicesThere(): number {
    return [...this.#stays.keys()].reduce((sum, { scenario }) => sum + scenario.devices.length, 0);
  }

  #admit(scenario: Scenario): void {
    const { protocol } = this.#options;
    const { group, secret } = this.#ground;
    const runNumber = ++this.#admitted;
    const directory = join(this.#ground.directory, String(runNumber));
    const world = new LiveWorld({
      scenario,
      protocol,
      group,
      carrier: this.#carrier,
      desk: signingDesk({ secret, serverUser: freshUsers(runNumber) }),
      directory,
      settleMaxMs,
    });
    // Hundreds of devices for days: their messages are judged as they come, and nobody sends them again.
    world.wire.stop();
    const stay = new Stay({ scenario, world, gate: this.#gate, subjects: group.subjects });
    const life = stay
      .live()
      .then((lived) => this.#gone(lived))
      .catch((error: unknown) => this.#failed.reject(error))
      .finally(() => {
        this.#stays.delete(stay);
        rmSync(directory, { recursive: true, force: true });
      });
    this.#stays.set(stay, life);
  }

  #gone(lived: LivedStay | undefined): void {
    if (lived === undefined || this.#ending.signal.aborted) {
      this.#abandoned++;
      return;
    }
    const { isViolated, goesOn } = this.#options.onStay(lived);
    this.#gauge.judged(lived, isViolated);
    if (!goesOn) this.#end();
  }

  #upheavals(): Promise<void> {
    const { upheaval, upheavalPauseMs } = this.#options;
    return letServersSuffer({
      group: this.#ground.group,
      gate: this.#gate,
      stays: () => this.#stays.keys(),
      upheaval,
      pauseMs: upheavalPauseMs,
      onMark: (text) => this.#gauge.mark(text),
      signal: this.#closing.signal,
    });
  }

  async #readings(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      await pause(readingEveryMs, this.#ending.signal);
      this.#options.onReading(await this.#gauge.read());
    }
  }

  #close(): void {
    this.#closing.abort();
    for (const stay of this.#stays.keys()) stay.hurry();
  }

  #end(): void {
    this.#close();
    this.#ending.abort();
    for (const stay of this.#stays.keys()) stay.abandon();
  }
}

async function pause(forMs: number, signal: AbortSignal): Promise<void> {
  await sleep(forMs, undefined, { signal }).catch(() => undefined);
}
