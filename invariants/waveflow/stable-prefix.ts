// Below what a reader was given, nothing becomes visible any more: a sequence hands out numbers before commits happen,
// and a reader who has passed a number never looks there again.
import { isCompactedDuring } from "./causes.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";
import type { Read } from "./reads.ts";
import { knownBefore } from "./pull-is-complete.ts";
import type { Stored } from "./user-log.ts";
import { nameContent, nameOperation } from "./words.ts";

/** A read covers a range of ids; what is missing in it and seen elsewhere became visible later, unless compaction took
 *  it before. That is told apart by the order of the reads, or by there being nothing that supersedes it.
 *  Leaves out: what was accepted before the read, which is `pull-is-complete`.
 *  Source: WF-PUSH-9. */
export const stablePrefix: Law<WaveflowEvent> = {
  id: "stable-prefix",
  requirements: ["WF-PUSH-9", "WF-PULL-4"],
  promise:
    "Once a reader was given an id, no operation below it becomes visible that was not visible before.",
  judge(history) {
    const tally = new Tally();
    const reading = readHistory(history);
    for (const read of reading.reads) {
      tally.look(read.ops.length > 0 ? 1 : 0);
      for (const { stored, isExcused } of read.missing) {
        if (knownBefore(stored, read) !== undefined) continue;
        const laterAt = seenLater(stored, read, isExcused);
        if (laterAt === undefined) continue;
        tally.contradict(
          [read.askedAt, read.answeredAt, laterAt],
          () => {
            const name = `${nameOperation(stored.operation.operationId)} (${nameContent(stored.content)})`;
            return `${read.actor} was given everything up to id ${read.upTo}, without id ${stored.id}. Later ${name} is there as id ${stored.id}: it appeared behind a reader.`;
          },
          () => [isCompactedDuring(reading, read) ? "WF-PULL-4" : "WF-PUSH-9"],
        );
      }
    }
    return tally.verdict("nobody was given an operation");
  },
};

function seenLater(stored: Stored, read: Read, isExcused: boolean): number | undefined {
  if (stored.lastPullAskedAt > read.answeredAt) return stored.lastPulledAt;
  if (isExcused || !read.isDecisive) return undefined;
  const seenAt = Math.max(stored.lastPulledAt, stored.readAt === Infinity ? -1 : stored.readAt);
  return seenAt < 0 ? undefined : seenAt;
}
