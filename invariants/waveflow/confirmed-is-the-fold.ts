// What a device holds as the server's state is the fold of everything up to its cursor.
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import { eraOfState, hasReadToTheEnd } from "./device-state.ts";
import type { WaveflowEvent } from "./events.ts";
import { type DeviceFinding, readHistory } from "./reading.ts";
import { decidedAt, findDifference, parkedEntities } from "./state-of.ts";
import { type EraLog, noEra } from "./user-log.ts";
import { nameValue } from "./words.ts";

/** Also in the middle of a run, and whatever compaction has taken meanwhile, from the first full read on. Entities with ops that the device has set
 *  aside are left out, and so is state from before a restore of the server.
 *  Source: WF-STATE-1, WF-STATE-2, WF-COMP-5, WF-DEV-8, WF-DEV-9, WF-DEV-11. */
export const confirmedIsTheFold: Law<WaveflowEvent> = {
  id: "confirmed-is-the-fold",
  requirements: ["WF-STATE-1", "WF-STATE-2", "WF-COMP-5", "WF-DEV-8", "WF-DEV-9", "WF-DEV-11", "WF-DEV-14"],
  promise: "What a device holds as the server's state is the fold of every operation up to its cursor.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    for (const found of reading.deviceFindings) {
      const era = eraOfState(reading, found.installation, found.at);
      if (era === noEra || era !== found.era) continue;
      if (!hasReadToTheEnd(reading, found.installation, found.at)) continue;
      tally.look();
      const log = found.installation.user.era(era);
      const difference = findDifference(
        log.foldUpTo(found.finding.cursor),
        found.finding.confirmed,
        exceptionsOf(found, log),
      );
      if (difference === undefined) continue;
      const { entity, field, expected, seen } = difference;
      tally.contradict(
        [decidedAt(log, difference), found.at],
        () =>
          `Everything up to ${found.finding.cursor}, where ${found.installation.actor}'s cursor stands, makes ${field} of ${entity} ${nameValue(expected)}. ${found.installation.actor} holds ${nameValue(seen)}.`,
      );
    }
    return tally.verdict("no device was looked at that had read to the end of one history of the server");
  },
};

function exceptionsOf({ finding }: DeviceFinding, log: EraLog): ReadonlySet<string> {
  if (finding.parked.length === 0) return none;
  const parked = new Set(finding.parked.map(uuidKey));
  return parkedEntities(log, (operationId) => parked.has(operationId));
}

const none: ReadonlySet<string> = new Set();
