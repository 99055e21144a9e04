// The live world as the runner sees it. Nothing is started, and no database driver is loaded, before it is needed.
import type { LiveBuild, LiveRun, LiveRunner, LiveRunnerOptions, LiveRunOptions } from "../live/run.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { secretsOf, type TargetSpec, withoutSecrets } from "../live/subjects/target.ts";
import { waitsMs } from "../live/waits.ts";
import type { LentTarget } from "../live/world/lent-target.ts";
import { checksOf, placesLacking } from "./checks.ts";
import { databaseOf } from "./database-option.ts";
import { SetupError, UsageError } from "./errors.ts";
import { liveBuildNamed } from "./live-builds.ts";
import { protocolOf, protocols } from "./protocols.ts";
import { defaultHealthPath, type TargetFlags, targetOf } from "./target-options.ts";
import type { WorldRunner } from "./world-runner.ts";

export interface LiveRunnerFlags extends TargetFlags {
  /** Who is tested, where somebody has worked it out already. */
  readonly target?: TargetSpec;
  /** The command of the server under test. Default: the reference server. */
  readonly server?: readonly string[];
  /** A mutant instead of the reference. */
  readonly mutant?: string;
  /** Scenarios side by side. */
  readonly workers: number;
  /** Units: milliseconds of wall time for one scenario. */
  readonly timeout: number;
}

/** The live world with somebody in it who can be lent to suites of another kind. */
export interface LiveWorldRunner extends WorldRunner {
  /** To be given back.  Errors: SetupError. */
  probeTarget(protocol: string): Promise<LentTarget>;
  /** One run with everything that was seen of it, the bytes on the wire among it.  Errors: SetupError. */
  observe(scenario: Scenario, options: LiveRunOptions): Promise<LiveRun>;
}

/** Errors: UsageError; what does not come up is told by the first run. */
export async function createLiveRunner(flags: LiveRunnerFlags): Promise<LiveWorldRunner> {
  const { workers, timeout, server, mutant } = flags;
  // Of commands that name nobody, the environment names nobody either.
  const isNamed = flags.url !== undefined || server !== undefined;
  const target = flags.target ?? targetOf(flags, server, {}, isNamed ? process.env : {});
  if (target !== undefined && mutant !== undefined)
    throw new UsageError(
      "--mutant is a reference with a defect; --url, or what stands behind --, is another server",
    );
  const database = databaseOf(flags);
  const { liveAbilities, placeLacks } = await import("../live/world/abilities.ts");
  const { foreignLacks } = await import("../live/subjects/foreign-command.ts");
  let opened: Promise<LiveRunner> | undefined;
  const open = (): Promise<LiveRunner> =>
    (opened ??= openLiveRunner({
      database,
      scenarioTimeoutMs: timeout,
      ...(target === undefined ? {} : { target }),
    }));
  let known: LiveRunner | undefined;
  const ready = async (protocol: string): Promise<LiveRunner> => {
    const runner = await open();
    if (target !== undefined) await runner.assess(protocol).catch(toSetupError);
    return (known = runner);
  };
  const builds = new Map<string, Promise<LiveBuild>>();
  const buildFor = (protocol: string, name: string): Promise<LiveBuild> => {
    const build = builds.get(protocol) ?? liveBuildNamed(protocolOf(protocol), name);
    builds.set(protocol, build);
    return build;
  };
  const observe = async (scenario: Scenario, options: LiveRunOptions): Promise<LiveRun> => {
    const runner = await ready(scenario.protocol);
    const build = mutant === undefined ? {} : { build: await buildFor(scenario.protocol, mutant) };
    return runner.run(scenario, { ...options, ...build }).catch(toSetupError);
  };
  return {
    world: "live",
    abilities: liveAbilities,
    ...(target === undefined ? {} : { replayWords: againWith(targetWords(target, server)) }),
    ...(mutant === undefined ? {} : { replayWords: againWith(["--mutant", mutant]) }),
    lacks: (scenario) => [
      ...(target === undefined ? [] : foreignLacks(scenario)),
      ...(known?.lacks(scenario) ?? []),
      ...(target?.kind === "url" ? [] : placeLacks(scenario, database)),
    ],
    ...(target === undefined ? {} : { ready: async ([first]) => void (await ready(first!.protocol)) }),
    workers,
    waitsMs,
    prepare(scenarios) {
      // The reference's servers would be started for nobody.
      if (scenarios.length === 0 || mutant !== undefined) return;
      // A failure to open is told by the first run, which waits for the same promise.
      open().then(
        (runner) => runner.prepare(scenarios),
        () => undefined,
      );
    },
    observe,
    async run(scenario, options) {
      const run = await observe(scenario, options);
      const seen = checksOf(run.checks, run.unusedFaults, protocolOf(scenario.protocol).requirements);
      const lacking = target === undefined ? [] : placesLacking(seen);
      return {
        history: run.history,
        ...seen,
        ...(lacking.length === 0 ? {} : { missing: lacking, isInapplicable: true as const }),
        ...(run.missing === undefined ? {} : { missing: run.missing }),
        faults: Object.fromEntries(run.faultCounts),
        observations: run.observations,
        ...(run.sweep === undefined ? {} : { sweep: run.sweep }),
        notes: run.serverOutput,
      };
    },
    async probeTarget(protocol) {
      const { id } = protocols.find(({ name }) => name === protocol) ?? protocolOf(protocol);
      const runner = await ready(id);
      return runner.probeTarget(id).catch(toSetupError);
    },
    close: async () => (await opened?.catch(() => undefined))?.close(),
  };
}

const againWith =
  (words: readonly string[]) =>
  ({ id }: Scenario, seed: string): readonly string[] => ["live", id, "--seed", seed, ...words];

/** How the target is said again, without its secrets: those are in the environment of whoever does. */
export function targetWords(target: TargetSpec, server: readonly string[] | undefined): readonly string[] {
  const secrets = secretsOf(target);
  const shown = (words: readonly string[]): readonly string[] =>
    words.map((word) => withoutSecrets(word, secrets));
  if (target.kind === "command")
    return ["--", ...shown(server ?? [target.command.file, ...target.command.args])];
  const { hooks, tokens, restartCommand } = target;
  const { control, compactCommand, clockCommand } = hooks;
  const flags = [
    ["--url", target.url],
    ["--health", target.healthPath === defaultHealthPath ? undefined : target.healthPath],
    ["--token-cmd", tokens.kind === "command" ? tokens.command : undefined],
    ["--control-url", control?.url],
    ["--compact-cmd", compactCommand],
    ["--clock-cmd", clockCommand],
    ["--restart-cmd", restartCommand],
  ] as const;
  return flags.flatMap(([flag, value]) =>
    value === undefined ? [] : [flag, withoutSecrets(value, secrets)],
  );
}

/** Servers that do not come up are no fault of the scenario. */
function toSetupError(error: unknown): never {
  if (error instanceof Error && error.name === "SubjectFailed") {
    throw new SetupError(error.message, { cause: error });
  }
  throw error;
}

/** The live world itself, for every protocol.  Errors: SetupError. */
export async function openLiveRunner(options: Omit<LiveRunnerOptions, "protocols">): Promise<LiveRunner> {
  const { createLiveRunner: createRunner } = await import("../live/run.ts");
  const bindings = await Promise.all(protocols.map((protocol) => protocol.live()));
  try {
    return await createRunner({ ...options, protocols: bindings });
  } catch (error) {
    throw new SetupError(`the live world: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
