// The guard against devices from before a compaction: 410 below the watermark, and only there.
import { isTroubled } from "./causes.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { type PullCall, readHistory, type Reading } from "./reading.ts";
import { noEra } from "./user-log.ts";
import { numberIn } from "./body.ts";
import { knownBefore } from "./pull-is-complete.ts";
import type { Read } from "./reads.ts";
import { nameContent } from "./words.ts";

/** The watermark is known as far as the server told it, in 410s and of compactions, and as far as ops are seen to be
 *  gone.
 *  Leaves out: pages of a resync, which have a token instead. What no page ever gave to the user is no token.
 *  Source: WF-PULL-3, WF-PULL-4, WF-PULL-5. */
export const guardIsExact: Law<WaveflowEvent> = {
  id: "guard-is-exact",
  requirements: ["WF-PULL-3", "WF-PULL-4", "WF-PULL-5", "WF-PULL-7", "WF-COMP-3"],
  promise: "A pull is sent to resync if it starts above 0 and below the watermark, and only then.",
  judge(history) {
    const reading = readHistory(history);
    const { pulls, reads } = reading;
    const tally = new Tally();
    for (const read of reads) judgeGap(read, tally);
    const given = new Set<string>();
    for (const { outcome, reply } of pulls) {
      if (outcome === "accepted" && reply!.resync !== undefined) given.add(reply!.resync);
    }
    for (const call of pulls) {
      if (call.outcome === "refused" && call.type === "resync_required") judgeRefusal(call, tally);
      else if (call.outcome === "accepted" && call.era !== noEra)
        judgePassed(call, { given, reading }, tally);
    }
    return tally.verdict("no pull met a watermark");
  },
};

function judgeRefusal(call: PullCall, tally: Tally): void {
  const { request, actor, body, askedAt, answeredAt } = call;
  const { since } = request;
  const reason = typeof body === "object" && body !== null && "reason" in body ? body.reason : undefined;
  const compactedUpTo = numberIn(body, "compacted_up_to");
  tally.look();
  if (since === 0) {
    tally.contradict(
      [askedAt, answeredAt],
      () => `${actor} pulled from 0, which begins anew and always passes. It was told to resync.`,
      [request.resync === undefined ? "WF-PULL-3" : "WF-PULL-5"],
    );
  } else if (compactedUpTo === undefined) {
    tally.contradict(
      [askedAt, answeredAt],
      () => `${actor} was told to resync. The answer does not say up to where the log was compacted.`,
      ["WF-PULL-3"],
    );
  } else if (reason !== "cursor_ahead" && request.resync === undefined && since >= compactedUpTo) {
    tally.contradict(
      [askedAt, answeredAt],
      () =>
        `${actor} pulled from ${since} and was told to resync. The same answer says that the log was compacted up to ${compactedUpTo}, which is not above it.`,
      () => [isAboveHead(call) ? "WF-PULL-7" : "WF-PULL-3"],
    );
  }
}

function judgePassed(
  call: PullCall,
  { given, reading }: { readonly given: ReadonlySet<string>; readonly reading: Reading },
  tally: Tally,
): void {
  const { since, resync } = call.request;
  if (since === 0 || (resync !== undefined && given.has(resync))) return;
  const watermark = call.user.era(call.era).watermarks.before(call.askedAt);
  if (watermark === undefined) return;
  tally.look();
  if (since >= watermark.value) return;
  tally.contradict(
    [watermark.at, call.askedAt, call.answeredAt],
    () =>
      `The log of user ${call.user.name} was compacted up to ${watermark.value}. ${call.actor} pulled from ${since} afterwards and was given a page, although ops above ${since} may be gone.`,
    () => {
      if (resync !== undefined) return ["WF-PULL-5"];
      const span = { from: call.askedAt, to: call.answeredAt };
      return [isTroubled(reading, span) ? "WF-PULL-4" : "WF-PULL-3"];
    },
  );
}

/** What had been there and is missing in a page was deleted, and then the watermark is not below it. */
function judgeGap(read: Read, tally: Tally): void {
  if (read.kind !== "page" || read.since === 0 || read.hasToken) return;
  for (const { stored, isExcused } of read.missing) {
    const knownAt = isExcused ? knownBefore(stored, read) : undefined;
    if (knownAt === undefined) continue;
    tally.look();
    tally.contradict(
      [knownAt, read.askedAt, read.answeredAt],
      () =>
        `Op ${stored.id} (${nameContent(stored.content)}) of user ${read.user.name} was there and has been compacted away. ${read.actor} pulled from ${read.since}, which is below it, and was given a page instead of being sent to resync.`,
      () => [isTold(read) ? "WF-PULL-3" : "WF-COMP-3"],
    );
  }
}

/** The server itself had told of a watermark above where the reader began: the guard has not looked at it. */
const isTold = ({ user, era, since, askedAt }: Read): boolean =>
  (user.era(era).watermarks.before(askedAt)?.value ?? 0) > since;

/** Where a server has lost history the refusal says so, by its reason.  Source: WF-PULL-7. */
const isAboveHead = ({ request, user, era, answeredAt }: PullCall): boolean =>
  era !== noEra && request.since > (user.era(era).heads.before(answeredAt)?.value ?? Infinity);
