// An ACK says what is durable, not what is about to be.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import { highestGiven } from "./device-state.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Installation, readHistory, type Reading } from "./reading.ts";

/** Leaves out: ACKs that a step of the scenario sends in a device's name; a device on a disk that was copied or put
 *  back, until its cursor is known. After a crash, what had been given to the device may be durable unnoticed.
 *  Source: WF-DEV-9 ("ACK only after it"), WF-ACK-1. */
export const ackBehindCursor: Law<WaveflowEvent> = {
  id: "ack-behind-cursor",
  requirements: ["WF-DEV-9", "WF-ACK-1"],
  promise: "A device acknowledges only what it has durably applied.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    for (const installation of reading.installations) judgeInstallation(installation, reading, tally);
    return tally.verdict("no device acknowledged anything");
  },
};

function judgeInstallation(
  { actor, isFresh, events: own }: Installation,
  reading: Reading,
  tally: Tally,
): void {
  const { events } = reading.history;
  let given = 0;
  let durable = isFresh ? 0 : Infinity;
  let durableAt = -1;
  for (const at of own) {
    const event = events[at]!;
    switch (event.kind) {
      case "accepted":
      case "frame":
        given = Math.max(given, highestGiven(reading, at));
        break;
      case "crash":
        durable = Math.max(durable, given);
        break;
      case "noted":
        if (event.note.kind !== "applied") break;
        durable = durable === Infinity ? event.note.cursor : Math.max(durable, event.note.cursor);
        durableAt = at;
        break;
      case "invoked": {
        const { request } = event;
        if (request.kind !== "ack" || request.scripted === true) break;
        tally.look();
        if (request.lastSeenId <= durable) break;
        const cursor = durable;
        tally.contradict(
          [durableAt, at],
          () =>
            `${actor} had durably applied everything up to ${cursor}. It acknowledged ${request.lastSeenId}, so that compaction may take what it does not have.`,
        );
        break;
      }
      default:
        break;
    }
  }
}
