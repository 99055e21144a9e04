// No edit disappears.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { WaveflowEvent } from "./events.ts";
import { type DeviceFinding, type Installation, noteOf, readHistory } from "./reading.ts";
import type { Operation } from "./user-log.ts";
import { nameOp } from "./words.ts";

/** Every edit that a device has made on its present disk is in its queue, in its dead letters, or was in the log, where
 *  `accepted-survives` watches over it.
 *  Source: WF-DEV-2, WF-DEV-3, WF-DEV-4; waveflow.md section 11, "Nothing lost". */
export const nothingLost: Law<WaveflowEvent> = {
  id: "nothing-lost",
  requirements: [
    "WF-DEV-2",
    "WF-DEV-3",
    "WF-DEV-4",
    "WF-DEV-5",
    "WF-DEV-11",
    "WF-DEV-13",
    "WF-DEV-14",
    "WF-DEV-15",
  ],
  promise: "Every edit is in its device's queue, in its dead letters, or reached the log.",
  judge(history) {
    const tally = new Tally();
    const { deviceFindings, installations } = readHistory(history);
    const before = earlierStays(installations);
    for (const found of deviceFindings) {
      judgeFinding(found, found.installation, tally);
      for (const earlier of before.get(found.installation) ?? []) judgeFinding(found, earlier, tally);
    }
    return tally.verdict("no device that made an edit was looked at");
  },
};

/** An account that comes back to a disk finds what it had left there: the stays of each, newest first. A disk that was
 *  copied or put back begins anew. */
function earlierStays(
  installations: readonly Installation[],
): ReadonlyMap<Installation, readonly Installation[]> {
  const stays = new Map<Installation, readonly Installation[]>();
  const onDisk = new Map<string, Installation[]>();
  for (const installation of installations) {
    const { actor, user, device, server, isCopied } = installation;
    const disk = `${actor} ${device}`;
    const known = onDisk.get(disk) ?? [];
    const mine = isCopied ? [] : known.filter((one) => one.user === user && one.server === server);
    stays.set(installation, mine.toReversed());
    onDisk.set(disk, isCopied ? [installation] : [...known, installation]);
  }
  return stays;
}

function judgeFinding(
  { finding, at: foundAt }: DeviceFinding,
  installation: Installation,
  tally: Tally,
): void {
  let kept: Set<string> | undefined;
  for (const moment of installation.moments) {
    const { at, operation } = moment;
    if (at > foundAt) break;
    if (operation === undefined) continue;
    tally.look();
    if (wasStored(operation)) continue;
    kept ??= new Set([
      ...finding.pending.map(({ operation_id }) => uuidKey(operation_id)),
      ...finding.deadLetters.map(uuidKey),
    ]);
    if (kept.has(operation.operationId)) continue;
    tally.contradict(
      [at, foundAt],
      () =>
        `${installation.actor} made ${nameOp(noteOf(moment, "edited")!.op)}. It is neither in its queue nor in its dead letters, and no log ever had it.`,
    );
  }
}

/** In some era, or told of across a restore. */
const wasStored = ({ stored, toldAt }: Operation): boolean => stored.length > 0 || toldAt.length > 0;
