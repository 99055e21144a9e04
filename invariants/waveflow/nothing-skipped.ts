// A cursor has nothing under it that was not applied.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { EventIndex } from "../history.ts";
import type { ServerId } from "../../protocol/waveflow/types.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { numberIn } from "./body.ts";
import { isCompacted } from "./causes.ts";
import { StateEra } from "./device-state.ts";
import type { WaveflowEvent, WaveflowNote } from "./events.ts";
import { type Installation, noteOf, type PullCall, readHistory, type Reading } from "./reading.ts";
import { firstAbove } from "./reads.ts";
import { type EraLog, noEra, type Stored } from "./user-log.ts";
import { nameContent } from "./words.ts";

/** Between the cursor before and the cursor after, every op of the user was applied in that step or set aside.
 *  Leaves out: what compaction may have taken before the device could get it; the step after a crash, as far as an
 *  earlier one may have become durable unnoticed; state from before a restore of the server.
 *  Source: WF-DEV-8, WF-DEV-9, WF-DEV-10, WF-DEV-12, WF-WS-2; waveflow.md section 11, "Nothing skipped". */
export const nothingSkipped: Law<WaveflowEvent> = {
  id: "nothing-skipped",
  requirements: [
    "WF-PUSH-9",
    "WF-PULL-1",
    "WF-COMP-2",
    "WF-COMP-5",
    "WF-WS-2",
    "WF-DEV-8",
    "WF-DEV-9",
    "WF-DEV-10",
    "WF-DEV-12",
  ],
  promise:
    "A device whose cursor stands at n has applied every operation of its user up to n that was not superseded.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    for (const installation of reading.installations) judgeInstallation(installation, reading, tally);
    return tally.verdict("no device moved its cursor");
  },
};

type Applied = Extract<WaveflowNote, { kind: "applied" }>;

function judgeInstallation(installation: Installation, reading: Reading, tally: Tally): void {
  const { actor, user, moments, isFresh } = installation;
  const state = new StateEra(reading, installation);
  let parked: ReadonlySet<ServerId> | undefined;
  let cursor: ServerId | undefined = isFresh ? 0 : undefined;
  let isMiddlePage = false;
  for (const moment of moments) {
    state.take(moment);
    if (moment.kind === "crash" && cursor !== undefined) cursor = Math.max(cursor, moment.given);
    if (moment.kind === "page") isMiddlePage = (moment.call as unknown as PullCall).reply!.has_more;
    const note = noteOf(moment, "applied");
    if (note === undefined) continue;
    const { at } = moment;
    const from = note.via === "resync" ? 0 : cursor;
    cursor = note.cursor;
    const era = state.at(at);
    if (from === undefined || era === noEra) continue;
    tally.look();
    parked ??= parkedIds(installation);
    const log = user.era(era);
    const isDecisive = note.via !== "pull" || !isMiddlePage || log.lastLogAt > at;
    const skipped = findSkipped({ note, from, at, parked, isDecisive }, log);
    if (skipped === undefined) continue;
    tally.contradict(
      [skipped.firstAt, at, Math.max(skipped.lastPulledAt, skipped.lastLoggedAt)],
      () =>
        `${actor} moved its cursor from ${from} to ${note.cursor} without applying op ${skipped.id}. Op ${skipped.id} (${nameContent(skipped.content)}) is in its user's log, and the device will never ask for it again.`,
      () => rulesOf({ skipped, from, at, via: note.via }, installation, reading),
    );
  }
}

/** What a job has taken that nothing supersedes, it should have left. What a page or a frame had brought to the device, the device has dropped. What no page had brought, the server had
 *  left out of it, or it was not there to be seen when the page was made. A frame that names a gap is asked after; one
 *  that names none has hidden it. */
function rulesOf(
  step: {
    readonly skipped: Stored;
    readonly from: ServerId;
    readonly at: EventIndex;
    readonly via: Applied["via"];
  },
  { actor, device, moments }: Installation,
  reading: Reading,
): readonly string[] {
  const { skipped, from, at, via } = step;
  const { frames } = reading;
  if (via === "socket") {
    const isHidden = frames.some(({ installation, at: framedAt, frame }) => {
      const id = isJsonObject(frame.op) ? numberIn(frame.op, "id") : undefined;
      const isMeant = installation.actor === actor && framedAt < at && id !== undefined && id > skipped.id;
      return isMeant && (numberIn(frame, "prev_id") ?? 0) < skipped.id;
    });
    return [isHidden ? "WF-WS-2" : "WF-DEV-10"];
  }
  const pages = moments.filter((moment) => moment.kind === "page" && moment.at < at);
  const replies = pages.map(({ call }) => call as unknown as PullCall);
  const page = replies.findLast(
    ({ request, reply }) => request.since < skipped.id && skipped.id <= reply!.head && request.since >= from,
  );
  const isGiven = page?.reply!.ops.some(({ id }) => id === skipped.id) === true;
  const { user } = skipped.operation;
  if (
    !isGiven &&
    page !== undefined &&
    isCompacted(reading, user, { from: skipped.firstAt, to: page.answeredAt })
  )
    return ["WF-COMP-2", "WF-COMP-5"];
  if (isGiven || page === undefined) return [skipped.device === device ? "WF-DEV-8" : "WF-DEV-9"];
  return [Math.min(skipped.acceptedAt, skipped.readAt) < page.askedAt ? "WF-PULL-1" : "WF-PUSH-9"];
}

function findSkipped(
  step: {
    readonly note: Applied;
    readonly from: ServerId;
    readonly at: EventIndex;
    readonly parked: ReadonlySet<ServerId>;
    /** Whatever supersedes an op is known: not so after a middle page of a history that was lost before anybody read it
     *  to the end. */
    readonly isDecisive: boolean;
  },
  log: EraLog,
): Stored | undefined {
  const { note, from, at, parked, isDecisive } = step;
  const known = log.sorted();
  let next = 0;
  for (let place = firstAbove(known, from); place < known.length; place++) {
    const stored = known[place]!;
    if (stored.id > note.cursor) return undefined;
    while (next < note.ops.length && note.ops[next]!.id < stored.id) next++;
    if (note.ops[next]?.id === stored.id || parked.has(stored.id)) continue;
    const isStillThere = stored.lastPullAskedAt > at || stored.lastLoggedAt > at;
    if (isStillThere || (isDecisive && log.superseder(stored, Infinity) === undefined)) return stored;
  }
  return undefined;
}

function parkedIds({ moments }: Installation): ReadonlySet<ServerId> {
  const parked = new Set<ServerId>();
  for (const moment of moments) {
    const note = noteOf(moment, "parked");
    if (note !== undefined) parked.add(note.id);
  }
  return parked;
}
