// What an operator may set. Everything else is the protocol's.
import { limits } from "../../protocol/waveflow/types.ts";

export interface ServerConfig {
  /** A device without contact for longer than this does not hold compaction back. Units: milliseconds. */
  readonly stalenessMs: number;
  /** How long an ACK may stay in memory only. Units: milliseconds. */
  readonly ackFlushIntervalMs: number;
  /** Ops on a page of a pull that names no limit. */
  readonly pullLimitDefault: number;
  /** Units: milliseconds. */
  readonly pingIntervalMs: number;
  /** How often the compaction job runs over all users; 0 turns it off. Units: milliseconds. */
  readonly compactionIntervalMs: number;
  /** Frames that a slow consumer may owe before its socket is closed with 1013. */
  readonly pendingFramesMax: number;
  /** Tries of a transaction that the database gives up on (deadlock, serialization failure). */
  readonly transactionTriesMax: number;
}

export const defaultServerConfig: ServerConfig = {
  stalenessMs: limits.stalenessMs,
  ackFlushIntervalMs: limits.ackFlushIntervalMs,
  pullLimitDefault: limits.pullLimitDefault,
  pingIntervalMs: limits.pingIntervalMs,
  compactionIntervalMs: 86_400_000,
  pendingFramesMax: 10_000,
  transactionTriesMax: 3,
};
