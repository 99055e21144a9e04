// The live world as the runner sees it. Nothing is started, and no database driver is loaded, before it is needed.
import type { LiveBuild, LiveRunner, LiveRunnerOptions } from "../live/run.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { waitsMs } from "../live/waits.ts";
import { checksOf, placesLacking } from "./checks.ts";
import { type DatabaseFlag, databaseOf } from "./database-option.ts";
import { SetupError, UsageError } from "./errors.ts";
import { liveBuildNamed } from "./live-builds.ts";
import { protocolOf, protocols } from "./protocols.ts";
import type { WorldRunner } from "./world-runner.ts";

export interface LiveRunnerFlags extends DatabaseFlag {
  /** The command of the server under test. Default: the reference server. */
  readonly server?: readonly string[];
  /** A mutant instead of the reference. */
  readonly mutant?: string;
  /** Scenarios side by side. */
  readonly workers: number;
  /** Units: milliseconds of wall time for one scenario. */
  readonly timeout: number;
}

export async function createLiveRunner(flags: LiveRunnerFlags): Promise<WorldRunner> {
  const { workers, timeout, server, mutant } = flags;
  if (server !== undefined && mutant !== undefined)
    throw new UsageError("--mutant is a reference with a defect; behind -- stands another server");
  const database = databaseOf(flags);
  const { liveAbilities, placeLacks } = await import("../live/world/abilities.ts");
  const { foreignCommand, foreignLacks } = await import("../live/subjects/foreign-command.ts");
  const command = server === undefined ? undefined : foreignCommand(server);
  let opened: Promise<LiveRunner> | undefined;
  const open = (): Promise<LiveRunner> =>
    (opened ??= openLiveRunner({
      database,
      scenarioTimeoutMs: timeout,
      ...(command === undefined ? {} : { server: command }),
    }));
  const builds = new Map<string, Promise<LiveBuild>>();
  const buildFor = (protocol: string, name: string): Promise<LiveBuild> => {
    const build = builds.get(protocol) ?? liveBuildNamed(protocolOf(protocol), name);
    builds.set(protocol, build);
    return build;
  };
  return {
    world: "live",
    abilities: liveAbilities,
    ...(server === undefined ? {} : { replayWords: againWith(["--", ...server]) }),
    ...(mutant === undefined ? {} : { replayWords: againWith(["--mutant", mutant]) }),
    lacks: (scenario) => [
      ...(command === undefined ? [] : foreignLacks(scenario)),
      ...placeLacks(scenario, database),
    ],
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
    async run(scenario, options) {
      const runner = await open();
      const build = mutant === undefined ? {} : { build: await buildFor(scenario.protocol, mutant) };
      const run = await runner.run(scenario, { ...options, ...build }).catch(toSetupError);
      const seen = checksOf(run.checks, run.unusedFaults, protocolOf(scenario.protocol).requirements);
      const missing = command === undefined ? [] : placesLacking(seen);
      return {
        history: run.history,
        ...seen,
        ...(missing.length === 0 ? {} : { missing, isInapplicable: true as const }),
        faults: Object.fromEntries(run.faultCounts),
        observations: run.observations,
        ...(run.sweep === undefined ? {} : { sweep: run.sweep }),
        notes: run.serverOutput,
      };
    },
    close: async () => (await opened?.catch(() => undefined))?.close(),
  };
}

const againWith =
  (words: readonly string[]) =>
  ({ id }: Scenario, seed: string): readonly string[] => ["live", id, "--seed", seed, ...words];

/** Servers that do not come up are no fault of the scenario. */
function toSetupError(error: unknown): never {
  if (error instanceof Error && error.name === "SubjectFailed") {
    throw new SetupError(`the live world: ${error.message}`, { cause: error });
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
