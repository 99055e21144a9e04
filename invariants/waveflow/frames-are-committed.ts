// A frame shows what is stored, not what is about to be.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";
import { nameContent, nameOperation } from "./words.ts";

/** A read that was asked for after the frame has the op, or something newer in its place.
 *  Source: WF-PUSH-11, WF-WS-1. */
export const framesAreCommitted: Law<WaveflowEvent> = {
  id: "frames-are-committed",
  requirements: ["WF-PUSH-11", "WF-WS-1"],
  promise: "Every operation in a frame is in the log for whoever reads after it.",
  judge(history) {
    const { reads, users } = readHistory(history);
    const tally = new Tally();
    for (const user of users.values()) {
      for (const era of user.eras())
        for (const { framedAt } of era.sorted()) tally.look(framedAt < Infinity ? 1 : 0);
    }
    for (const read of reads) {
      if (!read.isDecisive) continue;
      for (const { stored, isExcused } of read.missing) {
        if (isExcused || stored.framedAt > read.askedAt) continue;
        tally.contradict([stored.framedAt, read.askedAt, read.answeredAt], () => {
          const name = `${nameOperation(stored.operation.operationId)} (${nameContent(stored.content)})`;
          return `A frame showed ${name} as id ${stored.id}. Whoever read the log after it, up to id ${read.upTo}, found neither it nor anything newer in its place.`;
        });
      }
    }
    return tally.verdict("no frame carried an operation");
  },
};
