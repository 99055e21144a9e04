// When everybody has come to rest, everybody sees the same, and it is what all accepted ops together say.
import { isCompacted } from "./causes.ts";
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { Law } from "../verdict.ts";
import type { EventIndex } from "../history.ts";
import { Tally } from "../tally.ts";
import { eraOfState } from "./device-state.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Installation, readHistory, type Reading } from "./reading.ts";
import { decidedAt, type Difference, findDifference, parkedEntities } from "./state-of.ts";
import type { EraLog } from "./user-log.ts";
import { nameValue } from "./words.ts";

/** Judged for connected devices at rest, with nothing pending, whose cursor is the head of the log that was read with
 *  them; whether they get there is held by `it-ends`.
 *  Source: waveflow.md section 11, "Same everywhere"; WF-STATE-1, WF-STATE-2, WF-COMP-5, WF-DEV-7, WF-DEV-11. */
export const sameEverywhere: Law<WaveflowEvent> = {
  id: "same-everywhere",
  requirements: [
    "WF-STATE-1",
    "WF-STATE-2",
    "WF-COMP-5",
    "WF-WS-2",
    "WF-WS-4",
    "WF-DEV-7",
    "WF-DEV-8",
    "WF-DEV-11",
    "WF-DEV-12",
  ],
  promise:
    "At rest, every connected device shows the fold of every operation that its user ever had accepted.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    for (const { installation, finding, at, isAtRest, settledAt, era } of reading.deviceFindings) {
      if (!isAtRest || !finding.connected || finding.pending.length > 0) continue;
      const log = reading.logs.findLast(
        (one) => one.user === installation.user && one.settledAt === settledAt,
      );
      if (log === undefined || finding.cursor !== log.finding.head) continue;
      if (eraOfState(reading, installation, at) !== era) continue;
      tally.look();
      const parked = new Set(finding.parked.map(uuidKey));
      const except =
        parked.size === 0 ? parked : parkedEntities(installation.user.era(era), (id) => parked.has(id));
      const difference = findDifference(
        installation.user.era(era).foldUpTo(finding.cursor),
        finding.visible,
        except,
      );
      if (difference === undefined) continue;
      const { entity, field, expected, seen } = difference;
      tally.contradict(
        [decidedAt(installation.user.era(era), difference), log.at, at],
        () =>
          `Everything that user ${installation.user.name} ever had accepted makes ${field} of ${entity} ${nameValue(expected)}. ${installation.actor}, which has everything up to ${finding.cursor}, shows ${nameValue(seen)}.`,
        () => rulesOf({ log: installation.user.era(era), difference, installation, at }, reading),
      );
    }
    return tally.verdict("nobody was looked at who was connected and at rest");
  },
};

/** What the device was told and shows otherwise is a matter of the fold; what it was never told, compaction has taken or
 *  no socket has brought. */
function rulesOf(
  seen: {
    readonly log: EraLog;
    readonly difference: Difference;
    readonly installation: Installation;
    readonly at: EventIndex;
  },
  reading: Reading,
): readonly string[] {
  const { log, difference, installation, at } = seen;
  const decisive = difference.id === undefined ? undefined : log.byId.get(difference.id);
  const toldAt = decisive?.operation.toldAt[installation.actorNumber] ?? Infinity;
  if (toldAt < at) return ["WF-STATE-1", "WF-DEV-7", "WF-DEV-8", "WF-DEV-11", "WF-DEV-12"];
  if (isCompacted(reading, installation.user, { from: -1, to: at })) return ["WF-COMP-5"];
  if (decisive === undefined) return ["WF-STATE-2", "WF-DEV-7", "WF-DEV-11"];
  return (reading.history.settings?.processes ?? 1) > 1 ? ["WF-WS-2", "WF-WS-4"] : ["WF-WS-2"];
}
