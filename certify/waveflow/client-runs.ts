// Scenarios against a client under test: our server as a process with the faults of the live world, and every device of
// the scenario a process of the driver.
import { createLiveRunner, type LiveRunner } from "../../live/run.ts";
import { driverLive } from "../../live/waveflow/driver-binding.ts";
import { waveflowLive } from "../../live/waveflow/binding.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import type { ClientRun, ClientRunOptions, ClientRuns, ClientRunsOptions } from "../client/protocol.ts";
import { Seat } from "../client/seat.ts";

/** Brings up the database; servers start with the first scenario.
 *  Errors: `DatabaseUnavailable`. */
export async function openClientRuns(options: ClientRunsOptions): Promise<ClientRuns> {
  const { database, scenarioTimeoutMs } = options;
  const runner: LiveRunner = await createLiveRunner({
    protocols: [waveflowLive],
    database,
    scenarioTimeoutMs,
  });
  return {
    prepare: (scenarios) => runner.prepare(scenarios),
    run: (scenario, asked) => runOne(scenario, { ...asked, runner, options }),
    close: () => runner.close(),
  };
}

async function runOne(
  scenario: Scenario,
  run: ClientRunOptions & {
    readonly runner: LiveRunner;
    readonly options: ClientRunsOptions;
  },
): Promise<ClientRun> {
  const { runner, options, command = options.command, ...asked } = run;
  const seats = new Map<string, Seat>();
  const seatOf = (directory: string): Seat => {
    let seat = seats.get(directory);
    if (seat === undefined) seats.set(directory, (seat = new Seat(directory, { ...options, command })));
    return seat;
  };
  const protocol = driverLive({ seatOf, patienceMs: options.patienceMs });
  try {
    const done = await runner.run(scenario, { ...asked, build: { protocol } });
    return { ...done, driverOutput: [...seats.values()].flatMap((seat) => seat.lastLines()) };
  } finally {
    await Promise.all([...seats.values()].map((seat) => seat.close()));
  }
}
