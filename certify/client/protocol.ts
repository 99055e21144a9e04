// What a protocol brings along so that clients of it can be certified.
import type { Law } from "../../invariants/verdict.ts";
import type { DatabaseChoice } from "../../live/databases/choice.ts";
import type { LiveRun } from "../../live/run.ts";
import type { Requirement } from "../../protocol/requirement.ts";
import type { Scenario } from "../../scenarios/format/types.ts";
import type { DriverCommand, DriverTimes } from "./driver-process.ts";
import type { Greeting } from "./messages.ts";

/** Each level adds something that a driver has to be able to do; in order. */
export interface ClientLevel {
  readonly name: string;
  /** What a client of this level keeps, in a sentence. */
  readonly promise: string;
  /** What the driver's greeting has to declare. */
  readonly needs: readonly string[];
}

/** One scenario as it is put to a client. */
export interface ClientScenario {
  readonly scenario: Scenario;
  readonly level: string;
  /** What the driver has to be able to do, beside what every driver can. */
  readonly needs: readonly string[];
}

/** What is known of a client before anything is asked of it. */
export interface KnownClient {
  readonly greeting: Greeting;
  /** The members of its state. */
  readonly members: ReadonlySet<string>;
}

export interface ClientRunsOptions {
  readonly command: DriverCommand;
  readonly times: DriverTimes;
  readonly greeting: Greeting;
  readonly database: DatabaseChoice;
  /** How long the client is asked to wait for an answer.  Units: milliseconds. */
  readonly patienceMs: number;
  readonly scenarioTimeoutMs: number;
}

export interface ClientRunOptions {
  readonly seed: string;
  readonly signal: AbortSignal;
  /** Another build of the client than the one of all runs. */
  readonly command?: DriverCommand;
  /** However long the scenario may wait for rest, it is not waited longer than this.  Units: milliseconds. */
  readonly settleMaxMs?: number;
}

export interface ClientRun extends LiveRun {
  /** What the drivers last wrote on their standard error, device by device. */
  readonly driverOutput: readonly string[];
}

export interface ClientRuns {
  prepare(scenarios: readonly Scenario[]): void;
  /** Errors: `DriverFailed`; those of a live run. */
  run(scenario: Scenario, options: ClientRunOptions): Promise<ClientRun>;
  /** Ends everything that was started. */
  close(): Promise<void>;
}

export interface ClientProtocol {
  /** `<name>/<version>` */
  readonly protocol: string;
  /** The rules that a client can break. */
  readonly requirements: readonly Requirement[];
  readonly levels: readonly ClientLevel[];
  /** What can be held against somebody else's client. */
  readonly laws: readonly Law[];
  /** All scenarios that say something about a client, whatever this one can do. `corpus`: what comes with Seatrial. */
  scenarios(corpus: readonly Scenario[], client: KnownClient): readonly ClientScenario[];
  openRuns(options: ClientRunsOptions): Promise<ClientRuns>;
}
