// What a protocol brings into the simulation: its server on the simulated database, its devices, and how a stranger
// reads the server. The world itself knows no protocol.
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import type { Accounts, DeviceActor, Recorder, ServerAccount } from "../../actors/actor.ts";
import type { DeviceSpec } from "../../scenarios/format/types.ts";
import type { SimDisk } from "../disk/sim-disk.ts";
import type { SimProcess } from "../kernel/process.ts";
import type { Caller, Network, ServerSocket } from "../network/network.ts";
import type { SocketSession } from "../network/connection.ts";
import type { ConditionKind } from "../postgres/engine.ts";
import type { DatabaseLine } from "./database-line.ts";
import type { TokenAuthority } from "./token-authority.ts";

/** Time as one process reads it. */
export interface SimClock {
  now(): number;
  after(delayMs: number, run: () => void | Promise<void>): { cancel(): void };
}

/** A server process of the protocol, alive. */
export interface SimServer {
  /** Makes ready: listens to what other processes announce, arms its jobs. */
  start(): Promise<void>;
  /** Answers one request. Header names are lower case. An error thrown here is a bug of the server and ends the run:
   *  a failing database is answered with a 5xx. */
  handle(request: HttpRequest): Promise<HttpResponse>;
  /** Answers an upgrade: `accept()` opens the socket, `refused` says no with a plain reply. */
  openSocket(
    request: HttpRequest,
    accept: () => ServerSocket,
  ): Promise<{ readonly opened: SocketSession } | { readonly refused: HttpResponse }>;
  /** Runs compaction for a user now. */
  compact(user: string): Promise<{ readonly deleted: number; readonly compactedUpTo: number }>;
  /** Ends in good order. */
  stop(): Promise<void>;
  /** The process is gone: its database sessions are lost, its timers and waits with the process. */
  abandon(): void;
  /** Its database sessions are lost, and the process lives on: it is told so, and can have new ones. */
  loseConnections(): void;
}

/** The protocol's simulated database: committed state that outlives processes. */
export interface SimDatabase {
  backup(): unknown;
  /** Puts the committed state back; every session is lost. */
  restore(backup: unknown): void;
  /** Ends without notice and is back at once: every session is lost, what was committed stays. */
  crash(): void;
  /** Has it refuse writes or keep them waiting, from now on. */
  setCondition(kind: "read-only" | "full" | "lock-tables"): void;
  /** Has it end waits that last longer.  Units: virtual milliseconds. */
  setLimit(kind: "lock-timeout" | "statement-timeout", afterMs: number): void;
  /** Everything is as it was before the conditions and limits. */
  clearConditions(): void;
  /** Conditions and limits that have hindered nobody so far. */
  unstruckConditions(): readonly ConditionKind[];
}

export interface SimServerOptions {
  readonly database: SimDatabase;
  readonly process: SimProcess;
  readonly clock: SimClock;
  readonly line: Pick<DatabaseLine, "roundTrip"> & Partial<Pick<DatabaseLine, "refusal">>;
  readonly tokens: TokenAuthority;
  readonly config: Readonly<Record<string, number>>;
}

export interface SimActorOptions {
  readonly spec: DeviceSpec;
  readonly process: SimProcess;
  readonly disk: SimDisk;
  readonly network: Network;
  readonly caller: Pick<Caller, "device" | "process">;
  readonly clock: SimClock;
  /** A fresh UUID, drawn from the device's own address. */
  readonly uuid: () => string;
  readonly recorder: Recorder;
  readonly accounts: Accounts;
  /** The next number of a call; numbers are the run's, not the device's. */
  readonly nextCall: () => number;
  readonly config: Readonly<Record<string, number>>;
}

export interface SimProtocol {
  /** `<name>/<version>`. */
  readonly id: string;
  /** The protocol's name of an exchange, by which faults are addressed. */
  messageOf(request: { readonly method: string; readonly path: string }): string;
  createDatabase(timers: { after(delayMs: number, run: () => void): { cancel(): void } }): SimDatabase;
  createServer(options: SimServerOptions): SimServer;
  createActor(options: SimActorOptions): DeviceActor;
  /** The error that a device's disk port throws. */
  diskFailure(): Error;
  /** The error that a server's store throws for a statement that the database refused. */
  statementFailure(sqlstate: string, text: string): Error;
  /** The number that a device's cursor reaches when it has everything; `undefined` where the server does not say. */
  readHead(options: ReadOptions): Promise<number | undefined>;
  /** Reads the server as a fresh device would, without leaving a trace in the protocol. */
  readAccount(options: ReadOptions): Promise<ServerAccount>;
}

export interface ReadOptions {
  readonly user: string;
  readonly token: string;
  readonly exchange: (request: HttpRequest) => Promise<HttpResponse>;
}
