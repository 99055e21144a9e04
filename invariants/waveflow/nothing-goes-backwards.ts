// What a person has seen is not taken back by something older.
import { jsonEqual, type JsonValue } from "../../protocol/json.ts";
import { entityKey, entityKeyParts, type VisibleState } from "../../protocol/waveflow/fold.ts";
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { OpContent, PushOp, ServerId } from "../../protocol/waveflow/types.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import { eraOfState, hasReadToTheEnd } from "./device-state.ts";
import type { WaveflowEvent } from "./events.ts";
import { type DeviceFinding, type Installation, readHistory, type Reading } from "./reading.ts";
import { type EraLog, noEra } from "./user-log.ts";
import { nameValue } from "./words.ts";

/** Compares each look at a device with the look before, on the same disk, under the same account and in the same
 *  history of the server. The value of a register is known by the op that wrote it; where several ops wrote the same
 *  value, the reading that accuses nobody is taken. A field that is gone must have been deleted by somebody.
 *  Leaves out: registers that an edit waits for in the later look (it stands on top, and may be withdrawn by a refusal);
 *  edits that no log ever had, or that were refused here and stored by a copy of the disk; devices that have set ops
 *  aside; own edits that a first read has passed without showing them, because what they were compacted away for is on
 *  a page that is still to come.
 *  Source: WF-STATE-1 and WF-DEV-9 together: ids only rise, and a cursor only moves on. */
export const nothingGoesBackwards: Law<WaveflowEvent> = {
  id: "nothing-goes-backwards",
  requirements: ["WF-STATE-1", "WF-DEV-7", "WF-DEV-9", "WF-DEV-11"],
  promise: "A device that has shown the value of one operation never shows that of an older one again.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    const before = new Map<Installation, DeviceFinding>();
    for (const found of reading.deviceFindings) {
      const { installation, era, at, finding } = found;
      const last = before.get(installation);
      before.set(installation, found);
      if (last === undefined || last.era !== era) continue;
      if (finding.parked.length > 0 || last.finding.parked.length > 0) continue;
      if (last.finding.visible === finding.visible) continue;
      const isOfThisEra = eraOfState(reading, installation, last.at) === era;
      if (isOfThisEra && era !== noEra && eraOfState(reading, installation, at) === era)
        compareLooks(last, found, reading, tally);
    }
    return tally.verdict("no device was looked at twice");
  },
};

function compareLooks(first: DeviceFinding, second: DeviceFinding, reading: Reading, tally: Tally): void {
  const { installation } = second;
  const log = installation.user.era(second.era);
  tally.look();
  for (const { entity, field, was, is } of changes(first.finding.visible, second.finding.visible)) {
    if (isWritten(second.finding.pending, entity, field)) continue;
    const shown = shownId(first, log, { entity, field, value: was });
    if (shown === undefined) continue;
    const newest =
      is === undefined ? newestDelete(log, entity) : idsOf(log, { entity, field, value: is }).at(-1);
    if (newest === undefined ? is !== undefined : newest > shown) continue;
    if (isWithdrawn(first, second, { entity, field })) continue;
    const register = { entity, field, id: shown };
    if (is === undefined && isOnAPageToCome(first, second, register, reading)) continue;
    tally.contradict([first.at, second.at], () => {
      const since = newest === undefined ? "Nobody has deleted it" : `That is the state of id ${newest}`;
      return `${installation.actor} showed ${field} of ${entity} as ${nameValue(was)}, which is op ${shown}. Later it shows ${nameValue(is)} there. ${since}.`;
    });
  }
}

interface Change {
  readonly entity: string;
  readonly field: string;
  readonly was: JsonValue;
  readonly is: JsonValue | undefined;
}

/** Registers that had a value and have another one, or none. */
function* changes(before: VisibleState, after: VisibleState): Iterable<Change> {
  for (const entity in before) {
    const fields = before[entity]!;
    const now = after[entity];
    for (const field in fields) {
      const was = fields[field]!;
      const is = now !== undefined && Object.hasOwn(now, field) ? now[field] : undefined;
      if (is === undefined || !jsonEqual(was, is)) yield { entity, field, was, is };
    }
  }
}

/** What was shown then was an own edit on top of the state. The pages so far go beyond its id, and are not all. */
const isOnAPageToCome = (
  first: DeviceFinding,
  { installation, finding, at }: DeviceFinding,
  { entity, field, id }: Register & { readonly id: ServerId },
  reading: Reading,
): boolean =>
  id <= finding.cursor &&
  !Object.hasOwn(first.finding.confirmed[entity] ?? {}, field) &&
  !hasReadToTheEnd(reading, installation, at);

/** What was shown then was an edit that waited, and it has become a dead letter: whoever else has stored it. */
function isWithdrawn(first: DeviceFinding, { finding }: DeviceFinding, register: Register): boolean {
  if (finding.deadLetters.length === 0) return false;
  const shown = waitingEdit(first, register);
  return shown !== undefined && finding.deadLetters.some((id) => uuidKey(id) === uuidKey(shown.operation_id));
}

type Register = { readonly entity: string; readonly field: string };

/** The lowest id that the value may have had: an edit that waited then is known, everything else had an id. */
function shownId(
  { finding, installation }: DeviceFinding,
  log: EraLog,
  register: Register & { readonly value: JsonValue },
): ServerId | undefined {
  const waiting = waitingEdit({ finding }, register);
  if (waiting === undefined) return idsOf(log, register)[0];
  return installation.user.operation(waiting.operation_id).stored[log.era]?.id;
}

/** The pending edit that decides a register. */
const waitingEdit = (
  { finding }: Pick<DeviceFinding, "finding">,
  { entity, field }: Register,
): PushOp | undefined => finding.pending.findLast((op) => isWritten([op], entity, field));

const isWritten = (ops: readonly OpContent[], entity: string, field: string): boolean =>
  ops.some(
    ({ entity_type, entity_id, op, field: one }) =>
      entityKey(entity_type, entity_id) === entity && (op === "delete" || one === field),
  );

/** Of all ops that ever gave the register this value, rising. */
function idsOf(log: EraLog, { entity, field, value }: Register & { readonly value: JsonValue }): ServerId[] {
  const ids = log.entity(contentOf(entity))?.fields.get(field) ?? [];
  return ids
    .filter((id) => jsonEqual(log.byId.get(id)?.content.value ?? null, value))
    .sort((left, right) => left - right);
}

const newestDelete = (log: EraLog, entity: string): ServerId | undefined =>
  log
    .entity(contentOf(entity))
    ?.deletes.toSorted((left, right) => left - right)
    .at(-1);

function contentOf(entity: string): OpContent {
  const { entityType, entityId } = entityKeyParts(entity);
  return { entity_type: entityType, entity_id: entityId, op: "delete", field: null, value: null };
}
