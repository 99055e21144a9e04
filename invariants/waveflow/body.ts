// What a law may read of a body that was never parsed.
import { isJsonObject } from "../../protocol/json.ts";
import { pushReplySchema } from "../../protocol/waveflow/messages.ts";

/** A whole number that a body has under this name. */
export function numberIn(body: unknown, member: string): number | undefined {
  if (!isJsonObject(body)) return undefined;
  const value = body[member];
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}

/** What a reply to a push names, whoever said it. */
export function operationsNamedIn(body: unknown): readonly string[] {
  const reply = pushReplySchema.safeParse(body);
  return reply.success ? reply.data.results.map(({ operation_id }) => operation_id) : [];
}
