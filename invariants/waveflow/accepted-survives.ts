// A 200 is a promise: what it lists is in the log as long as it decides anything.
import { rulesOfLoss } from "./causes.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";
import { nameContent, nameOperation } from "./words.ts";

/** Judged by the accounts of the log up to their head; head itself is held by `head-never-falls`.
 *  Leaves out: what is superseded, and what a restore of the server may have taken.
 *  Source: WF-PUSH-7, WF-PUSH-10, WF-COMP-2. */
export const acceptedSurvives: Law<WaveflowEvent> = {
  id: "accepted-survives",
  requirements: ["WF-PUSH-7", "WF-PUSH-10", "WF-COMP-2", "WF-COMP-3", "WF-COMP-5"],
  promise:
    "What was answered as accepted, or shown by a pull, stays in the log until something newer supersedes it.",
  judge(history) {
    const reading = readHistory(history);
    const { reads, users } = reading;
    const tally = new Tally();
    for (const read of reads) {
      if (read.kind !== "log") continue;
      tally.look(users.get(read.user.name)!.era(read.era).byId.size);
      for (const { stored, isExcused } of read.missing) {
        const knownAt = Math.min(stored.acceptedAt, stored.lastPulledAt < 0 ? Infinity : stored.readAt);
        if (isExcused || knownAt === Infinity || knownAt > read.answeredAt) continue;
        tally.contradict(
          [knownAt, read.answeredAt],
          () => {
            const name = `${nameOperation(stored.operation.operationId)} (${nameContent(stored.content)})`;
            const how =
              stored.acceptedAt === knownAt ? "was answered as accepted" : "was given out by a pull";
            return `${name} ${how} as id ${stored.id}. The log of user ${read.user.name} reaches to ${read.head} and has neither it nor anything newer in its place.`;
          },
          () => rulesOfLoss(reading, stored, read.answeredAt),
        );
      }
    }
    return tally.verdict("no operation was accepted before the log was read");
  },
};
