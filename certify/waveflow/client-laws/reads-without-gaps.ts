// A client acknowledges, and goes on from, nothing that it was not given.
import { Tally } from "../../../invariants/tally.ts";
import type { Law } from "../../../invariants/verdict.ts";
import type { WaveflowEvent } from "../../../invariants/waveflow/events.ts";
import { type Installation, readHistory, type Reading } from "../../../invariants/waveflow/reading.ts";
import { Rising } from "../../../invariants/waveflow/user-log.ts";

/** What was given: every op of a page or frame, and the head of a page after which there is no more.
 *  Leaves out: disks that were copied or put back, runs in which the server was put back, and clients to whom somebody
 *  else answered in the server's stead.
 *  Source: WF-DEV-9 ("ACK only after it", "The reply to a push never moves the cursor"), WF-ACK-1. */
export const readsWithoutGaps: Law<WaveflowEvent> = {
  id: "reads-without-gaps",
  requirements: ["WF-DEV-9"],
  promise: "A client acknowledges and asks from no id above what pages and frames have brought to it.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    for (const installation of reading.installations) judgeInstallation(installation, reading, tally);
    return tally.verdict("no client acknowledged anything or asked from above 0");
  },
};

function judgeInstallation(installation: Installation, reading: Reading, tally: Tally): void {
  const { actor, isFresh, isCopied } = installation;
  if (!isFresh || isCopied || installation.given === Infinity || reading.restores.length > 0) return;
  const given = givenTo(installation, reading);
  for (const call of reading.calls) {
    if (call?.installation !== installation || call.request.isByHand === true) continue;
    const { request, askedAt } = call;
    const isAck = request.kind === "ack";
    const id = isAck ? request.lastSeenId : request.kind === "pull" ? request.since : 0;
    if (id === 0) continue;
    tally.look();
    const known = given.before(askedAt);
    if (id <= (known?.value ?? 0)) continue;
    tally.contradict(
      [known?.at ?? -1, askedAt],
      () =>
        `Pages and frames had brought ${actor} everything up to ${known?.value ?? 0}. It ${isAck ? "acknowledged" : "asked for what is above"} ${id}, so that it never gets what lies between.`,
    );
  }
}

function givenTo(installation: Installation, { pulls, frames }: Reading): Rising {
  const events: { readonly at: number; readonly id: number }[] = [];
  for (const { installation: of, outcome, reply, answeredAt, request } of pulls) {
    if (of !== installation || outcome !== "accepted" || reply === undefined || request.isByHand === true)
      continue;
    const last = reply.ops.at(-1)?.id ?? 0;
    events.push({ at: answeredAt, id: reply.has_more ? last : Math.max(last, reply.head) });
  }
  for (const { installation: of, at, type, frame } of frames) {
    const op = frame["op"] as { readonly id?: unknown } | undefined;
    if (of === installation && type === "op" && typeof op?.id === "number") events.push({ at, id: op.id });
  }
  const given = new Rising();
  for (const { at, id } of events.sort((left, right) => left.at - right.at)) given.add(id, at);
  return given;
}
