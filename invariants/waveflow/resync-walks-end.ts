// A full read gets through: without a token, the second page of every resync is a 410 for ever.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { EventIndex } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";
import { type PullCall, readHistory } from "./reading.ts";
import type { UserLog } from "./user-log.ts";

/** The first page of a paged full read carries a token, and every later one repeats it; that of another user is as
 *  none. In the calm, where nothing new
 *  is there to be compacted for long, a device is not thrown out of its walk again and again. A job that deletes
 *  something after a walk has begun ends the walk.
 *  Source: WF-PULL-5, WF-COMP-8. */
export const resyncWalksEnd: Law<WaveflowEvent> = {
  id: "resync-walks-end",
  requirements: ["WF-PULL-5", "WF-COMP-8", "WF-DEV-11"],
  promise: "A full read from 0 gets to its end.",
  judge(history) {
    const { pulls } = readHistory(history);
    const tally = new Tally();
    judgeTokens(pulls, tally);
    judgeWalks(pulls, history.events, tally);
    const calmAt = history.events.findLastIndex((event) => event.kind === "calm");
    judgeThrownOut(pulls, calmAt < 0 ? Infinity : calmAt, tally);
    return tally.verdict("nobody read everything from 0 in more than one page");
  },
};

function judgeTokens(pulls: readonly PullCall[], tally: Tally): void {
  const givenTo = new Map<string, UserLog>();
  for (const { outcome, request, reply, user, actor, askedAt, answeredAt } of pulls) {
    if (outcome !== "accepted" || !reply!.has_more) continue;
    if (request.since !== 0) {
      if (request.resync === undefined || givenTo.get(request.resync) !== user) continue;
      tally.look();
      if (reply!.resync === request.resync) continue;
      tally.contradict(
        [askedAt, answeredAt],
        () =>
          `${actor} went on in its walk from ${request.since}, with its token, and was told that there is more. The page does not repeat the token, so that the next one may be refused for ever.`,
        ["WF-PULL-5"],
      );
      continue;
    }
    tally.look();
    if (reply!.resync !== undefined) {
      givenTo.set(reply!.resync, user);
      continue;
    }
    tally.contradict(
      [askedAt, answeredAt],
      () =>
        `${actor} began to read from 0 and was told that there is more. The page has no token, so that the next one may be refused for ever.`,
      ["WF-PULL-5"],
    );
  }
}

/** A page of a walk that was given after a job had deleted something of the user.  Source: WF-PULL-5. */
function judgeWalks(pulls: readonly PullCall[], events: readonly WaveflowEvent[], tally: Tally): void {
  const walks = pulls.filter(
    ({ request, outcome }) => request.resync !== undefined && outcome === "accepted",
  );
  for (const page of walks) {
    const { request, user, era, actor, askedAt, answeredAt } = page;
    if (request.since === 0 || era < 0) continue;
    const start = pulls.findLast(
      (one) =>
        one.outcome === "accepted" &&
        one.user === user &&
        one.era === era &&
        one.request.since === 0 &&
        one.reply!.resync === request.resync &&
        one.answeredAt < askedAt,
    );
    if (start === undefined) continue;
    tally.look();
    const jobAt = events.findIndex(
      (event, at) =>
        at > start.answeredAt &&
        at < askedAt &&
        event.kind === "compacted" &&
        event.user === user.name &&
        event.deleted > 0 &&
        event.begunAt !== undefined &&
        event.begunAt > events[start.answeredAt]!.at,
    );
    if (jobAt < 0) continue;
    tally.contradict(
      [start.answeredAt, jobAt, askedAt, answeredAt],
      () =>
        `${actor} began to read from 0, and then a job deleted ops of user ${user.name}. It was given the page from ${request.since} as if nothing had happened.`,
      ["WF-PULL-5"],
    );
  }
}

function judgeThrownOut(pulls: readonly PullCall[], calmAt: EventIndex, tally: Tally): void {
  const refusals = new Map<string, EventIndex[]>();
  for (const { outcome, type, request, actor, askedAt, answeredAt } of pulls) {
    if (askedAt < calmAt || request.since === 0 || request.resync === undefined || request.isByHand) continue;
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
