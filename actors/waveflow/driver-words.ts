// What a driver is told, made from what a scenario says.
import type { JsonValue } from "../../protocol/json.ts";
import type { OpContent } from "../../protocol/waveflow/types.ts";

/** Arguments of a verb, as the vocabulary of the scenarios makes them. */
export type Args = Readonly<Record<string, unknown>>;

/** The entity of a line, as commands name it. */
export const namesOf = ({ entityType, entityId }: Args) => ({
  type: String(entityType),
  entity: String(entityId),
});

/** What an edit or delete says, as it will stand in an operation. */
export function contentOf(
  { entityType, entityId }: Args,
  what: { readonly op: "upsert" | "delete"; readonly field?: string; readonly value?: JsonValue },
): OpContent {
  const { op, field = null, value = null } = what;
  return { entity_type: String(entityType), entity_id: String(entityId), op, field, value };
}

export function timersOf(config: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const { drainIntervalMs, backoffFirstMs, backoffMaxMs, requestTimeoutMs } = config;
  return withoutHoles({ requestTimeoutMs, syncIntervalMs: drainIntervalMs, backoffFirstMs, backoffMaxMs });
}

export function sizesOf({ batchSize, pageSize }: Readonly<Record<string, number>>): object {
  const sizes = withoutHoles({ batchSize, pageSize });
  return Object.keys(sizes).length === 0 ? {} : { sizes };
}

export function withoutHoles<Value extends JsonValue>(
  members: Readonly<Record<string, Value | undefined>>,
): Readonly<Record<string, Value>> {
  const there = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(there) as Readonly<Record<string, Value>>;
}
