// What a protocol brings into the live world: how its server is started, its devices, and how a stranger reads the
// server. The world itself knows no protocol.
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import type { Accounts, DeviceActor, Recorder, ServerAccount } from "../../actors/actor.ts";
import type { DeviceSpec } from "../../scenarios/format/types.ts";
import type { DiskPort } from "../faults/crashing-disk.ts";
import type { Carrier, WireErrors } from "../faults/wire.ts";

/** A device's disk on real files. */
export interface LiveDisk extends DiskPort<unknown, never> {
  close(): void;
  /** Holds still whoever writes to it besides this process, so that its files can be copied; returns how to let go. */
  freeze?(): () => void;
}

export interface LiveActorOptions {
  readonly spec: DeviceSpec;
  readonly disk: DiskPort<unknown, never>;
  readonly carrier: Carrier;
  /** The same way as an address, for a device in a process of its own: whatever befalls its messages befalls them there.
   *  One life's. */
  readonly line: () => Promise<string>;
  /** The device's files, the same through all of its lives. */
  readonly directory: string;
  readonly clock: {
    now(): number;
    after(delayMs: number, run: () => void | Promise<void>): { cancel(): void };
  };
  readonly uuid: () => string;
  readonly recorder: Recorder;
  readonly accounts: Accounts;
  readonly config: Readonly<Record<string, number>>;
  /** The next number of a call; numbers are the run's. */
  readonly nextCall: () => number;
}

export interface LiveProtocol {
  /** `<name>/<version>`. */
  readonly id: string;
  readonly server: {
    /** Its entry below the root of Seatrial, without its ending. */
    readonly entry: string;
    /** The settings of a scenario as the server's environment.  Errors: RangeError for a setting that it lacks. */
    env(config: Readonly<Record<string, number>>): Readonly<Record<string, string>>;
  };
  readonly errors: WireErrors;
  /** The protocol's name of an exchange, by which faults are addressed. */
  messageOf(request: { readonly method: string; readonly path: string }): string;
  /** Opens a device's disk in a directory of its own. Nothing of it is kept outside the directory. */
  openDisk(directory: string): LiveDisk;
  /** The way to the server, over real sockets. `timeoutMs` bounds one exchange, whoever waits for it. */
  createCarrier(options: { readonly timeoutMs: number }): Carrier;
  createActor(options: LiveActorOptions): DeviceActor;
  /** Reads the server as a fresh device would, without leaving a trace in the protocol. */
  readAccount(options: {
    readonly user: string;
    readonly token: string;
    readonly exchange: (request: HttpRequest) => Promise<HttpResponse>;
  }): Promise<ServerAccount>;
}
