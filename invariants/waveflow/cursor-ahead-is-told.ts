// A device that has seen more than the server has is told so: the server has lost history.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { type PullCall, readHistory } from "./reading.ts";
import { noEra } from "./user-log.ts";

/** Source: WF-PULL-7. */
export const cursorAheadIsTold: Law<WaveflowEvent> = {
  id: "cursor-ahead-is-told",
  requirements: ["WF-PULL-7"],
  promise: "A pull from above head is told cursor_ahead, and no other pull is.",
  judge(history) {
    const tally = new Tally();
    for (const call of readHistory(history).pulls) {
      if (call.outcome === "accepted") {
        const { since } = call.request;
        const { head } = call.reply!;
        if (since === 0) continue;
        tally.look();
        if (since <= head) continue;
        tally.contradict(
          [call.askedAt, call.answeredAt],
          () =>
            `${call.actor} pulled from ${since}, and head is ${head}: the server has lost what came after. It answered as if nothing were wrong.`,
        );
      } else if (call.type === "resync_required" && isCursorAhead(call.body)) judgeTold(call, tally);
    }
    return tally.verdict("no pull came from above 0");
  },
};

function judgeTold(call: PullCall, tally: Tally): void {
  tally.look();
  if (call.era === noEra) return;
  const { since } = call.request;
  const proof = call.user.era(call.era).heads.reachedBefore(since, call.askedAt);
  if (proof === undefined) return;
  tally.contradict(
    [proof.at, call.askedAt, call.answeredAt],
    () =>
      `Head of user ${call.user.name} had reached ${proof.value}. ${call.actor} pulled from ${since}, which is not above it, and was told that its cursor is ahead.`,
  );
}

const isCursorAhead = (body: unknown): boolean =>
  typeof body === "object" && body !== null && "reason" in body && body.reason === "cursor_ahead";
