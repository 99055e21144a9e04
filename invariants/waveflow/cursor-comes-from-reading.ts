// The cursor is moved by what was read, forward, and never by the reply to a push.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import { highestGiven } from "./device-state.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Installation, readHistory, type Reading } from "./reading.ts";

/** Leaves out whether a cursor fell across a crash: a resync may have become durable unnoticed.
 *  Source: WF-DEV-9 ("The reply to a push never moves the cursor"). */
export const cursorComesFromReading: Law<WaveflowEvent> = {
  id: "cursor-comes-from-reading",
  requirements: ["WF-DEV-9", "WF-DEV-10"],
  promise: "A cursor stands no higher than what pulls and frames have brought, and falls only in a resync.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    for (const installation of reading.installations) judgeInstallation(installation, reading, tally);
    return tally.verdict("no device moved its cursor");
  },
};

function judgeInstallation({ actor, events: own }: Installation, reading: Reading, tally: Tally): void {
  const { events } = reading.history;
  let given = 0;
  let cursor = 0;
  let cursorAt = -1;
  for (const at of own) {
    const event = events[at]!;
    if (event.kind === "accepted" || event.kind === "frame")
      given = Math.max(given, highestGiven(reading, at));
    if (event.kind === "crash") cursor = 0;
    if (event.kind !== "noted" || event.note.kind !== "applied") continue;
    const { note } = event;
    tally.look();
    if (note.cursor > given) {
      const mostGiven = given;
      tally.contradict(
        [at],
        () =>
          `${actor} moved its cursor to ${note.cursor}. The highest id or head that a pull or frame had brought to it is ${mostGiven}.`,
      );
    }
    if (note.via !== "resync" && note.cursor < cursor) {
      const before = cursor;
      tally.contradict(
        [cursorAt, at],
        () => `${actor}'s cursor stood at ${before}. It was moved back to ${note.cursor} without a resync.`,
      );
    }
    cursor = note.cursor;
    cursorAt = at;
  }
}
