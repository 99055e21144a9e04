// A full read gets through: without a token, the second page of every resync is a 410 for ever.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { EventIndex } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";
import { type PullCall, readHistory } from "./reading.ts";

/** The first page of a paged full read carries a token, and in the calm, where nothing new is there to be compacted
 *  for long, a device is not thrown out of its walk again and again.
 *  Source: WF-PULL-5, WF-COMP-8. */
export const resyncWalksEnd: Law<WaveflowEvent> = {
  id: "resync-walks-end",
  requirements: ["WF-PULL-5", "WF-COMP-8", "WF-DEV-11"],
  promise: "A full read from 0 gets to its end.",
  judge(history) {
    const { pulls } = readHistory(history);
    const tally = new Tally();
    judgeTokens(pulls, tally);
    const calmAt = history.events.findLastIndex((event) => event.kind === "calm");
    judgeThrownOut(pulls, calmAt < 0 ? Infinity : calmAt, tally);
    return tally.verdict("nobody read everything from 0 in more than one page");
  },
};

function judgeTokens(pulls: readonly PullCall[], tally: Tally): void {
  for (const { outcome, request, reply, actor, askedAt, answeredAt } of pulls) {
    if (outcome !== "accepted" || request.since !== 0 || !reply!.has_more) continue;
    tally.look();
    if (reply!.resync !== undefined) continue;
    tally.contradict(
      [askedAt, answeredAt],
      () =>
        `${actor} began to read from 0 and was told that there is more. The page has no token, so that the next one may be refused for ever.`,
    );
  }
}

function judgeThrownOut(pulls: readonly PullCall[], calmAt: EventIndex, tally: Tally): void {
  const refusals = new Map<string, EventIndex[]>();
  for (const { outcome, type, request, actor, askedAt, answeredAt } of pulls) {
    if (askedAt < calmAt || request.since === 0 || request.resync === undefined) continue;
    tally.look();
    if (outcome !== "refused" || type !== "resync_required") continue;
    const known = refusals.get(actor);
    if (known === undefined) refusals.set(actor, [answeredAt]);
    else known.push(answeredAt);
  }
  for (const [actor, events] of refusals) {
    if (events.length < thrownOutMax) continue;
    tally.contradict(
      events.slice(0, thrownOutMax),
      () =>
        `${actor} carried the token of its walk from page to page. It was sent back to the start ${events.length} times after the faults had stopped.`,
    );
  }
}

/** A compaction may throw a walk out once, and another for what the others have acknowledged since. */
const thrownOutMax = 4;
