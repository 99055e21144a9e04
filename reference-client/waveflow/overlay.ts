// What the user sees: the server's state, then the edits that the server took and that are on their way back, each by
// its id, then the edits that wait, which stand above every id because theirs is yet to come.
import { applyToEntity, entityKey, type EntityState, type Register } from "../../protocol/waveflow/fold.ts";
import type { OpContent } from "../../protocol/waveflow/types.ts";
import type { AcceptedEdit } from "./accepted-edits.ts";

export interface Layers {
  readonly entities: ReadonlyMap<string, EntityState>;
  readonly accepted: Iterable<AcceptedEdit>;
  /** In the order in which they were made. */
  readonly pending: Iterable<{ readonly op: OpContent }>;
}

/** The layers folded into one state; the layers stay as they are.  Source: WF-DEV-7. */
export function overlay(layers: Layers): Map<string, EntityState> {
  const seen = new Map(layers.entities);
  for (const { op, id } of layers.accepted) {
    const key = entityKey(op.entity_type, op.entity_id);
    seen.set(key, applyToEntity(seen.get(key), { ...op, id }));
  }
  for (const { op } of layers.pending) {
    const key = entityKey(op.entity_type, op.entity_id);
    seen.set(key, writeOver(seen.get(key), op));
  }
  return seen;
}

function writeOver(entity: EntityState | undefined, op: OpContent): EntityState {
  const deletedAt = entity?.deletedAt ?? 0;
  if (op.op === "delete") return { deletedAt, registers: noRegisters };
  const registers = new Map(entity?.registers);
  registers.set(op.field ?? "", { value: op.value, id: deletedAt + 1 });
  return { deletedAt, registers };
}

const noRegisters: ReadonlyMap<string, Register> = new Map();
