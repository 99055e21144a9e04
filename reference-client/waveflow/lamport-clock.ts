// The device's counter as arithmetic. It lives in the durable state, so these are functions from one value to the
// next: a counter object that ticked before the disk had it would hand out a stamp twice after a crash.
import type { LamportTs } from "../../protocol/waveflow/types.ts";

/** The highest stamp there is.  Source: WF-DEV-1. */
export const lamportMax: LamportTs = Number.MAX_SAFE_INTEGER;

/** The stamp of the next edit; `undefined` when there is none left: it does not wrap.  Source: WF-DEV-1. */
export const nextStamp = (clock: LamportTs): LamportTs | undefined =>
  clock < lamportMax ? clock + 1 : undefined;

/** For a person to read. */
export const noStampLeft = `expected a stamp above ${lamportMax}, and there is none`;

/** The clock after an op was received. A stranger's stamp leaves it one above; its own, which it meets again after a
 *  restore from a backup, at least level. At the very top it stays there: an op of another device must not stop the
 *  pull, and the next edit is what gets refused.  Source: WF-DEV-1. */
export function clockAfterReceiving(
  clock: LamportTs,
  received: { stamp: LamportTs; isOwn: boolean },
): LamportTs {
  const highest = Math.max(clock, received.stamp);
  return received.isOwn ? highest : Math.min(highest + 1, lamportMax);
}
