// A page has everything in its range, whoever wrote it.
import { isCompactedDuring, rulesOfLoss } from "./causes.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { EventIndex } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory, type Reading } from "./reading.ts";
import type { Read } from "./reads.ts";
import type { Stored } from "./user-log.ts";
import { nameContent, nameOperation } from "./words.ts";

/** Leaves out what compaction may have taken: something newer that the reader could get supersedes it.
 *  Source: WF-PULL-1, WF-PULL-4. */
export const pullIsComplete: Law<WaveflowEvent> = {
  id: "pull-is-complete",
  requirements: ["WF-PUSH-7", "WF-PUSH-10", "WF-PULL-1", "WF-PULL-4", "WF-PULL-6", "WF-COMP-2", "WF-COMP-5"],
  promise: "A pull leaves out no operation of its range that was there, the caller's own included.",
  judge(history) {
    const tally = new Tally();
    const reading = readHistory(history);
    for (const read of reading.reads) {
      if (read.kind !== "page") continue;
      tally.look(read.ops.length > 0 || read.missing.length > 0 ? 1 : 0);
      if (!read.isDecisive) continue;
      for (const { stored, isExcused } of read.missing) {
        const knownAt = isExcused ? undefined : knownBefore(stored, read);
        if (knownAt === undefined) continue;
        tally.contradict(
          [knownAt, read.askedAt, read.answeredAt],
          () => {
            const name = `${nameOperation(stored.operation.operationId)} (${nameContent(stored.content)})`;
            return `${name} was there as id ${stored.id}, and nothing newer supersedes it. ${read.actor} pulled from ${read.since} up to ${read.upTo} and was not given it.`;
          },
          () => rulesOf(reading, stored, read),
        );
      }
    }
    return tally.verdict("no pull had anything to give");
  },
};

/** A page that is as full as it may be and calls itself the last ends too early. What a later reader finds was there, and
 *  left out; what nobody finds any more is lost. */
function rulesOf(reading: Reading, stored: Stored, read: Read): readonly string[] {
  const last = read.ops.at(-1)?.id ?? 0;
  const call = reading.pulls.find(({ askedAt }) => askedAt === read.askedAt);
  if (last > 0 && stored.id > last && read.ops.length === call?.request.limit) return ["WF-PULL-6"];
  if (isCompactedDuring(reading, read)) return ["WF-PULL-4"];
  const lastSeenAt = Math.max(stored.lastPulledAt, stored.lastLoggedAt);
  const isLost =
    lastSeenAt < read.answeredAt &&
    reading.reads.some(({ askedAt, kind }) => kind === "log" && askedAt > read.answeredAt);
  return isLost ? rulesOfLoss(reading, stored, read.answeredAt) : ["WF-PULL-1"];
}

/** When the operation was known to be visible, if that was before the read was asked for. */
export function knownBefore(stored: Stored, read: Read): EventIndex | undefined {
  const knownAt = Math.min(stored.acceptedAt, stored.readAt);
  return knownAt < read.askedAt ? knownAt : undefined;
}
