// A client under test as the runner sees a world: one scenario at a time, every device a process of its driver.
import { type ClientProtocol, type ClientRuns, type KnownClient } from "../certify/client/protocol.ts";
import { DriverFailed, type DriverFault } from "../certify/client/driver-failed.ts";
import type { DriverCommand, DriverTimes } from "../certify/client/driver-process.ts";
import { liveAbilities } from "../live/world/abilities.ts";
import { waitsMs } from "../live/waits.ts";
import type { Scenario } from "../scenarios/format/types.ts";
import { checksOf } from "./checks.ts";
import { type DatabaseFlag, databaseOf } from "./database-option.ts";
import { SetupError } from "./errors.ts";
import type { Observed, WorldRunner } from "./world-runner.ts";

export interface ClientWorldOptions extends DatabaseFlag {
  readonly protocol: ClientProtocol;
  readonly client: KnownClient;
  readonly command: DriverCommand;
  readonly times: DriverTimes;
  readonly patienceMs: number;
  readonly workers: number;
  readonly timeout: number;
  /** What a scenario asks for and the driver does not declare, in words. */
  readonly lacks: (scenario: Scenario) => readonly string[];
}

export function createClientWorld(options: ClientWorldOptions): WorldRunner {
  const { protocol, client, command, times, patienceMs, workers, timeout } = options;
  let opened: Promise<ClientRuns> | undefined;
  const open = (): Promise<ClientRuns> =>
    (opened ??= protocol
      .openRuns({
        command,
        times,
        greeting: client.greeting,
        database: databaseOf(options),
        patienceMs,
        scenarioTimeoutMs: timeout,
      })
      .catch((cause: unknown) => {
        throw new SetupError(`the server for the client: ${messageOf(cause)}`, { cause });
      }));
  return {
    world: "live",
    abilities: liveAbilities,
    workers,
    waitsMs,
    lacks: options.lacks,
    replayWords: ({ id }, seed) => [
      "certify-client",
      id,
      "--seed",
      seed,
      "--",
      command.file,
      ...command.args,
    ],
    prepare(scenarios) {
      if (scenarios.length === 0) return;
      // A failure to open is told by the first run, which waits for the same promise.
      open().then(
        (runs) => runs.prepare(scenarios),
        () => undefined,
      );
    },
    async run(scenario, { seed, signal }) {
      const runs = await open();
      try {
        const run = await runs.run(scenario, { seed, signal });
        return {
          history: run.history,
          ...checksOf(run.checks, run.unusedFaults, protocol.requirements),
          faults: Object.fromEntries(run.faultCounts),
          observations: run.observations,
          notes: [...run.driverOutput, ...run.serverOutput],
        };
      } catch (error) {
        return observedOfFailure(error, scenario, seed);
      }
    },
    close: async () => (await opened?.catch(() => undefined))?.close(),
  };
}

/** A driver that breaks the conversation cannot be worked with at all. A client that dies, falls silent or throws in the
 *  middle of a scenario has failed that scenario.  Errors: SetupError; whatever is a bug of ours. */
function observedOfFailure(error: unknown, { id, protocol, requirements }: Scenario, seed: string): Observed {
  if (!(error instanceof DriverFailed) || !ofClients.has(error.fault)) {
    const isDrivers = error instanceof DriverFailed || hasCode(error, "driver_unwilling");
    if (isDrivers) throw new SetupError(messageOf(error), { cause: error });
    throw error;
  }
  return {
    history: { protocol, scenario: id, seed, world: "live", events: [] },
    checks: [
      {
        pass: false,
        line: 0,
        text: "at any time",
        expected: "the client lives on and answers",
        seen: error.message,
        requirements,
      },
    ],
    faults: {},
    unusedFaults: [],
  };
}

const ofClients: ReadonlySet<DriverFault> = new Set<DriverFault>(["died", "no_reply", "failed_itself"]);

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
