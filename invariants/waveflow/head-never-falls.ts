// Head is the highest committed id: it never falls, and is at or above every id that anybody was given.
import { isCompacted, isTroubled, type Span } from "./causes.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory, type Reading } from "./reading.ts";
import type { UserLog } from "./user-log.ts";

/** An answer that was had before a question was asked bounds the answer to it from below.
 *  Leaves out: questions with a restore of the server between them.
 *  Source: WF-PULL-4, WF-PULL-6, WF-PUSH-10. */
export const headNeverFalls: Law<WaveflowEvent> = {
  id: "head-never-falls",
  requirements: ["WF-PULL-4", "WF-PULL-6", "WF-PUSH-10", "WF-COMP-4", "WF-AUTH-2"],
  promise: "Head never falls below an id, a head or a watermark that the server has told before.",
  judge(history) {
    const reading = readHistory(history);
    const { answers, logs } = reading;
    const tally = new Tally();
    for (const { user, era, actor, askedAt, answeredAt, reply } of answers) {
      const before = user.era(era).heads.before(askedAt);
      if (before === undefined) continue;
      tally.look();
      const { head } = reply!;
      if (head >= before.value) continue;
      tally.contradict(
        [before.at, askedAt, answeredAt],
        () =>
          `Head of user ${user.name} had reached ${before.value}. ${actor} asked afterwards and was told that it is ${head}.`,
        () => rulesOf(reading, user, { from: before.at, to: answeredAt }),
      );
    }
    for (const { user, era, calmAt, at, finding } of logs) {
      const before = user.era(era).heads.before(calmAt);
      if (before === undefined) continue;
      tally.look();
      if (finding.head >= before.value) continue;
      tally.contradict(
        [before.at, at],
        () =>
          `Head of user ${user.name} had reached ${before.value}. A reader who came later found ${finding.head}.`,
        () => rulesOf(reading, user, { from: before.at, to: at }),
      );
    }
    return tally.verdict("nobody asked for a head twice");
  },
};

/** What a push was answered for and nobody ever read, or what was lost with a process, was not there for good; what a job took counted into head all the same. */
function rulesOf(reading: Reading, user: UserLog, span: Span): readonly string[] {
  const push = reading.pushes.find(
    ({ answeredAt, outcome }) => answeredAt === span.from && outcome === "accepted",
  );
  const isLost = push?.operations.some(({ stored }) => stored[push.era]?.readAt === Infinity) === true;
  if (push !== undefined && isLost)
    return [namesSomebodyElse(reading.history.events[push.askedAt]!) ? "WF-AUTH-2" : "WF-PUSH-10"];
  if (isCompacted(reading, user, span)) return ["WF-PULL-6", "WF-COMP-4"];
  return [isTroubled(reading, span) ? "WF-PUSH-10" : "WF-PULL-6"];
}

/** A push by hand that says more than a push has to say, in its query or in headers of its own: it went to the log that
 *  this names.  Source: WF-AUTH-2. */
function namesSomebodyElse(event: WaveflowEvent): boolean {
  if (event.kind !== "invoked" || event.request.kind !== "raw") return false;
  const { path, sent } = event.request;
  const headers = Object.keys(sent?.headers ?? {}).map((name) => name.toLowerCase());
  return path.includes("?") || headers.some((name) => !plainHeaders.has(name));
}

const plainHeaders: ReadonlySet<string> = new Set(["authorization", "content-type", "x-device-id"]);
