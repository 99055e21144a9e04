// A device as a world handles it, whatever protocol it speaks: verbs in, outcomes and history out. A protocol brings
// one implementation over its reference client, and both worlds run that same one.
import type { DeviceReport, StepOutcome } from "../scenarios/format/world.ts";
import type { DeviceAction } from "../scenarios/format/types.ts";

/** One device of a scenario, alive. A crash is made by the world: it abandons the actor and makes another on the same
 *  disk. */
export interface DeviceActor {
  /** Loads the disk and makes ready. */
  start(): Promise<void>;
  /** Ends in good order: closes the socket, stops timers. */
  stop(): Promise<void>;
  /** Runs one of the protocol's verbs. Errors: only for our own bugs; what the server or network did is an outcome. */
  act(action: DeviceAction): Promise<StepOutcome>;
  /** One exchange of everything: what is pending goes out, what is new comes in and is acknowledged. */
  sync(): Promise<StepOutcome>;
  inspect(): DeviceReport;
  /** The device's account of itself as a finding of the history. */
  finding(): unknown;
  /** What the device still waits for, in words, given the server's account of its user; `undefined` when at rest. */
  unrest(server: ServerAccount): string | undefined;
  /** Runs its own timers from now on, or stops doing so. */
  setAutomatic(automatic: boolean): Promise<void>;
}

/** The server's account of a user, read by a fresh reader that leaves no trace in the protocol. */
export interface ServerAccount {
  readonly user: string;
  /** A finding of the history. */
  readonly finding: unknown;
  readonly state: DeviceReport["state"];
  /** The number that a device's cursor reaches when it has everything. */
  readonly head: number;
}

/** Takes what happens into the history. Times are the recorder's own. */
export interface Recorder {
  record(event: RecordedEvent): void;
}

/** A history event without its time; the recorder adds it. */
export type RecordedEvent = { readonly kind: string; readonly actor: string } & Readonly<Record<string, unknown>>;

/** An account of a device at the server: who it says it is. */
export interface Account {
  readonly user: string;
  /** Where the server is, from the device's point of view. */
  readonly server: string;
  /** A good bearer token for the user. */
  readonly token: string;
}
