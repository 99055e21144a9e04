// What somebody else's WaveFlow device has to offer to be put on trial: four ports in, six methods out. Nothing of it
// speaks of histories or laws. What the laws need to know is read from the device's own account of itself, before each
// of its port calls (see account-watch.ts), so that a device under trial is the device as it ships.
import type { JsonValue } from "../../protocol/json.ts";
import type { VisibleState } from "../../protocol/waveflow/fold.ts";
import type {
  DeviceId,
  LamportTs,
  OperationId,
  PushOp,
  ServerId,
  UserId,
} from "../../protocol/waveflow/types.ts";
import type { Clock, Ids, Transport } from "../../reference-client/waveflow/ports.ts";

/** One durable write: a row of a table that the device names as it likes. */
export type TableWrite =
  | { readonly kind: "put"; readonly table: string; readonly key: string; readonly value: JsonValue }
  | { readonly kind: "remove"; readonly table: string; readonly key: string }
  | { readonly kind: "clear"; readonly table: string };

/** Named tables of JSON rows; what a device keeps through a crash. */
export interface TableDisk {
  /** Everything that was ever committed, table by table, rows in order of their keys. */
  load(): Promise<ReadonlyMap<string, ReadonlyMap<string, JsonValue>>>;
  /** Makes all writes durable in one step: after a crash either all of them are there or none.
   *  Errors: `DiskFailed`; then none of them is there. */
  commit(writes: readonly TableWrite[]): Promise<void>;
}

/** Where the device may go now, and as whom. */
export interface ForeignSession {
  /** Base URL, without a slash at the end; goes into `OutgoingRequest.server`. */
  readonly server: string;
  /** For `Authorization: Bearer …`. */
  readonly token: string;
  readonly user: UserId;
}

/** All that a device under trial may wait for or ask. A promise of anything else (a timer, a file, `fetch`) is found
 *  out, and ends the run with `ForeignWait` or `ForbiddenInSimulation`. */
export interface ForeignDevicePorts {
  readonly disk: TableDisk;
  /** Throws `NoAnswer` when no answer came: the request may or may not have had its effect. */
  readonly transport: Transport;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Asked before every request, because the person may have signed out since; `undefined` while signed out. */
  session(): ForeignSession | undefined;
}

/** The entity that an edit is about. */
export interface ForeignEntity {
  readonly entityType: string;
  readonly entityId: string;
}

/** One value that the person gives one field. */
export interface ForeignEdit extends ForeignEntity {
  readonly field: string;
  readonly value: JsonValue;
}

/** What a device says of itself: **what is durable, and nothing that is not**. It is compared from one moment to the
 *  next, so it must not run ahead of the disk: a row that is still being committed is not pending yet. */
export interface ForeignAccount {
  /** Minted once, at the first start on an empty disk. */
  readonly deviceId: DeviceId;
  /** The highest id that is applied with everything of the user below it. */
  readonly cursor: ServerId;
  /** The highest id that the server is known to have heard in an ACK. A device that does not keep it says 0 after a
   *  restart, and acknowledges anew. */
  readonly acknowledged: ServerId;
  /** The clock: at or above every stamp given out, above every stamp received from another device. */
  readonly lamport: LamportTs;
  /** The edits that wait for the server, in the order in which they were made. */
  readonly pending: readonly PushOp[];
  /** What the device holds as the server's state: `{ "song/1": { title: "A" } }`. */
  readonly confirmed: VisibleState;
  /** What its person sees: that, with the edits that wait on top. */
  readonly visible: VisibleState;
  /** Edits that the server refused for good. */
  readonly deadLetters?: readonly OperationId[];
  /** Received ops that could not be applied and were set aside. */
  readonly parked?: readonly { readonly id: ServerId; readonly operationId: OperationId }[];
}

/** A WaveFlow device that somebody else wrote. One value is one life: after a crash another is made on the same disk,
 *  and whatever the first one still had under way never goes on. */
export interface ForeignDevice {
  /** Loads the disk and makes ready. Errors: `DiskFailed` ends this life, and another one begins later. */
  start(): Promise<void>;
  /** The person changes a field. Durable when it resolves. Called also while a `sync` is under way. */
  edit(edit: ForeignEdit): Promise<void>;
  /** The person deletes an entity. Durable when it resolves. */
  remove(entity: ForeignEntity): Promise<void>;
  /** One exchange of everything, or as far as it gets: pending edits go out, news comes in and is acknowledged. Never
   *  called while another one is under way. `DiskFailed` and `NoAnswer` may be thrown; the next call comes later. */
  sync(): Promise<void>;
  /** See `ForeignAccount`. Called often; answers at once. */
  account(): ForeignAccount;
  /** Present where the device decides itself when to sync (timers, a live socket). Called once, after `start`, in
   *  plans whose devices run on their own. Absent: `sync` is called every `drainIntervalMs`. */
  runOnItsOwn?(): void;
}

/** Makes one life of a device. */
export type CreateForeignDevice = (ports: ForeignDevicePorts) => ForeignDevice;
