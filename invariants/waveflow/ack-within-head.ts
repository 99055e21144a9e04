// Nobody acknowledges what does not exist: one such ACK lets the watermark pass head, and every pull is a 410 then.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import type { EventIndex } from "../history.ts";
import { type AckCall, type PullCall, readHistory } from "./reading.ts";
import { noEra } from "./user-log.ts";
import { numberIn } from "./body.ts";

/** Head at the time of the ACK is at or below every head that is asked for later, and at or above every one before.
 *  Source: WF-ACK-3. */
export const ackWithinHead: Law<WaveflowEvent> = {
  id: "ack-within-head",
  requirements: ["WF-ACK-3"],
  promise: "An ACK above head is refused with the head, and no other ACK is.",
  judge(history) {
    const { acks, pulls } = readHistory(history);
    const tally = new Tally();
    for (const ack of acks) {
      if (ack.era === noEra || ack.request.via === "socket") continue;
      if (ack.outcome === "accepted") judgeAccepted(ack, pulls, tally);
      else if (ack.type === "ack_beyond_head") judgeRefused(ack, tally);
    }
    return tally.verdict("no ACK was answered");
  },
};

/** The first pull that was asked for later is enough: head only grows from there, which another law holds. */
function judgeAccepted(ack: AckCall, pulls: readonly PullCall[], tally: Tally): void {
  const { lastSeenId } = ack.request;
  tally.look();
  for (let place = firstAskedAfter(pulls, ack.answeredAt); place < pulls.length; place++) {
    const pull = pulls[place]!;
    if (pull.outcome !== "accepted" || pull.user !== ack.user) continue;
    if (pull.era !== ack.era) return;
    const { head } = pull.reply!;
    if (head >= lastSeenId) return;
    tally.contradict(
      [ack.askedAt, ack.answeredAt, pull.answeredAt],
      () => `${ack.actor} acknowledged ${lastSeenId}, and the server took it. Later head is only ${head}.`,
    );
    return;
  }
}

function firstAskedAfter(pulls: readonly PullCall[], at: EventIndex): number {
  let low = 0;
  let high = pulls.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pulls[middle]!.askedAt > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

function judgeRefused(ack: AckCall, tally: Tally): void {
  const { lastSeenId } = ack.request;
  tally.look();
  const head = numberIn(ack.body, "head");
  if (head === undefined || head >= lastSeenId) {
    const seen = head === undefined ? "no head" : `head ${head}`;
    tally.contradict(
      [ack.askedAt, ack.answeredAt],
      () => `${ack.actor}'s ACK of ${lastSeenId} was refused as above head. The answer names ${seen}.`,
    );
    return;
  }
  const proof = ack.user.era(ack.era).heads.reachedBefore(lastSeenId, ack.askedAt);
  if (proof === undefined) return;
  tally.contradict(
    [proof.at, ack.askedAt, ack.answeredAt],
    () =>
      `Head of user ${ack.user.name} had reached ${proof.value}. ${ack.actor}'s ACK of ${lastSeenId} was refused as above head.`,
  );
}
