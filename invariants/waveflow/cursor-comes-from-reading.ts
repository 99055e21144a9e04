// The cursor is moved by what was read, forward, and never by the reply to a push.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Installation, noteOf, readHistory } from "./reading.ts";

/** Leaves out whether a cursor fell across a crash: a resync may have become durable unnoticed.
 *  Source: WF-DEV-9 ("The reply to a push never moves the cursor"). */
export const cursorComesFromReading: Law<WaveflowEvent> = {
  id: "cursor-comes-from-reading",
  requirements: ["WF-DEV-9", "WF-DEV-10"],
  promise: "A cursor stands no higher than what pulls and frames have brought, and falls only in a resync.",
  judge(history) {
    const tally = new Tally();
    for (const installation of readHistory(history).installations) judgeInstallation(installation, tally);
    return tally.verdict("no device moved its cursor");
  },
};

function judgeInstallation({ actor, moments }: Installation, tally: Tally): void {
  let cursor = 0;
  let cursorAt = -1;
  for (const moment of moments) {
    if (moment.kind === "crash") cursor = 0;
    const applied = noteOf(moment, "applied");
    if (applied === undefined) continue;
    const { at, given } = moment;
    tally.look();
    if (applied.cursor > given) {
      tally.contradict(
        [at],
        () =>
          `${actor} moved its cursor to ${applied.cursor}. The highest id or head that a pull or frame had brought to it is ${given}.`,
      );
    }
    if (applied.via !== "resync" && applied.cursor < cursor) {
      const before = cursor;
      tally.contradict(
        [cursorAt, at],
        () =>
          `${actor}'s cursor stood at ${before}. It was moved back to ${applied.cursor} without a resync.`,
      );
    }
    cursor = applied.cursor;
    cursorAt = at;
  }
}
