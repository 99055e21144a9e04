// A client with nothing of its own on top shows what the log says.
import { Tally } from "../../../invariants/tally.ts";
import type { Law } from "../../../invariants/verdict.ts";
import type { WaveflowEvent } from "../../../invariants/waveflow/events.ts";
import { readHistory, type Reading } from "../../../invariants/waveflow/reading.ts";
import { decidedAt, type Difference, findDifference } from "../../../invariants/waveflow/state-of.ts";
import type { EraLog } from "../../../invariants/waveflow/user-log.ts";
import { nameValue } from "../../../invariants/waveflow/words.ts";
import { jsonEqual } from "../../../protocol/json.ts";
import { entityKey } from "../../../protocol/waveflow/fold.ts";
import type { ServerId } from "../../../protocol/waveflow/types.ts";
import { driverNote, type Stays, staysOf } from "./installs.ts";

/** Judged whenever a client is looked at that has nothing waiting, nothing set aside and nothing refused; entities with
 *  own edits that were taken above its cursor are left out.
 *  Leaves out: runs in which the server was put back; and, from the first op that compaction took, everything but rest.
 *  Source: WF-STATE-1, WF-STATE-2, WF-DEV-7, WF-DEV-8, WF-DEV-9, WF-DEV-11. */
export const showsTheFold: Law<WaveflowEvent> = {
  id: "shows-the-fold",
  requirements: ["WF-STATE-1", "WF-STATE-2", "WF-DEV-8", "WF-DEV-9", "WF-DEV-11"],
  promise: "A client with nothing waiting shows the fold of every operation up to its cursor.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    if (reading.restores.length === 0)
      for (const stays of staysOf(reading)) judgeStays(stays, reading, tally);
    return tally.verdict("no client with nothing waiting was looked at");
  },
};

function judgeStays(stays: Stays, { history, upheavals }: Reading, tally: Tally): void {
  const { user, device } = stays.installations[0]!;
  const log = user.era(0);
  const compactedAt = history.events.findIndex((event) => event.kind === "compacted" && event.deleted > 0);
  const settledAt = upheavals.findLast((at) => history.events[at]!.kind === "settled") ?? Infinity;
  let cursor = 0;
  let hasWalked = false;
  for (const moment of stays.moments) {
    const { at, kind, call } = moment;
    if (kind === "page" && call?.request.kind === "pull" && call.request.since === 0)
      hasWalked ||= cursor > 0;
    const shown = driverNote(moment, "shown");
    cursor = shown?.cursor ?? cursor;
    if (shown === undefined || shown.pending + shown.deadLetters + shown.parked > 0) continue;
    if (compactedAt >= 0 && compactedAt < at && at < settledAt) continue;
    tally.look();
    const difference = findDifference(
      log.foldUpTo(shown.cursor),
      shown.visible,
      ownAbove(log, { device, cursor: shown.cursor }),
    );
    if (difference === undefined) continue;
    const { entity, field, expected, seen } = difference;
    tally.contradict(
      [decidedAt(log, difference), at],
      () =>
        `Everything up to ${shown.cursor}, where ${stays.actor}'s cursor stands, makes ${field} of ${entity} ${nameValue(expected)}. It has nothing waiting and shows ${nameValue(seen)}.`,
      [ruleOf(difference, { log, device, cursor: shown.cursor, hasWalked })],
    );
    return;
  }
}

function ownAbove(
  log: EraLog,
  { device, cursor }: { readonly device: string; readonly cursor: ServerId },
): ReadonlySet<string> {
  const entities = new Set<string>();
  for (const { id, device: owner, content } of log.sorted()) {
    if (id > cursor && (owner === undefined || owner === device))
      entities.add(entityKey(content.entity_type, content.entity_id));
  }
  return entities;
}

/** What a difference looks like tells how it came about. */
function ruleOf(
  { id, entity, field, seen }: Difference,
  about: {
    readonly log: EraLog;
    readonly device: string;
    readonly cursor: ServerId;
    readonly hasWalked: boolean;
  },
): string {
  const { log, device, cursor, hasWalked } = about;
  const ofEntity = log
    .sorted()
    .filter(
      ({ content, id: one }) => one <= cursor && entityKey(content.entity_type, content.entity_id) === entity,
    );
  const shown = ofEntity.findLast(
    ({ content }) =>
      content.op === "upsert" && content.field === field && jsonEqual(content.value, seen ?? null),
  );
  const barrier = ofEntity.findLast(({ content }) => content.op === "delete");
  if (seen !== undefined && barrier !== undefined && (shown?.id ?? 0) < barrier.id) return "WF-STATE-2";
  const decides = id === undefined ? undefined : log.byId.get(id);
  if (decides === undefined) return "WF-DEV-9";
  if (shown !== undefined && shown.lamport > decides.lamport) return "WF-STATE-1";
  if (decides.device === device) return "WF-DEV-8";
  return hasWalked && seen === undefined ? "WF-DEV-11" : "WF-DEV-9";
}
