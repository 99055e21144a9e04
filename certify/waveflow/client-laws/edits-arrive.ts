// What a person wrote is with the server in the end.
import { Tally } from "../../../invariants/tally.ts";
import type { Law } from "../../../invariants/verdict.ts";
import type { WaveflowEvent } from "../../../invariants/waveflow/events.ts";
import { readHistory, type Reading } from "../../../invariants/waveflow/reading.ts";
import type { Operation } from "../../../invariants/waveflow/user-log.ts";
import { nameContent } from "../../../invariants/waveflow/words.ts";
import type { EventIndex } from "../../../invariants/history.ts";
import type { OpContent } from "../../../protocol/waveflow/types.ts";
import { contentKey, driverNote, operationsOf, type Stays, staysOf } from "./installs.ts";

/** Judged by content, at rest, for a client that is connected and has nothing waiting: as often as its person wrote
 *  something, an operation that says it was stored, dead letters apart.
 *  Leaves out: disks that were copied or put back.
 *  Source: WF-DEV-3, WF-DEV-5; waveflow.md section 11, "Nothing lost". */
export const editsArrive: Law<WaveflowEvent> = {
  id: "edits-arrive",
  requirements: ["WF-DEV-2", "WF-DEV-3", "WF-DEV-4", "WF-DEV-5"],
  promise: "At rest, every edit that was called done has been stored under an operation of its own.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    for (const stays of staysOf(reading)) judgeStays(stays, reading, tally);
    return tally.verdict("nobody who had made an edit was looked at at rest");
  },
};

function judgeStays(stays: Stays, { upheavals, history }: Reading, tally: Tally): void {
  const settledAt = upheavals.findLast((at) => history.events[at]!.kind === "settled") ?? -1;
  const settled = history.events[settledAt];
  if (settled?.kind !== "settled" || !settled.quiet) return;
  const last = stays.moments.findLast((moment) => driverNote(moment, "shown") !== undefined);
  const shown = last === undefined ? undefined : driverNote(last, "shown");
  if (last === undefined || shown === undefined || last.at < settledAt) return;
  if (!shown.connected || shown.pending > 0) return;
  const stored = new Map<string, number>();
  for (const operation of operationsOf(stays)) {
    if (!wasStored(operation)) continue;
    const key = contentKey(pushedContent(operation, stays));
    stored.set(key, (stored.get(key) ?? 0) + 1);
  }
  let missing = 0;
  let first: { readonly content: OpContent; readonly at: EventIndex } | undefined;
  for (const moment of stays.moments) {
    const made = driverNote(moment, "made");
    if (made === undefined || !made.isDone) continue;
    tally.look();
    const key = contentKey(made.content);
    const left = stored.get(key) ?? 0;
    if (left > 0) stored.set(key, left - 1);
    else {
      missing++;
      first ??= { content: made.content, at: moment.at };
    }
  }
  if (missing <= shown.deadLetters || first === undefined) return;
  const { content, at } = first;
  tally.contradict(
    [at, last.at],
    () =>
      `${stays.actor} called ${nameContent(content)} done. It has nothing waiting, ${shown.deadLetters} edits refused for good, and no log ever had an operation of it that says so.`,
  );
}

const wasStored = ({ stored, toldAt }: Operation): boolean => stored.length > 0 || toldAt.length > 0;

function pushedContent({ placements }: Operation, { actor }: Stays): OpContent {
  const placement = placements.find(({ call }) => call.actor === actor)!;
  return placement.call.request.ops[placement.index]!;
}
