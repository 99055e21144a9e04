// What a driver of somebody else's client looks like to the device that it drives. One seat is one device, through all of
// its lives; whoever keeps the seat starts processes, gives the client an address for its server and reads its lines.
import type { DeviceReport } from "../scenarios/format/world.ts";

/** What the client shows; a member that is absent is not known. */
export interface DriverState {
  readonly entities: DeviceReport["state"];
  readonly pending: number;
  readonly cursor: number;
  readonly deadLetters: number;
  readonly unshared?: number | undefined;
  readonly parked?: number | undefined;
  readonly deviceId?: string | undefined;
  readonly mode?: string | undefined;
  readonly stopped?: boolean | undefined;
}

export type DriverAnswer = { readonly ok: unknown } | { readonly refused: string };

/** One process of the driver. */
export interface DriverLife {
  /** What the client is told is its server's address. */
  readonly url: string;
  /** What the client is told is its own directory. */
  readonly storage: string;
  ask(command: Readonly<Record<string, unknown>>): Promise<DriverAnswer>;
  state(): Promise<DriverState>;
  /** In good order. */
  stop(): Promise<void>;
}

/** Hears what the client asks its server, and passes it on. */
export interface DriverOccupant {
  readonly target: () => Promise<string>;
  onRequest(request: DriverRequest): void;
  onSocket(socket: DriverSocket): void;
}

export interface DriverRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Passes it on, and the answer back once `release` lets it. Rejects where the client got no whole answer. */
  carry(release: () => Promise<void>): Promise<DriverReply>;
}

export interface DriverReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Parsed where it was JSON. */
  readonly body: { readonly json: unknown } | { readonly text: string };
}

export interface DriverSocket {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Rejects where it does not open; with the answer as `reply` where there was a plain one. */
  open(hear: {
    onServerFrame(frame: unknown): void;
    onClientFrame(frame: unknown): void;
    onClose(code: number | undefined): void;
  }): Promise<void>;
}

export interface DriverSeat {
  /** What the driver says that it can, beside what every driver can. */
  readonly can: ReadonlySet<string>;
  /** Starts a process.  Errors: those of whoever keeps the seat. */
  begin(occupant: DriverOccupant): Promise<DriverLife>;
  /** What was kept with the client's files; undefined on an empty directory. */
  recall(): unknown;
  remember(what: unknown): void;
}
