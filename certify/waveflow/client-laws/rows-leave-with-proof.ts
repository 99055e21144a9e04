// No edit leaves a client's queue for nothing.
import { Tally } from "../../../invariants/tally.ts";
import type { Law } from "../../../invariants/verdict.ts";
import type { WaveflowEvent } from "../../../invariants/waveflow/events.ts";
import { readHistory, type Reading } from "../../../invariants/waveflow/reading.ts";
import { driverNote, operationsOf, ruleBetween, type Stays, staysOf } from "./installs.ts";

/** Whenever a client is looked at: the edits that it called done are at most those that still wait, those that it gave
 *  up where its person sees it, and those that the server has named to it. Which rule a missing row breaks is told by
 *  what happened last before it was gone.
 *  Leaves out: disks that were copied or put back.
 *  Source: WF-DEV-2, WF-DEV-3, WF-DEV-4; waveflow.md section 11, "Nothing lost". */
export const rowsLeaveWithProof: Law<WaveflowEvent> = {
  id: "rows-leave-with-proof",
  requirements: [
    "WF-DEV-2",
    "WF-DEV-3",
    "WF-DEV-4",
    "WF-DEV-5",
    "WF-DEV-6",
    "WF-DEV-9",
    "WF-DEV-11",
    "WF-DEV-13",
    "WF-DEV-14",
    "WF-DEV-15",
  ],
  promise: "Every edit that was called done waits, is shown as refused for good, or was named by the server.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    for (const stays of staysOf(reading)) judgeStays(stays, reading, tally);
    return tally.verdict("no client that made an edit was looked at");
  },
};

function judgeStays(stays: Stays, reading: Reading, tally: Tally): void {
  const named = operationsOf(stays)
    .map(({ toldAt }) => toldAt[stays.actorNumber] ?? Infinity)
    .sort((left, right) => left - right);
  let made = 0;
  let lastGoodAt = -1;
  for (const moment of stays.moments) {
    if (driverNote(moment, "made")?.isDone === true) made++;
    const shown = driverNote(moment, "shown");
    if (shown === undefined || made === 0) continue;
    const { at } = moment;
    tally.look();
    const told = named.filter((toldAt) => toldAt < at).length;
    const missing = made - told - shown.pending - shown.deadLetters;
    if (missing <= 0) {
      lastGoodAt = at;
      continue;
    }
    const since = lastGoodAt;
    tally.contradict(
      [since, at],
      () =>
        `${stays.actor} had called ${made} edits done, and the server had named ${told} of them to it. It shows ${shown.pending} waiting and ${shown.deadLetters} refused for good: ${missing} of them ${missing === 1 ? "is" : "are"} nowhere.`,
      [ruleBetween(stays, reading, { after: since, upTo: at })],
    );
    return;
  }
}
