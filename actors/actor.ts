// A device as a world handles it, whatever protocol it speaks: verbs in, outcomes and history out. A protocol brings
// one implementation over its reference client, and both worlds run that same one.
import type { DeviceReport, StepOutcome } from "../scenarios/format/world.ts";
import type { DeviceAction, TokenSpec } from "../scenarios/format/types.ts";

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
  /** Asks a device that lives elsewhere how it stands, so that what follows speaks of the present. Absent: it is known. */
  refresh?(): Promise<void>;
  inspect(): DeviceReport;
  /** Who goes out in its requests; empty texts where it has none. */
  identity(): { readonly token: string; readonly deviceId: string; readonly user: string };
  /** The device's account of itself as a finding of the history; undefined where nobody can tell all that one says. */
  finding(): unknown;
  /** What the device still waits for, in words; `undefined` when at rest. Without the server's head it can only say what
   *  it has not sent. */
  unrest(server?: Pick<ServerAccount, "head">): string | undefined;
}

/** The server's account of a user, read by a fresh reader that leaves no trace in the protocol. */
export interface ServerAccount {
  readonly user: string;
  /** A finding of the history. */
  readonly finding: unknown;
  readonly state: DeviceReport["state"];
  /** The number that a device's cursor reaches when it has everything. */
  readonly head: number;
  /** How many entries its log has. */
  readonly entries: number;
}

/** Takes what happens into the history. Times are the recorder's own. */
export interface Recorder {
  record(event: RecordedEvent): void;
}

/** A history event without its time; the recorder adds it. */
export type RecordedEvent = { readonly kind: string; readonly actor: string } & Readonly<
  Record<string, unknown>
>;

/** Where accounts are had in this run. */
export interface Accounts {
  /** Where the server is, from the device's point of view; `default` in a scenario. */
  readonly server: string;
  /** A bearer token for a user: a good one, or one that is bad in the way that is asked for. */
  mintToken(user: string, spec?: TokenSpec): string;
}
