// All that a device can say about itself, as plain data.
import type { DeviceId, LamportTs, ServerId, UserId } from "../../protocol/waveflow/types.ts";
import type { DeviceStore } from "./device-store.ts";
import type { Mode } from "./modes.ts";

export interface DeviceStatus {
  readonly deviceId: DeviceId;
  readonly userId: UserId;
  readonly server: string;
  readonly isSignedIn: boolean;
  readonly mode: Mode;
  readonly cursor: ServerId;
  readonly acknowledged: ServerId;
  readonly lamport: LamportTs;
  readonly pending: number;
  /** Of the pending ones, those made in mode `local` and not shared yet. */
  readonly unshared: number;
  /** Taken by the server and not yet seen in the log. */
  readonly accepted: number;
  readonly deadLetters: number;
  readonly parked: number;
  readonly resyncDue: boolean;
  readonly isLive: boolean;
  /** Why nothing is sent any more until mode, token or account change. */
  readonly halted?: string;
  /** The last failure of the disk that nobody waited for. */
  readonly diskFault?: string;
}

/** The snapshot; `live` is what memory alone knows. */
export function describeDevice(
  store: DeviceStore,
  live: {
    acknowledged: ServerId;
    isLive: boolean;
    halted: string | undefined;
    diskFault: string | undefined;
  },
): DeviceStatus {
  const { account, deviceId, mode } = store;
  const { user, server, token, cursor, lamport, resyncDue } = account.settings;
  return {
    deviceId,
    userId: user,
    server,
    isSignedIn: token !== "",
    mode,
    cursor,
    acknowledged: live.acknowledged,
    lamport,
    pending: account.queue.countPending(),
    unshared: account.queue.countUnshared(),
    accepted: account.accepted.edits().length,
    deadLetters: account.countDead(),
    parked: account.countParked(),
    resyncDue,
    isLive: live.isLive,
    ...(live.halted === undefined ? {} : { halted: live.halted }),
    ...(live.diskFault === undefined ? {} : { diskFault: live.diskFault }),
  };
}
