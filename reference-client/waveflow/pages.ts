// Asks for a page of the log and reads it without trusting it. One op in a shape that we do not know must not cost the page, so the
// envelope is parsed apart from the ops and each op on its own.
import { isJsonObject, type JsonValue } from "../../protocol/json.ts";
import { errorBodySchemas, logOpSchema, pullReplySchema } from "../../protocol/waveflow/messages.ts";
import type { LogOp, ServerId } from "../../protocol/waveflow/types.ts";
import type { Conversation, Reply } from "./conversation.ts";
import type { UnusableOp } from "./events.ts";

/** An op that can be applied, or one to set aside and why. */
export type ReceivedOp =
  | { readonly id: ServerId; readonly usable: LogOp }
  | { readonly id: ServerId; readonly unusable: UnusableOp; readonly reason: string };

export interface Page {
  readonly ops: readonly ReceivedOp[];
  readonly head: ServerId;
  readonly hasMore: boolean;
  /** The cursor once the page is applied: its last op's id in the middle, head at the end.  Source: WF-PULL-6. */
  readonly cursor: ServerId;
  readonly resync: string | undefined;
}

/** One page of the log. `resync` is the token of the walk that it belongs to. */
export function askForPage(
  conversation: Conversation,
  page: { since: ServerId; limit: number; resync?: string | undefined },
): Promise<Reply | undefined> {
  const token = page.resync === undefined ? "" : `&resync=${encodeURIComponent(page.resync)}`;
  const path = `/sync/ops?since=${page.since}&limit=${page.limit}${token}`;
  return conversation.ask({ method: "GET", path });
}

/** Only the protocol's own 410 costs a whole walk; anybody can say "gone".  Source: WF-PULL-3, WF-PULL-7. */
export const asksForResync = (reply: Reply | undefined): boolean =>
  reply?.status === 410 && errorBodySchemas.resyncRequired.safeParse(reply.json).success;

/** The page, or why the body is none: ops out of order or not above `since`, a middle page that leads nowhere, a
 *  head below its own ops. */
export function readPage(body: unknown, since: ServerId): Page | { readonly fault: string } {
  if (!isJsonObject(body) || !Array.isArray(body["ops"])) return { fault: "a 200 that is no page" };
  const envelope = pullReplySchema.safeParse({ ...body, ops: [] });
  if (!envelope.success) return { fault: "a 200 that is no page" };
  const { head, has_more: hasMore, resync } = envelope.data;
  const ops: ReceivedOp[] = [];
  let last = since;
  for (const raw of body["ops"] as readonly JsonValue[]) {
    const op = readOp(raw);
    if (op === undefined) return { fault: "a page with an op that has no id" };
    if (op.id <= last) return { fault: `a page with id ${op.id} after ${last}` };
    last = op.id;
    ops.push(op);
  }
  if (hasMore && ops.length === 0) return { fault: "a page that is empty and says that there is more" };
  if (!hasMore && ops.length > 0 && head < last)
    return { fault: `a page with id ${last} above its head ${head}` };
  return { ops, head, hasMore, cursor: hasMore ? last : head, resync };
}

/** One op as it came; `undefined` where it has no id.  Source: WF-DEV-12. */
export function readOp(raw: unknown): ReceivedOp | undefined {
  const parsed = logOpSchema.safeParse(raw);
  if (parsed.success) {
    const { id, op, field } = parsed.data;
    if (op === "delete") return { id, usable: { ...parsed.data, op, field: null, value: null } };
    if (op === "upsert" && field !== null) return { id, usable: parsed.data as LogOp };
    const reason = op === "upsert" ? "an upsert without a field" : `an unknown op: ${op.slice(0, 64)}`;
    return { id, unusable: raw as UnusableOp, reason };
  }
  if (!isJsonObject(raw) || !Number.isSafeInteger(raw["id"]) || (raw["id"] as number) < 1) return undefined;
  const path = parsed.error.issues[0]?.path.join(".") ?? "";
  const unusable = raw as unknown as UnusableOp;
  return { id: unusable.id, unusable, reason: `an unknown shape: ${path}` };
}
