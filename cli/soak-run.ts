// One soak from its flags to its exit code: plans from the seed, laws on every account that goes, reports at the end.
import { join, resolve } from "node:path";
import type { SoakPlans } from "../explore/soak-plans.ts";
import type { RunResult } from "../invariants/result.ts";
import type { SoakReport } from "../invariants/soak-result.ts";
import type { SoakReading } from "../live/soak/gauge.ts";
import type { SoakRun } from "../live/soak/soak.ts";
import type { LivedStay } from "../live/soak/stay.ts";
import type { Reporter } from "../reports/reporter.ts";
import { writeSoakFiles } from "../reports/soak/soak-files.ts";
import { closingText, standText } from "../reports/soak/soak-text.ts";
import { databaseOf } from "./database-option.ts";
import { SetupError } from "./errors.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { type Interrupts, watchInterrupts } from "./interrupt.ts";
import { givenCommand } from "./invocation.ts";
import { type ProtocolEntry, protocolNamed } from "./protocols.ts";
import { createReporters, interruptReporters } from "./reporting.ts";
import { defaultSeed } from "./run-scenarios.ts";
import type { SoakFlags } from "./soak.ts";
import { SoakJudge } from "./soak-judge.ts";
import { version } from "./version.ts";

/** An account stays for some tens of seconds; in a short soak for less, so that many come and go all the same.
 *  Units: milliseconds. */
const stayMs = { least: 12_000, most: 45_000 } as const;
const staysAtLeast = 4;
/** The usual time between two things that befall the servers.  Units: milliseconds. */
const upheavalPauseMs = 20_000;

/** Runs it, reports, sets the exit code of the process. */
export async function runSoakCommand(flags: SoakFlags): Promise<void> {
  const reporters = createReporters(flags);
  const interrupts = watchInterrupts(() => interruptReporters(reporters));
  try {
    const result = await new SoakCommand(flags, reporters, interrupts).run();
    process.exitCode = interrupts.code() ?? exitCodeOf(result);
  } finally {
    interrupts.stopWatching();
  }
}

class SoakCommand {
  readonly #flags: SoakFlags;
  readonly #reporters: readonly Reporter[];
  readonly #interrupts: Interrupts;
  readonly #protocol: ProtocolEntry;
  readonly #seed: string;
  readonly #config: Readonly<Record<string, number>>;
  readonly #judge: SoakJudge;
  readonly #startedAt = new Date();

  constructor(flags: SoakFlags, reporters: readonly Reporter[], interrupts: Interrupts) {
    this.#flags = flags;
    this.#reporters = reporters;
    this.#interrupts = interrupts;
    this.#protocol = protocolNamed(flags.protocol);
    this.#seed = flags.seed ?? defaultSeed;
    // Of another server than the reference nobody knows what its settings are called.
    this.#config = flags.server === undefined ? this.#protocol.soakPlans.config(this.#seed) : {};
    this.#judge = new SoakJudge(this.#protocol, { outputDir: flags.outputDir, seed: this.#seed });
  }

  async run(): Promise<RunResult> {
    const worlds = [{ world: "live", scenarios: 0 }] as const;
    for (const reporter of this.#reporters) {
      reporter.onRunBegin?.({ version: version(), command: givenCommand(), worlds });
    }
    const soak = await this.#soak();
    const report = this.#reportOf(soak);
    const files = writeSoakFiles(resolve(this.#flags.outputDir), report);
    const result = this.#resultOf(report);
    const shown = files.map((file) => join(this.#flags.outputDir, file.split(/[/\\]/u).at(-1)!)).join(", ");
    this.#progress(
      { elapsedMs: soak.gauge.elapsedMs, faultCounts: soak.gauge.faultCounts },
      [],
      [...closingText(report), `series and graphs: ${shown}`],
    );
    for (const reporter of this.#reporters) reporter.onRunEnd?.(result);
    return result;
  }

  async #soak(): Promise<SoakRun> {
    const { processes, devices, duration: durationMs } = this.#flags;
    const plans: SoakPlans = this.#protocol.soakPlans;
    const { runSoak } = await import("../live/soak/soak.ts");
    const { foreignCommand } = await import("../live/subjects/foreign-command.ts");
    const { server } = this.#flags;
    const most = Math.min(stayMs.most, Math.round(durationMs / staysAtLeast));
    const options = {
      processes,
      config: this.#config,
      stayMs: { least: Math.min(stayMs.least, Math.round(most / 2)), most },
    };
    try {
      return await runSoak({
        protocol: await this.#protocol.live(),
        database: databaseOf(this.#flags),
        ...(server === undefined ? {} : { server: foreignCommand(server) }),
        processes,
        config: this.#config,
        devices,
        durationMs,
        upheavalPauseMs: Math.min(upheavalPauseMs, Math.round(durationMs / staysAtLeast)),
        stay: (n) => plans.stay(this.#seed, n, options),
        upheaval: (n) => plans.upheaval(this.#seed, n, { processes }),
        onStay: (stay) => this.#onStay(stay),
        onReading: (reading) => this.#onReading(reading),
        signal: this.#interrupts.signal,
      });
    } catch (error) {
      if (error instanceof Error && setupFailures.has(error.name)) {
        throw new SetupError(`the soak: ${error.message}`, { cause: error });
      }
      throw error;
    }
  }

  #onStay(stay: LivedStay): { readonly isViolated: boolean; readonly goesOn: boolean } {
    const isViolated = !this.#judge.judge(stay);
    return { isViolated, goesOn: !isViolated || this.#flags.keepGoing === true };
  }

  #onReading(reading: SoakReading): void {
    const { faultCounts } = reading;
    const faults = [...faultCounts.values()].reduce((sum, count) => sum + count, 0);
    this.#progress(reading, standText({ ...reading, faults }));
  }

  #progress(
    { elapsedMs, faultCounts }: Pick<SoakReading, "elapsedMs" | "faultCounts">,
    details: readonly string[],
    closing: readonly string[] = [],
  ): void {
    const seedsDone = this.#judge.judged;
    for (const reporter of this.#reporters) {
      reporter.onProgress?.({
        name: "soak",
        unit: "accounts",
        seedsDone,
        seedsTotal: seedsDone,
        events: 0,
        elapsedMs,
        timeTotalMs: this.#flags.duration,
        faults: Object.fromEntries(faultCounts),
        violations: this.#judge.failures.length,
        details,
        closing,
      });
    }
  }

  #reportOf({ gauge, abandoned }: SoakRun): SoakReport {
    const { duration, devices, processes } = this.#flags;
    const { pushLatencyMs } = gauge;
    const { judged, failures } = this.#judge;
    return {
      version: version(),
      startedAt: this.#startedAt.toISOString(),
      durationMs: gauge.elapsedMs,
      command: givenCommand(),
      node: process.version,
      seed: this.#seed,
      protocol: this.#protocol.id,
      asked: { durationMs: duration, devices, processes },
      config: this.#config,
      interrupted: gauge.elapsedMs < duration,
      accounts: { judged, clean: judged - failures.length, abandoned },
      pushes: gauge.pushes,
      ...(pushLatencyMs === undefined ? {} : { pushLatencyMs }),
      faults: Object.fromEntries(gauge.faultCounts),
      violations: this.#judge.violations,
      leaks: gauge.leaks(),
      marks: gauge.marks,
      sampleEveryMs: gauge.sampleEveryMs,
      samples: gauge.samples,
    };
  }

  #resultOf(report: SoakReport): RunResult {
    const { startedAt, durationMs, command, node, interrupted } = report;
    return {
      version: report.version,
      startedAt,
      durationMs,
      command,
      node,
      interrupted,
      results: this.#judge.results(report),
    };
  }
}

/** Of a server or database that does not come up. */
const setupFailures: ReadonlySet<string> = new Set(["SubjectFailed", "DatabaseUnavailable"]);
