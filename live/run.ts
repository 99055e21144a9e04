// Scenarios in the live world: brings up the database and the servers that they need, runs them side by side, and takes
// everything down again. One scenario leaves the same things behind as in the simulation, so that nobody who judges or
// reports it needs to know where it ran.
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { History } from "../invariants/history.ts";
import { type CheckResult, runSteps } from "../scenarios/format/interpreter.ts";
import type { Ability, Scenario, Step } from "../scenarios/format/types.ts";
import { blockedRun } from "./blocked-run.ts";
import type { DatabaseChoice } from "./databases/choice.ts";
import type { Guide, GuideKept } from "./faults/guide.ts";
import type { SweepPoint, SweepSight } from "./faults/statement-sweep.ts";
import type { Carrier } from "./faults/wire.ts";
import { makeDeviceDirectory, sweepDirectories } from "./leftovers/directories.ts";
import type { ServerCommand } from "./subjects/server-process.ts";
import { SubjectFailed } from "./subjects/subject.ts";
import type { TargetSpec } from "./subjects/target.ts";
import { UsersExhausted } from "./subjects/token-source.ts";
import { liveAbilities } from "./world/abilities.ts";
import { type Ground, openGround } from "./world/ground.ts";
import type { Group } from "./world/group.ts";
import { type LentTarget, lendTarget } from "./world/lent-target.ts";
import type { LiveProtocol } from "./world/protocol.ts";
import { type Lease, ownDatabaseServerOf, sharesServers, type Wish } from "./world/server-pool.ts";
import { type Assessment, assessTarget } from "./world/assessment.ts";
import { type ProcessStanding, tryProcesses, tryRestart } from "./world/process-standing.ts";
import { abilitiesOf, scenarioLacks } from "./world/target-lacks.ts";
import { waitsMs } from "./waits.ts";
import type { WireRecord } from "./wire-record.ts";
import { LiveWorld } from "./world/world.ts";
import { checkOf, faultOfTarget, lateCheck, placeOf } from "./run-checks.ts";

export interface LiveRun {
  readonly history: History;
  readonly checks: readonly CheckResult[];
  /** How often each kind of fault really happened. */
  readonly faultCounts: ReadonlyMap<string, number>;
  /** Faults that the scenario arranged and that never happened. */
  readonly unusedFaults: readonly string[];
  /** What was noticed on the way and is no fault, in words. */
  readonly observations: readonly string[];
  /** How far the guide was kept to, where there was one. */
  readonly guided?: GuideKept;
  readonly durationMs: number;
  /** Of a run with a window, if it came to that. */
  readonly sweep?: SweepSight;
  /** What the servers wrote last; only of a run in which a check failed. */
  readonly serverOutput: readonly string[];
  /** What went over the wire between devices and servers. */
  readonly wire: WireRecord;
  /** What the run found lacking on its way, in words: then it says nothing. */
  readonly missing?: readonly string[];
}

export interface LiveRunnerOptions {
  readonly protocols: readonly LiveProtocol[];
  /** Default: the embedded PostgreSQL. */
  readonly database?: DatabaseChoice;
  /** Who is tested. Default: the protocol's reference server. */
  readonly target?: TargetSpec;
  /** How long a device waits for an answer. A lost message costs this much, in real time. Default: 1500. */
  readonly patienceMs?: number;
  /** How long everybody may take to come to rest, whatever the scenario allows. Default: 20000. */
  readonly settleMaxMs?: number;
  /** After this, and as long as its steps wait for of their own accord, a scenario has failed. Default: 60000. */
  readonly scenarioTimeoutMs?: number;
  /** Groups of server processes that are up at the same time. Default: 6. */
  readonly groupsMax?: number;
}

export interface LiveRunOptions {
  readonly seed: string;
  /** A window in which statements are counted, and where in it the server crashes. */
  readonly sweep?: SweepPoint;
  /** Breaks the run off: its devices are ended and it rejects. */
  readonly signal?: AbortSignal;
  /** Another build than the runner's, for this run. */
  readonly build?: LiveBuild;
  /** What the run has to repeat of another one. */
  readonly guide?: Guide;
  /** However long the scenario may wait for rest, it is not waited longer than this. Default: the runner's. */
  readonly settleMaxMs?: number;
}

/** Who takes part in a run: what is absent is the runner's own. */
export interface LiveBuild {
  readonly server?: ServerCommand;
  /** The protocol's devices, and how strangers read its server. */
  readonly protocol?: LiveProtocol;
}

export interface LiveRunner {
  /** What the target can be asked for, as far as it is known: of one that has not been assessed, everything. */
  readonly abilities: ReadonlySet<Ability>;
  /** Finds out whether the target can be tested at all, and which of its hooks are there. Asked before anything is run
   *  against somebody else's server; once for all.
   *  Errors: `SubjectFailed` with what to do about it. */
  assess(protocol: string): Promise<Assessment>;
  /** Finds out what can be done to the processes of a target, by doing it: a crash among it.  Errors: as `run`. */
  tryProcesses(protocol: string): Promise<Partial<ProcessStanding>>;
  /** What an assessed target lacks for a scenario, and what would unlock it, in words; empty where nothing is. */
  lacks(scenario: Pick<Scenario, "needs" | "steps">): readonly string[];
  /** Lends a server for a suite of another kind, with users that nobody else has: alone, or, of a target at an address,
   *  beside runs that do it no harm. To be given back.  Errors: as `run`. */
  probeTarget(protocol: string, options?: { readonly isShared?: boolean }): Promise<LentTarget>;
  /** Starts servers for these scenarios before they are run, in this order, as far as there is room. */
  prepare(scenarios: readonly Scenario[]): void;
  /** Runs a scenario; may be called for several at once.
   *  Errors: `SubjectFailed` when the servers do not come up; bugs of ours. What servers and devices do wrong, a run
   *  that does not end among it, is in the checks and the history. */
  run(scenario: Scenario, options: LiveRunOptions): Promise<LiveRun>;
  /** Ends everything that was started. May be called twice. */
  close(): Promise<void>;
}

/** Brings up the database; servers start when the first scenario is prepared or run.
 *  Errors: `DatabaseUnavailable`. */
export async function createLiveRunner(options: LiveRunnerOptions): Promise<LiveRunner> {
  await sweepDirectories();
  const { target, database = { kind: "embedded" }, groupsMax = 6 } = options;
  const ground = await openGround({ target, database, groupsMax });
  const devices = makeDeviceDirectory();
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await ground.close();
    devices.remove();
  };
  const runner = new Runner({ options, ground, directory: devices.path });
  return {
    get abilities() {
      return runner.abilities;
    },
    assess: (protocol) => runner.assess(protocol),
    tryProcesses: (protocol) => runner.tryProcesses(protocol),
    lacks: (scenario) => runner.lacks(scenario),
    probeTarget: (protocol, probing) => runner.probeTarget(protocol, probing),
    prepare: (scenarios) => runner.prepare(scenarios),
    run: (scenario, runOptions) => runner.run(scenario, runOptions),
    close: () => (closing ??= close()),
  };
}

class Runner {
  readonly #options: LiveRunnerOptions;
  readonly #ground: Ground;
  readonly #directory: string;
  readonly #carriers = new Map<LiveProtocol, Carrier>();
  #assessing: Promise<Assessment> | undefined;
  #assessment: Assessment | undefined;
  /** What a run found out. */
  readonly #foundLacking = new Map<Ability, string>();
  #runs = 0;

  constructor(setup: {
    readonly options: LiveRunnerOptions;
    readonly ground: Ground;
    readonly directory: string;
  }) {
    this.#options = setup.options;
    this.#ground = setup.ground;
    this.#directory = setup.directory;
  }

  get abilities(): ReadonlySet<Ability> {
    return this.#assessment === undefined ? liveAbilities : abilitiesOf(this.#assessment.lacks);
  }

  lacks(scenario: Pick<Scenario, "needs" | "steps">): readonly string[] {
    const { target } = this.#options;
    if (target === undefined || this.#assessment === undefined) return [];
    const found = new Map([...this.#assessment.lacks, ...this.#foundLacking]);
    return scenarioLacks(scenario, target, found);
  }

  assess(id: string): Promise<Assessment> {
    return (this.#assessing ??= this.#assess(this.#protocolOf(id)));
  }

  async #assess(protocol: LiveProtocol): Promise<Assessment> {
    const { target } = this.#options;
    const lease = await this.#ground.pool.lease(plainWish(protocol, true));
    try {
      const assessment = await assessTarget({ group: lease.group, protocol, target, ground: this.#ground });
      return (this.#assessment = assessment);
    } finally {
      lease.release({ keep: lease.group.isWhole });
    }
  }

  async tryProcesses(id: string): Promise<Partial<ProcessStanding>> {
    const { target } = this.#options;
    const wish = plainWish(this.#protocolOf(id), false);
    if (target?.kind === "url")
      return target.restartCommand === undefined ? {} : tryRestart(this.#ground, wish);
    const standing = await tryProcesses(this.#ground, wish);
    if (!standing.second.works) this.#foundLacking.set("processes", lackOfSecond(standing.second.seen));
    return standing;
  }

  async probeTarget(
    id: string,
    { isShared = this.#options.target?.kind === "url" }: { readonly isShared?: boolean } = {},
  ): Promise<LentTarget> {
    const lease = await this.#ground.pool.lease(plainWish(this.#protocolOf(id), isShared));
    return lendTarget(lease, { ground: this.#ground, target: this.#options.target });
  }

  prepare(scenarios: readonly Scenario[]): void {
    void this.#ground.pool.startAhead(scenarios.map((scenario) => this.#wishOf(scenario)));
  }

  async run(scenario: Scenario, options: LiveRunOptions): Promise<LiveRun> {
    const { build = {}, sweep } = options;
    const lease = await this.#ground.pool.lease(this.#wishOf(scenario, options)).catch(lackOfProcesses);
    if ("lack" in lease) {
      this.#foundLacking.set("processes", lease.lack);
      return blockedRun(scenario, options.seed, [lease.lack]);
    }
    const runNumber = ++this.#runs;
    const directory = join(this.#directory, String(runNumber));
    let world: LiveWorld | undefined;
    let keep = false;
    try {
      world = this.#createWorld({ ...options, scenario, lease, build, runNumber, directory, sweep });
      const run = await this.#runInWorld(scenario, { ...options, world, lease });
      keep = lease.group.isWhole && world.chronicle.problems.length === 0 && !run.isStuck;
      return run;
    } finally {
      await world?.end();
      lease.release({ keep });
      rmSync(directory, { recursive: true, force: true });
    }
  }

  async #runInWorld(
    scenario: Scenario,
    run: LiveRunOptions & { readonly world: LiveWorld; readonly lease: Lease<Group> },
  ): Promise<LiveRun & { readonly isStuck: boolean }> {
    const { world, lease, seed, signal } = run;
    const startedAt = performance.now();
    const ended = await this.#toItsEnd(scenario, world, signal);
    if (ended.checks.some(({ pass }) => !pass)) await lease.group.lookAfter();
    const problems = world.chronicle.problems.map((seen) =>
      checkOf(scenario, {
        about: "process",
        step: "at any time",
        expected: "nobody ends or fails by itself",
        seen,
      }),
    );
    const checks = [...ended.checks, ...problems];
    const isFailed = checks.some(({ pass }) => !pass);
    return {
      history: {
        protocol: scenario.protocol,
        scenario: scenario.id,
        seed,
        world: "live",
        settings: { ...scenario.config, processes: scenario.processes },
        events: [...world.chronicle.events],
      },
      checks,
      faultCounts: world.chronicle.faultCounts,
      unusedFaults: world.unfiredFaults(),
      observations: world.chronicle.observations,
      ...(world.sweepSight === undefined ? {} : { sweep: world.sweepSight }),
      ...(world.guidance === undefined ? {} : { guided: world.guidance.kept }),
      durationMs: performance.now() - startedAt,
      serverOutput: isFailed ? lease.group.lastLines() : [],
      wire: world.wire.record(),
      ...(ended.missing === undefined ? {} : { missing: ended.missing }),
      isStuck: ended.isStuck,
    };
  }

  /** The steps, or whatever stood in the way of their end. */
  async #toItsEnd(scenario: Scenario, world: LiveWorld, signal: AbortSignal | undefined): Promise<Ended> {
    const timeoutMs = (this.#options.scenarioTimeoutMs ?? 60_000) + waitsMs(scenario);
    const underWay = new Set<Step>();
    const observer = {
      stepBegan: (step: Step) => {
        underWay.add(step);
        world.wire.step(step);
      },
      stepEnded: (step: Step) => void underWay.delete(step),
    };
    const stopped = Promise.withResolvers<"late">();
    const timer = setTimeout(() => stopped.resolve("late"), timeoutMs);
    const onAbort = (): void => stopped.reject(signal?.reason as Error);
    signal?.addEventListener("abort", onAbort, { once: true });
    const steps = world.start().then(() => runSteps(scenario, world, observer));
    try {
      signal?.throwIfAborted();
      const checks = await Promise.race([steps, stopped.promise, world.failed.promise]);
      if (checks !== "late") return { checks, isStuck: false };
      return { checks: [lateCheck(scenario, { timeoutMs, underWay: [...underWay], world })], isStuck: true };
    } catch (error) {
      if (error instanceof UsersExhausted) return { checks: [], isStuck: true, missing: [error.message] };
      const seen = faultOfTarget(error);
      if (seen === undefined) throw error;
      const expected = "the server can be worked with";
      return { checks: [checkOf(scenario, { ...placeOf([...underWay]), expected, seen })], isStuck: true };
    } finally {
      // Whatever the steps come to after this, nobody listens.
      for (const unheard of [steps, world.failed.promise]) unheard.catch(() => undefined);
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #createWorld(setup: {
    readonly scenario: Scenario;
    readonly lease: Lease<Group>;
    readonly build: LiveBuild;
    readonly guide?: Guide;
    readonly settleMaxMs?: number;
    readonly runNumber: number;
    readonly directory: string;
    readonly sweep: SweepPoint | undefined;
  }): LiveWorld {
    const { scenario, lease, build, guide, settleMaxMs, runNumber, directory, sweep } = setup;
    const protocol = build.protocol ?? this.#protocolOf(scenario.protocol);
    return new LiveWorld({
      scenario,
      protocol,
      group: lease.group,
      ...(sweep === undefined ? {} : { sweep }),
      carrier: this.#carrierOf(protocol),
      desk: this.#ground.desk(runNumber),
      directory,
      settleMaxMs: settleMaxMs ?? this.#options.settleMaxMs ?? 20_000,
      guide,
    });
  }

  #wishOf(scenario: Scenario, options: Pick<LiveRunOptions, "build" | "guide" | "sweep"> = {}): Wish {
    const { config, processes } = scenario;
    const { build: { server } = {}, guide, sweep } = options;
    // Who stands on the lines has them, and the processes, to itself.
    const isShared = guide === undefined && sweep === undefined && sharesServers(scenario);
    const ownDatabaseServer = ownDatabaseServerOf(scenario);
    const protocol = this.#protocolOf(scenario.protocol);
    const own = server === undefined ? {} : { server };
    return { protocol, config, processes, hasLines: !isShared, ownDatabaseServer, isShared, ...own };
  }

  #protocolOf(wanted: string): LiveProtocol {
    const protocol = this.#options.protocols.find(({ id }) => id === wanted);
    if (protocol !== undefined) return protocol;
    const known = this.#options.protocols.map(({ id }) => id).join(", ");
    throw new Error(`the live world was given no protocol "${wanted}"; it was given ${known}`);
  }

  /** One for all runs: connections are kept and used again. */
  #carrierOf(protocol: LiveProtocol): Carrier {
    let carrier = this.#carriers.get(protocol);
    if (carrier === undefined) {
      carrier = protocol.createCarrier({ timeoutMs: this.#options.patienceMs ?? 1_500 });
      this.#carriers.set(protocol, carrier);
    }
    return carrier;
  }
}

interface Ended {
  readonly checks: readonly CheckResult[];
  readonly isStuck: boolean;
  readonly missing?: readonly string[];
}

/** A target of which only one process runs is not broken by that.  Errors: all others. */
function lackOfProcesses(error: unknown): { readonly lack: string } {
  if (!(error instanceof SubjectFailed) || error.code !== "no_second_process") throw error;
  return { lack: lackOfSecond(error.message) };
}

const lackOfSecond = (seen: string): string =>
  `a second process on the same database: ${seen.replaceAll(/\s+/gu, " ")}`;

/** A group on which nothing is asked but the protocol. */
const plainWish = (protocol: LiveProtocol, isShared: boolean): Wish => ({
  protocol,
  config: {},
  processes: 1,
  hasLines: false,
  ownDatabaseServer: undefined,
  isShared,
});
