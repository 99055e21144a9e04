// A user sees the server's state with the own pending edits on top.
import { jsonEqual, type JsonValue } from "../../protocol/json.ts";
import { entityKey } from "../../protocol/waveflow/fold.ts";
import type { OpContent, PushOp } from "../../protocol/waveflow/types.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { type DeviceFinding, readHistory, type Reading } from "./reading.ts";
import { noEra } from "./user-log.ts";
import { firstAbove } from "./reads.ts";
import { nameContent, nameValue } from "./words.ts";

/** Entities with edits that the server took and that have not come back yet are looked at only where a pending edit
 *  decides: the page lets a device show either, and so they are with dead letters.
 *  Source: WF-DEV-2, WF-DEV-7. */
export const editsStayVisible: Law<WaveflowEvent> = {
  id: "edits-stay-visible",
  requirements: ["WF-DEV-2", "WF-DEV-7"],
  promise: "A device shows the server's state with its pending edits on top.",
  judge(history) {
    const tally = new Tally();
    const reading = readHistory(history);
    for (const found of reading.deviceFindings) {
      tally.look();
      const layer = layPending(found.finding.pending);
      judgePending(found, layer, tally);
      judgeRest(found, { layer, unsettled: unsettledEntities(found, reading) }, tally);
    }
    return tally.verdict("no device was looked at");
  },
};

/** What the pending edits make of an entity. `isCleared`: one of them deletes it. */
interface Layered {
  isCleared: boolean;
  readonly fields: Map<string, PushOp>;
  lastDelete: PushOp | undefined;
}

function layPending(pending: readonly PushOp[]): ReadonlyMap<string, Layered> {
  const layer = new Map<string, Layered>();
  for (const op of pending) {
    const key = entityKey(op.entity_type, op.entity_id);
    let entity = layer.get(key);
    if (entity === undefined)
      layer.set(key, (entity = { isCleared: false, fields: new Map(), lastDelete: undefined }));
    if (op.op === "delete") {
      entity.isCleared = true;
      entity.lastDelete = op;
      entity.fields.clear();
    } else entity.fields.set(op.field ?? "", op);
  }
  return layer;
}

type Fields = Readonly<Record<string, JsonValue>>;

function judgePending(
  { finding, installation, at }: DeviceFinding,
  layer: ReadonlyMap<string, Layered>,
  tally: Tally,
): void {
  const madeAt = (op: PushOp): number => installation.user.operation(op.operation_id).editedAt;
  for (const [key, { isCleared, fields, lastDelete }] of layer) {
    const shown: Fields = finding.visible[key] ?? {};
    for (const [field, op] of fields) {
      const seen = Object.hasOwn(shown, field) ? shown[field] : undefined;
      if (seen !== undefined && jsonEqual(seen, op.value)) continue;
      tally.contradict(
        [madeAt(op), at],
        () =>
          `${installation.actor} has ${nameContent(op)} in its queue. Its user sees ${nameValue(seen)} there.`,
      );
    }
    if (!isCleared) continue;
    const left = Object.keys(shown).find((field) => !fields.has(field));
    if (left === undefined) continue;
    tally.contradict(
      [madeAt(lastDelete!), at],
      () =>
        `${installation.actor} has ${nameContent(lastDelete!)} in its queue. Its user still sees ${left} of it.`,
    );
  }
}

/** Where nothing is pending, what is seen is what the server has. */
function judgeRest(
  found: DeviceFinding,
  { layer, unsettled }: { layer: ReadonlyMap<string, Layered>; unsettled: ReadonlySet<string> },
  tally: Tally,
): void {
  const { finding, installation, at } = found;
  const { visible, confirmed } = finding;
  const differs = (key: string): void => {
    if (layer.has(key) && layer.get(key)!.isCleared) return;
    if (unsettled.has(key)) return;
    const field = differingField(visible[key] ?? {}, confirmed[key] ?? {}, layer.get(key));
    if (field === undefined) return;
    tally.contradict(
      [at],
      () =>
        `${installation.actor} holds ${nameValue(confirmed[key]?.[field])} as the server's ${field} of ${key} and has no edit of it waiting. Its user sees ${nameValue(visible[key]?.[field])}.`,
    );
  };
  for (const key of Object.keys(confirmed)) differs(key);
  for (const key of Object.keys(visible)) if (!Object.hasOwn(confirmed, key)) differs(key);
}

function differingField(
  visible: Fields,
  confirmed: Fields,
  layered: Layered | undefined,
): string | undefined {
  if (visible === confirmed) return undefined;
  for (const field of Object.keys(confirmed)) {
    if (layered?.fields.has(field) === true) continue;
    if (!Object.hasOwn(visible, field)) return field;
    if (visible[field] !== confirmed[field] && !jsonEqual(visible[field], confirmed[field])) return field;
  }
  for (const field of Object.keys(visible)) {
    if (!Object.hasOwn(confirmed, field) && layered?.fields.has(field) !== true) return field;
  }
  return undefined;
}

/** Entities with own edits that were accepted above the cursor, in whichever history of the server, and with dead
 *  letters. */
function unsettledEntities(
  { installation, finding, at }: DeviceFinding,
  reading: Reading,
): ReadonlySet<string> {
  const { user, device } = installation;
  const entities = new Set<string>();
  const add = (content: OpContent | undefined): void => {
    if (content !== undefined) entities.add(entityKey(content.entity_type, content.entity_id));
  };
  for (const era of user.eras()) {
    const known = era.sorted();
    for (let place = firstAbove(known, finding.cursor); place < known.length; place++) {
      const { device: owner, content } = known[place]!;
      if (owner === undefined || owner === device) add(content);
    }
  }
  if (reading.restores.length > 0) {
    for (const { outcome, era, askedAt, device: owner, request } of reading.pushes) {
      if (outcome === "accepted" && era === noEra && askedAt < at && owner === device)
        request.ops.forEach(add);
    }
  }
  for (const operationId of finding.deadLetters) {
    const operation = user.find(operationId);
    const [placement] = operation?.placements ?? [];
    add(operation?.edit ?? placement?.call.request.ops[placement.index]);
  }
  return entities;
}
