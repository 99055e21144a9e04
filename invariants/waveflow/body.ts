// What a law may read of a body that was never parsed.
import { isJsonObject } from "../../protocol/json.ts";

/** A whole number that a body has under this name. */
export function numberIn(body: unknown, member: string): number | undefined {
  if (!isJsonObject(body)) return undefined;
  const value = body[member];
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}
