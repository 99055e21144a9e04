// The state that a log means: per register the op with the highest id wins, and a delete is a barrier.
// The device, the laws and the observers all fold with this, so they cannot disagree about what the rule is.
import type { JsonValue } from "../json.ts";
import type { LogOp, ServerId } from "./types.ts";

/** A register's value and the op that wrote it. */
export interface Register {
  readonly value: JsonValue;
  readonly id: ServerId;
}

/** One entity: its registers by field, and the id of the newest delete (0: never deleted).
 *  Fields at or below the barrier are gone.  Source: WF-STATE-1, WF-STATE-2. */
export interface EntityState {
  readonly deletedAt: ServerId;
  readonly registers: ReadonlyMap<string, Register>;
}

/** Entities by `entityKey`. An entity that was deleted and not written since is still here, with its barrier. */
export type FoldedState = Map<string, EntityState>;

/** What a person sees: entity key → field → value; deleted and empty entities are absent. Plain data, sorted by key. */
export type VisibleState = Readonly<Record<string, Readonly<Record<string, JsonValue>>>>;

/** `type/id`, with `/` and `%` inside the type escaped so that no two entities share a key. */
export const entityKey = (entityType: string, entityId: string): string =>
  plainType.test(entityType)
    ? `${entityType}/${entityId}`
    : `${entityType.replaceAll("%", "%25").replaceAll("/", "%2F")}/${entityId}`;

const plainType = /^[^%/]*$/u;

/** The way back from `entityKey`. */
export function entityKeyParts(key: string): { readonly entityType: string; readonly entityId: string } {
  const slash = key.indexOf("/");
  const entityType = key.slice(0, slash).replaceAll("%2F", "/").replaceAll("%25", "%");
  return { entityType, entityId: key.slice(slash + 1) };
}

/** The fields of an op that decide state. */
export type FoldableOp = Pick<LogOp, "id" | "entity_type" | "entity_id" | "op" | "field" | "value">;

/** The entity after one more op, in whatever order the ops come: an op below the barrier or below the register's
 *  present id changes nothing.  Source: WF-STATE-1, WF-STATE-2. */
export function applyToEntity(entity: EntityState | undefined, op: FoldableOp): EntityState {
  const before = entity ?? emptyEntity;
  if (op.op === "delete") {
    if (op.id <= before.deletedAt) return before;
    const registers = new Map<string, Register>();
    for (const [field, register] of before.registers) if (register.id > op.id) registers.set(field, register);
    return { deletedAt: op.id, registers };
  }
  const field = op.field ?? "";
  const present = before.registers.get(field);
  if (op.id <= before.deletedAt || (present !== undefined && op.id <= present.id)) return before;
  const registers = new Map(before.registers);
  registers.set(field, { value: op.value, id: op.id });
  return { deletedAt: before.deletedAt, registers };
}

const emptyEntity: EntityState = { deletedAt: 0, registers: new Map() };

/** Folds one op into the state, in place. */
export function applyToState(state: FoldedState, op: FoldableOp): void {
  const key = entityKey(op.entity_type, op.entity_id);
  state.set(key, applyToEntity(state.get(key), op));
}

/** The state of a whole log, in whatever order it is given.  Source: WF-STATE-1, WF-STATE-2. */
export function foldLog(ops: Iterable<FoldableOp>): FoldedState {
  const state: FoldedState = new Map();
  for (const op of ops) applyToState(state, op);
  return state;
}

/** What a person sees of a state. */
export function visibleState(state: ReadonlyMap<string, EntityState>): VisibleState {
  const visible: Record<string, Readonly<Record<string, JsonValue>>> = {};
  for (const key of [...state.keys()].sort()) {
    const { registers } = state.get(key)!;
    if (registers.size === 0) continue;
    visible[key] = visibleFields(registers);
  }
  return visible;
}

function visibleFields(registers: EntityState["registers"]): Readonly<Record<string, JsonValue>> {
  const names = [...registers.keys()].sort();
  // Entries are slow, and needed only where assigning would lose a field: one that is named `__proto__`.
  if (registers.has("__proto__"))
    return Object.fromEntries(names.map((name) => [name, registers.get(name)!.value]));
  const fields: Record<string, JsonValue> = {};
  for (const name of names) fields[name] = registers.get(name)!.value;
  return fields;
}
