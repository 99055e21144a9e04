// How explanations and stories name things, so that a reader meets one name for one thing everywhere.
import { isJsonObject, type JsonValue } from "../../protocol/json.ts";
import type { OpContent, OperationId } from "../../protocol/waveflow/types.ts";

/** An operation by the beginning of its id, which is enough within one run. */
export const nameOperation = (operationId: OperationId): string => `op ${operationId.slice(0, 8)}`;

/** What an op does: `title of song/1 := "A"`. */
export function nameContent(content: OpContent): string {
  const entity = `${content.entity_type}/${content.entity_id}`;
  if (content.op === "delete") return `delete of ${entity}`;
  return `${content.field ?? "?"} of ${entity} := ${nameValue(content.value)}`;
}

/** An operation with what it does. */
export const nameOp = (op: OpContent & { readonly operation_id: OperationId }): string =>
  `${nameOperation(op.operation_id)} (${nameContent(op)})`;

/** A value as JSON, cut where a line would get too long. */
export function nameValue(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length <= valueLengthMax ? text : `${text.slice(0, valueLengthMax - 1)}…`;
}

const valueLengthMax = 40;

/** Several things in a row, cut after a few. */
export function nameSome<Thing>(things: readonly Thing[], name: (thing: Thing) => string): string {
  const shown = things.slice(0, namedMax).map(name).join(", ");
  return things.length > namedMax ? `${shown} and ${things.length - namedMax} more` : shown;
}

const namedMax = 3;

/** A member of a body, for a sentence. */
export const nameMember = (body: unknown, member: string): string =>
  nameValue(isJsonObject(body) ? (body[member] as JsonValue | undefined) : undefined);
