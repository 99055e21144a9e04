// What a lawful device keeps through a crash, and what its user sees of it.
import { type FoldedState, foldLog } from "../../protocol/waveflow/fold.ts";
import type { LogOp, PushOp } from "../../protocol/waveflow/types.ts";

export interface Disk {
  readonly deviceId: string;
  user: string;
  cursor: number;
  lamport: number;
  queue: PushOp[];
  accepted: { id: number; op: PushOp }[];
  applied: LogOp[];
  dead: string[];
  resyncDue: boolean;
}

export const emptyDisk = (deviceId: string, user: string): Disk => ({
  deviceId,
  user,
  cursor: 0,
  lamport: 0,
  queue: [],
  accepted: [],
  applied: [],
  dead: [],
  resyncDue: false,
});

/** The server's state, what it took and has not sent back, and what waits. */
export function overlay({ applied, accepted, queue }: Disk): FoldedState {
  const above = 2 ** 40;
  return foldLog([
    ...applied,
    ...accepted.map(({ id, op }) => ({ ...op, id })),
    ...queue.map((op, index) => ({ ...op, id: above + index })),
  ]);
}
