// Head is the highest committed id: it never falls, and is at or above every id that anybody was given.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { EventIndex } from "../history.ts";
import type { ServerId } from "../../protocol/waveflow/types.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Call, readHistory } from "./reading.ts";
import type { UserLog } from "./user-log.ts";

/** An answer that was had before a question was asked bounds the answer to it from below.
 *  Leaves out: questions with a restore of the server between them.
 *  Source: WF-PULL-4, WF-PULL-6, WF-PUSH-10. */
export const headNeverFalls: Law<WaveflowEvent> = {
  id: "head-never-falls",
  requirements: ["WF-PULL-4", "WF-PULL-6", "WF-PUSH-10", "WF-COMP-4"],
  promise: "Head never falls below an id, a head or a watermark that the server has told before.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    const known = new Map<UserLog, Known[]>();
    for (const call of reading.answers) {
      const { head } = call.reply!;
      let list = known.get(call.user);
      if (list === undefined) known.set(call.user, (list = []));
      const before = highestBefore(list, call);
      if (before !== undefined) tally.look();
      if (before !== undefined && head < before.id) {
        tally.contradict(
          [before.at, call.askedAt, call.answeredAt],
          () =>
            `Head of user ${call.user.name} had reached ${before.id}. ${call.actor} asked afterwards and was told that it is ${head}.`,
        );
      }
      const last = list.at(-1);
      if (last === undefined || last.era !== call.era || head > last.id) {
        list.push({ id: head, at: call.answeredAt, era: call.era });
      }
    }
    for (const log of reading.logs) {
      const before = highestBefore(known.get(log.user) ?? [], { askedAt: log.calmAt, era: log.era });
      if (before === undefined) continue;
      tally.look();
      if (log.finding.head >= before.id) continue;
      tally.contradict(
        [before.at, log.at],
        () =>
          `Head of user ${log.user.name} had reached ${before.id}. A reader who came later found ${log.finding.head}.`,
      );
    }
    return tally.verdict("nobody asked for a head twice");
  },
};

interface Known {
  readonly id: ServerId;
  readonly at: EventIndex;
  readonly era: number;
}

/** The list rises with its answers within an era, so the latest entry before the question is the highest. */
function highestBefore(list: readonly Known[], question: Pick<Call, "askedAt" | "era">): Known | undefined {
  for (let place = list.length - 1; place >= 0; place--) {
    const known = list[place]!;
    if (known.era !== question.era) {
      if (known.era < question.era) return undefined;
      continue;
    }
    if (known.at < question.askedAt) return known;
  }
  return undefined;
}
