// What a world offers to whoever runs a scenario in it. The simulation and the real thing implement this, and the
// interpreter knows nothing else of them.
import type { JsonValue } from "../../protocol/json.ts";
import type {
  Ability,
  DatabaseAction,
  DeviceAction,
  NetworkAction,
  RawRequest,
  Scenario,
  ServerAction,
} from "./types.ts";

/** How long a `settle` may take that says nothing else: ten times the longest back-off. Units: milliseconds. */
export const settleWithinMs = 600_000;

/** What a step came to, in words that expectations can be held against. */
export interface StepOutcome {
  /** `ok`, `unknown` (no answer), `refused` (the server said no), `blocked` (the device did not even ask). */
  readonly outcome: string;
  readonly status?: number;
  /** `type` of an error body. */
  readonly type?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly counts?: Readonly<Record<string, number>>;
}

/** A device's account of itself. `state` is what its user sees. */
export interface DeviceReport {
  readonly connected: boolean;
  readonly user: string;
  readonly state: Readonly<Record<string, Readonly<Record<string, JsonValue>>>>;
  readonly status: Readonly<Record<string, JsonValue>>;
}

/** The server's account of a user, read from outside. */
export interface ServerReport {
  readonly state: Readonly<Record<string, Readonly<Record<string, JsonValue>>>>;
}

export interface World {
  readonly name: "sim" | "live";
  readonly abilities: ReadonlySet<Ability>;
  /** Milliseconds since the run began. */
  now(): number;
  device(name: string, action: DeviceAction): Promise<StepOutcome>;
  /** One exchange after another until the devices have nothing left to say to the server. */
  sync(devices: readonly string[]): Promise<StepOutcome>;
  server(action: ServerAction): Promise<StepOutcome>;
  network(action: NetworkAction): Promise<void>;
  database(action: DatabaseAction): Promise<void>;
  request(request: RawRequest): Promise<StepOutcome>;
  /** Moves all clocks. */
  advance(byMs: number): Promise<void>;
  wait(forMs: number): Promise<void>;
  /** Ends all faults, lets everybody run, and waits until nobody has anything left to do. `waiting` says who does. */
  settle(withinMs: number): Promise<{ readonly quiet: boolean; readonly waiting: readonly string[] }>;
  /** Faults that were asked for and have not struck, as scenario lines. Asked before faults end, so that a scenario
   *  whose fault never happened fails instead of passing by luck. */
  unfiredFaults?(): readonly string[];
  inspectDevice(name: string): Promise<DeviceReport>;
  inspectServer(user: string): Promise<ServerReport>;
}

/** Why a scenario cannot run in a world: the abilities that it lacks; empty if it can. */
export function missingAbilities(scenario: Scenario, world: Pick<World, "abilities">): readonly Ability[] {
  return scenario.needs.filter((ability) => !world.abilities.has(ability));
}
