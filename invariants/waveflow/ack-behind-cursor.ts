// An ACK says what is durable, not what is about to be.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Installation, noteOf, readHistory } from "./reading.ts";

/** Leaves out: ACKs that a step of the scenario sends in a device's name; a device on a disk that was copied or put
 *  back, until its cursor is known. After a crash, what had been given to the device may be durable unnoticed.
 *  Source: WF-DEV-9 ("ACK only after it"), WF-ACK-1. */
export const ackBehindCursor: Law<WaveflowEvent> = {
  id: "ack-behind-cursor",
  requirements: ["WF-DEV-9", "WF-ACK-1"],
  promise: "A device acknowledges only what it has durably applied.",
  judge(history) {
    const tally = new Tally();
    for (const installation of readHistory(history).installations) judgeInstallation(installation, tally);
    return tally.verdict("no device acknowledged anything");
  },
};

function judgeInstallation({ actor, isFresh, moments }: Installation, tally: Tally): void {
  let durable = isFresh ? 0 : Infinity;
  let durableAt = -1;
  for (const moment of moments) {
    const { kind, at, given, call } = moment;
    if (kind === "crash") durable = Math.max(durable, given);
    const applied = noteOf(moment, "applied");
    if (applied !== undefined) {
      durable = durable === Infinity ? applied.cursor : Math.max(durable, applied.cursor);
      durableAt = at;
    }
    if (kind !== "ack" || call?.request.kind !== "ack") continue;
    const { lastSeenId } = call.request;
    tally.look();
    if (lastSeenId <= durable) continue;
    const cursor = durable;
    tally.contradict(
      [durableAt, at],
      () =>
        `${actor} had durably applied everything up to ${cursor}. It acknowledged ${lastSeenId}, so that compaction may take what it does not have.`,
    );
  }
}
