// ACKs: only what has been applied durably, over the socket where one is open and has proven itself, else by POST.
// A frame has no answer, so only an answered POST is remembered durably.
import { errorBodySchemas } from "../../protocol/waveflow/messages.ts";
import type { DeviceContext } from "./context.ts";
import { Conversation, notAllowed } from "./conversation.ts";
import { isClosed } from "./gate.ts";
import type { AckOutcome } from "./outcomes.ts";
import { oweResync } from "./pull.ts";
import type { Subscriber } from "./subscriber.ts";

/** Tells the server the cursor, even if it has been told before: an ACK may die in the server's memory.
 *  Source: WF-ACK-1, WF-ACK-5, WF-DEV-9. */
export async function acknowledge(context: DeviceContext, subscriber: Subscriber): Promise<AckOutcome> {
  const session = context.gate.open("follow");
  const told = context.store.current?.settings.acknowledged ?? 0;
  const acknowledged = Math.max(told, subscriber.acknowledged);
  if (isClosed(session)) return { ...notAllowed(session.why), acknowledged };
  const { account } = session;
  const conversation = new Conversation(context, session);
  const { cursor } = account.settings;
  if (cursor === 0) return { ...conversation.ending("complete"), acknowledged };
  if (subscriber.sendAck(cursor)) {
    return { ...conversation.ending("complete"), acknowledged: cursor, via: "socket" };
  }
  const body = { last_seen_id: cursor };
  const reply = await conversation.ask({ method: "POST", path: "/sync/ack", body });
  if (reply?.status === 204) {
    await context.store.step(account, (step) => {
      if (cursor <= account.settings.cursor) account.set(step, { acknowledged: cursor });
    });
    return { ...conversation.ending("complete"), acknowledged: cursor, via: "post" };
  }
  const isBeyond = reply?.status === 422 && errorBodySchemas.ackBeyondHead.safeParse(reply.json).success;
  if (isBeyond) await oweResync(context, session);
  return { ...conversation.endingOf(reply), acknowledged, via: "post" };
}
