// What a device needs from outside. Every `await` of one of these is a point where the world may step in: lose the
// reply, let an edit in, crash the device and keep its disk. The core waits for nothing else.
import type { JsonValue } from "../../protocol/json.ts";

/** Named tables of small rows; what a device keeps through a crash. */
export interface Disk {
  /** Everything that was ever committed, table by table, rows in order of their keys. */
  load(): Promise<DiskContents>;
  /** Makes all writes durable in one step: after a crash either all of them are there or none.
   *  Errors: `DiskFailed`; then none of them is there. */
  commit(writes: readonly DiskWrite[]): Promise<void>;
}

/** Rows by table and key. */
export type DiskContents = ReadonlyMap<DiskTable, ReadonlyMap<string, JsonValue>>;

/** `meta` one row per setting; `queue` edits that wait for the server, and `accepted` edits that it took and that have
 *  not come back yet, both by row number, padded so that text order is number order; `dead` by operation id, `parked`
 *  by the server's id; `entities` by entity key. All but the device's own settings carry the number of their account
 *  before the key. */
export type DiskTable = "meta" | "queue" | "accepted" | "dead" | "parked" | "entities";

export type DiskWrite =
  | { readonly kind: "put"; readonly table: DiskTable; readonly key: string; readonly value: JsonValue }
  | { readonly kind: "remove"; readonly table: DiskTable; readonly key: string }
  | { readonly kind: "clear"; readonly table: DiskTable };

/** The way to the server. Adds nothing: the device says which headers go out. */
export interface Transport {
  /** One HTTP exchange.
   *  Errors: `NoAnswer` when none came: the request may or may not have had its effect. */
  exchange(request: OutgoingRequest): Promise<IncomingReply>;
  /** Opens a socket; resolves when it is open.
   *  Errors: `NoAnswer`; `UpgradeRefused` with the status where the server answered with something else. */
  openSocket(request: OutgoingUpgrade, handlers: SocketHandlers): Promise<DeviceSocket>;
}

export interface OutgoingRequest {
  readonly method: "GET" | "POST";
  /** Base URL of the server, without a slash at the end. */
  readonly server: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** `body` is parsed where it was JSON; anything else is handed on as text, for the device to distrust. */
export interface IncomingReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: { readonly json: unknown } | { readonly text: string };
}

export interface OutgoingUpgrade {
  readonly server: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface SocketHandlers {
  /** A text frame: parsed where it was JSON, else `undefined`. */
  onFrame(frame: unknown): void;
  onClose(code: number): void;
}

export interface DeviceSocket {
  send(frame: unknown): void;
  close(): void;
}

/** Time as the device sees it. */
export interface Clock {
  /** Units: milliseconds since the epoch. */
  now(): number;
  /** Runs `run` once after `delayMs`, unless cancelled before. */
  after(delayMs: number, run: () => void | Promise<void>): Timer;
}

export interface Timer {
  cancel(): void;
}

export interface Ids {
  /** A fresh UUID, lower case. */
  uuid(): string;
}

/** No answer came: a lost message, a time-out, a closed connection. */
export class NoAnswer extends Error {
  readonly code = "no_answer";
  override readonly name = "NoAnswer";
}

/** The server answered an upgrade with a plain reply. */
export class UpgradeRefused extends Error {
  readonly code = "upgrade_refused";
  override readonly name = "UpgradeRefused";
  readonly reply: IncomingReply;
  constructor(reply: IncomingReply) {
    super(`expected 101 Switching Protocols, got ${reply.status}`);
    this.reply = reply;
  }
}

/** The disk refused a commit. */
export class DiskFailed extends Error {
  readonly code = "disk_failed";
  override readonly name = "DiskFailed";
}
