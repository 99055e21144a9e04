// What the server needs from outside. Every `await` of one of these is a point where the world may step in: deliver
// something else first, crash the process, lose the answer. The core waits for nothing else.
import type {
  DeviceId,
  EpochMs,
  LamportTs,
  LogOp,
  OperationId,
  ServerId,
  UserId,
} from "../../protocol/waveflow/types.ts";

/** An op with the two numbers that only the server knows: whose it is stands beside it in every call. */
export interface StoredOp extends LogOp {
  /** The id before it in the user's log as it was assigned; 0 for the first.  Source: waveflow.md section 8. */
  readonly prevId: ServerId;
}

/** The memory that an `operation_id` was accepted. Outlives the op.  Source: WF-PUSH-3, WF-COMP-6. */
export interface Receipt {
  readonly operationId: OperationId;
  readonly deviceId: DeviceId;
  readonly id: ServerId;
  readonly lamportTs: LamportTs;
  /** Equal for equal content and different for other content.  Source: WF-PUSH-4. */
  readonly fingerprint: string;
}

/** How far compaction has gone for a user.
 *  `compactedUpTo`: every op deleted has an id at or below it. `generation`: how many compactions have deleted
 *  something; it tells a resync apart from one that began before a deletion that left `compactedUpTo` as it was. */
export interface Watermark {
  readonly compactedUpTo: ServerId;
  readonly generation: number;
}

/** What the processes on one database tell each other, delivered after the commit of the transaction that said it. */
export type Announcement =
  | { readonly kind: "ops"; readonly user: UserId; readonly head: ServerId }
  | { readonly kind: "watermark"; readonly user: UserId; readonly compactedUpTo: ServerId };

/** What a transaction is for: a name for logs, and the address at which a scenario places a crash ("during compact"). */
export type TransactionPurpose = "push" | "pull" | "ack" | "compact" | "contact" | "frames" | "job";

export interface TransactionOptions {
  readonly isolation: "read committed" | "repeatable read";
  readonly purpose: TransactionPurpose;
  /** The device whose request this is, where one's is; like the purpose, an address and nothing more. */
  readonly device?: DeviceId;
}

export interface Database {
  /** Runs `work` in one transaction: commits when it returns, rolls back when it throws. Runs it once; who wants
   *  another try after a serialization failure asks for it.
   *  Errors: `SessionLost` when the connection went (nothing was committed), `CommitUnknown` when it went while the
   *  COMMIT was under way (it may have happened), `StatementFailed` with the SQLSTATE for everything else. */
  transaction<T>(options: TransactionOptions, work: (transaction: Transaction) => Promise<T>): Promise<T>;
}

/** The named statements of WaveFlow. Each is one round trip, and together with begin and commit they are the points
 *  at which a scenario can crash the server. A `device` that selects a row is in lower case, so that one device has one
 *  row; device and operation ids inside ops and receipts are spelled as sent and have to come back so. */
export interface Transaction {
  /** Waits until this transaction is the only one of the user that writes; held to the end.  Source: WF-PUSH-9, WF-COMP-7. */
  lockUser(user: UserId): Promise<void>;

  /** The receipts among these operation ids, compared without regard to case, by lower-case id. */
  findReceipts(user: UserId, operationIds: readonly OperationId[]): Promise<ReadonlyMap<string, Receipt>>;

  /** The highest stamp ever accepted from the device and from the user's devices together; 0 for none. */
  highestLamport(user: UserId, device: DeviceId): Promise<{ ofDevice: LamportTs; ofUser: LamportTs }>;

  /** The highest id of the user in the log that this transaction sees; 0 for none. */
  highestId(user: UserId): Promise<ServerId>;

  /** Takes the next ids from the sequence, ascending. Gaps remain when the transaction aborts. */
  takeIds(count: number): Promise<readonly ServerId[]>;

  insertOps(user: UserId, ops: readonly StoredOp[]): Promise<void>;

  insertReceipts(user: UserId, receipts: readonly Receipt[]): Promise<void>;

  /** Makes or updates the device's row; neither number ever falls. */
  raiseDevice(row: {
    user: UserId;
    device: DeviceId;
    highestLamport: LamportTs;
    contactAt: EpochMs;
  }): Promise<void>;

  /** Ops with `id > since`, ascending, at most `limit`. */
  opsAfter(page: { user: UserId; since: ServerId; limit: number }): Promise<readonly StoredOp[]>;

  /** `{0, 0}` where nothing was ever compacted. An error is thrown, never read as "no watermark" (WF-PULL-4). */
  readWatermark(user: UserId): Promise<Watermark>;

  /** The device's acknowledged id, or `undefined` for a device that never acknowledged. */
  findCursor(user: UserId, device: DeviceId): Promise<ServerId | undefined>;

  /** Makes or raises the device's cursor; it never falls.  Source: WF-ACK-1, WF-ACK-2. */
  raiseCursor(row: { user: UserId; device: DeviceId; lastSeenId: ServerId; seenAt: EpochMs }): Promise<void>;

  /** The smallest cursor over the devices whose last contact is at or after `contactSince`; `undefined` for none.
   *  Source: WF-COMP-1. */
  minimumCursor(range: { user: UserId; contactSince: EpochMs }): Promise<ServerId | undefined>;

  /** Deletes what is superseded among the ops with an id below `below`.  Source: WF-COMP-2. */
  collapse(range: {
    user: UserId;
    below: ServerId;
  }): Promise<{ deleted: number; highestDeletedId: ServerId }>;

  /** Raises `compactedUpTo` (it never falls) and counts the generation up by one. */
  raiseWatermark(row: { user: UserId; compactedUpTo: ServerId; at: EpochMs }): Promise<Watermark>;

  /** Users with a log, in order of their id, after `after` (exclusive; "" for the first page). */
  usersWithOps(page: { after: UserId; limit: number }): Promise<readonly UserId[]>;

  /** Tells every process, this one too, after the commit; dropped with a rollback. */
  announce(announcement: Announcement): Promise<void>;
}

/** Where announcements arrive.  Source: WF-WS-4. */
export interface Fanout {
  /** Calls `onAnnouncement` in commit order, and `onGap` when some may have been missed (the listening connection was
   *  lost and is back). Ends with `close`. */
  listen(handlers: {
    onAnnouncement(announcement: Announcement): void;
    onGap(): void;
  }): Promise<{ close(): Promise<void> }>;
}

/** Time as the server sees it. */
export interface Clock {
  /** Units: milliseconds since the epoch. */
  now(): EpochMs;
  /** Runs `run` once after `delayMs`, unless cancelled before. */
  after(delayMs: number, run: () => void | Promise<void>): Timer;
}

export interface Timer {
  cancel(): void;
}

/** Reads a bearer token. Signature, `exp`, `nbf` and `iat` are judged here; what the claims mean is the core's.
 *  Errors: `KeysUnavailable` when the token could not be judged.  Source: WF-AUTH-1. */
export interface TokenVerifier {
  verify(token: string): Promise<TokenVerdict>;
  /** The time that `expiresAt` is compared with. An operator who moves the server's clock makes devices stale and no
   *  token old, so this is not `Clock.now`.  Source: certification.md section 2. */
  now(): EpochMs;
}

/** `expiresAt` closes a socket in time (4401). `deviceId` is the claim `device_id`; null counts as absent.
 *  Units: milliseconds since the epoch. */
export type TokenVerdict =
  | {
      readonly valid: true;
      readonly user: UserId;
      readonly deviceId: string | undefined;
      readonly expiresAt: EpochMs;
    }
  | { readonly valid: false; readonly reason: string };

/** The server's end of a socket. */
export interface ServerSocket {
  /** Hands a frame to the wire. Never waits; `pendingFrames` tells how far the peer lags. */
  send(frame: unknown): void;
  /** Frames handed over and not yet taken by the peer, or 0 where nobody knows. */
  pendingFrames(): number;
  ping(): void;
  close(code: number, reason: string): void;
}

/** The connection went before the COMMIT was sent: nothing happened. */
export class SessionLost extends Error {
  readonly code = "session_lost";
  override readonly name = "SessionLost";
}

/** The connection went while the COMMIT was under way: it may have happened. */
export class CommitUnknown extends Error {
  readonly code = "commit_unknown";
  override readonly name = "CommitUnknown";
}

/** The database refused a statement. `sqlstate` is its five characters. */
export class StatementFailed extends Error {
  readonly code = "statement_failed";
  override readonly name = "StatementFailed";
  readonly sqlstate: string;
  constructor(sqlstate: string, message: string) {
    super(`${sqlstate}: ${message}`);
    this.sqlstate = sqlstate;
  }
}

/** The keys that tokens are judged by are out of reach: the token may be good. */
export class KeysUnavailable extends Error {
  readonly code = "keys_unavailable";
  override readonly name = "KeysUnavailable";
}
