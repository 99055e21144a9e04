// What an observer may watch. Never used for control: a device with and without observers does the same.
import type { LogOp, OperationId, PushOp, ServerId } from "../../protocol/waveflow/types.ts";

/** Called synchronously, after the durable step where there is one. */
export interface DeviceEvents {
  /** Durably made; in mode `server`, stored by the server. */
  edited?(op: PushOp): void;
  /** Durably applied, in order of the ids; what was set aside is not among them. */
  applied?(applied: { ops: readonly LogOp[]; cursor: ServerId; via: ApplyPath }): void;
  /** Left the queue: named by a reply to a push, or seen in a pull or frame. */
  dropped?(rows: readonly { operationId: OperationId; why: "pushed" | "seen" }[]): void;
  deadLettered?(op: PushOp, reason: string): void;
  /** Set aside. */
  parked?(op: UnusableOp, reason: string): void;
  restamped?(ops: readonly PushOp[]): void;
  /** Taken by the server, lost by it before they came back, and pending again. */
  putBack?(ops: readonly PushOp[]): void;
  resyncStarted?(): void;
  resynced?(cursor: ServerId): void;
}

/** How ops reached the device. */
export type ApplyPath = "pull" | "socket" | "resync";

/** An op that cannot be applied, as it came. Only the id is known to be one.  Source: WF-DEV-12. */
export type UnusableOp = { readonly id: ServerId } & { readonly [Member in keyof LogOp]?: unknown };
