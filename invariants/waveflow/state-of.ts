// States as the laws compare them: the fold of what is known of a log, against what a device shows.
import { jsonEqual, type JsonValue } from "../../protocol/json.ts";
import { entityKey, type FoldedState, type VisibleState } from "../../protocol/waveflow/fold.ts";
import type { ServerId } from "../../protocol/waveflow/types.ts";
import type { EventIndex } from "../history.ts";
import type { EraLog } from "./user-log.ts";

/** A register in which two states differ. `undefined`: not there. */
export interface Difference {
  readonly entity: string;
  readonly field: string;
  /** The op that makes it what is expected. */
  readonly id: ServerId | undefined;
  readonly expected: JsonValue | undefined;
  readonly seen: JsonValue | undefined;
}

/** The first difference between a fold and what is shown, entities in `except` left out. */
export function findDifference(
  expected: FoldedState,
  seen: VisibleState,
  except: ReadonlySet<string>,
): Difference | undefined {
  let entities = 0;
  for (const [entity, { registers }] of expected) {
    const fields = seen[entity];
    if (fields !== undefined) entities++;
    if (except.has(entity)) continue;
    for (const [field, { value, id }] of registers) {
      const shown = fields !== undefined && Object.hasOwn(fields, field) ? fields[field] : undefined;
      if (shown === value || (shown !== undefined && jsonEqual(shown, value))) continue;
      return { entity, field, id, expected: value, seen: shown };
    }
    if (fields === undefined || Object.keys(fields).length === registers.size) continue;
    for (const field of Object.keys(fields)) {
      if (!registers.has(field))
        return { entity, field, id: undefined, expected: undefined, seen: fields[field] };
    }
  }
  if (entities === Object.keys(seen).length) return undefined;
  for (const [entity, fields] of Object.entries(seen)) {
    if (except.has(entity) || expected.has(entity)) continue;
    for (const field of Object.keys(fields))
      return { entity, field, id: undefined, expected: undefined, seen: fields[field] };
  }
  return undefined;
}

/** Entities that ops wrote to which this device has set aside. */
export function parkedEntities(log: EraLog, isParked: (operationId: string) => boolean): ReadonlySet<string> {
  const entities = new Set<string>();
  for (const { operation, content } of log.sorted()) {
    if (isParked(operation.operationId)) entities.add(entityKey(content.entity_type, content.entity_id));
  }
  return entities;
}

/** Where the op that decides a difference was first seen; -1 for none. */
export const decidedAt = (log: EraLog, { id }: Difference): EventIndex =>
  id === undefined ? -1 : (log.byId.get(id)?.firstAt ?? -1);
