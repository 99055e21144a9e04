// What the owner of a device may set. Everything else is the protocol's.
import { limits } from "../../protocol/waveflow/types.ts";

export interface DeviceConfig {
  /** With timers: drains after edits, syncs at the interval, keeps the socket open. Without: only what is called,
   *  except that an open socket is followed (a gap is pulled, a resync carried out). */
  readonly automatic: boolean;
  /** Whether an automatic device keeps a socket open. */
  readonly live: boolean;
  /** For the first start only; "" has one minted. What the disk holds wins. */
  readonly deviceId: string;
  /** For the first start only. */
  readonly mode: string;
  /** Edits per push. */
  readonly batchSize: number;
  /** Ops asked for per page. */
  readonly pageSize: number;
  /** Units: milliseconds. */
  readonly drainIntervalMs: number;
  readonly backoffFirstMs: number;
  readonly backoffMaxMs: number;
  /** Frames held while a pull runs; past it they are dropped and pulled. */
  readonly framesHeldMax: number;
  /** Times that one pass or one direct write takes new stamps before it counts as failed. */
  readonly restampsMax: number;
  /** Pages of one pull or one walk before it counts as failed. */
  readonly pagesMax: number;
  /** Drains that entering mode `server` tries while edits keep coming. */
  readonly entryTriesMax: number;
}

export const defaultDeviceConfig: DeviceConfig = {
  automatic: true,
  live: true,
  deviceId: "",
  mode: "hybrid",
  batchSize: limits.drainBatchSize,
  pageSize: limits.pullLimitDefault,
  drainIntervalMs: limits.drainIntervalMs,
  backoffFirstMs: limits.backoffFirstMs,
  backoffMaxMs: limits.backoffMaxMs,
  framesHeldMax: 10_000,
  restampsMax: 3,
  pagesMax: 1_000_000,
  entryTriesMax: 5,
};
