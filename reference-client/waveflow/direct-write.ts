// Mode `server`: an edit goes straight to the server and fails visibly without it. There is no queue row to come back
// to, so an edit without an answer is reported with its op: it may have been stored.
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { OpContent, PushOp } from "../../protocol/waveflow/types.ts";
import type { DeviceContext } from "./context.ts";
import { Conversation, notAllowed } from "./conversation.ts";
import { isClosed, type Session } from "./gate.ts";
import { nextStamp, noStampLeft } from "./lamport-clock.ts";
import { refusalOf, type EditOutcome } from "./outcomes.ts";
import type { Ids } from "./ports.ts";
import { push } from "./push.ts";

/** Stores one edit at the server.  Source: WF-DEV-13. */
export async function writeDirectly(
  context: DeviceContext,
  ids: Ids,
  content: OpContent,
): Promise<EditOutcome> {
  const session = context.gate.open("write");
  if (isClosed(session)) return refusalOf(notAllowed(session.why));
  const conversation = new Conversation(context, session);
  const operation_id = ids.uuid();
  let above = 0;
  let op: PushOp | undefined;
  for (let tries = 0; tries <= context.config.restampsMax; tries++) {
    const stamp = await takeStamp(context, session, above);
    if (stamp === "exhausted") return { refused: "clock_exhausted", why: noStampLeft };
    if (stamp === undefined || !conversation.isOpen())
      return refusalOf(conversation.ending("interrupted"), op);
    op = { operation_id, ...content, lamport_ts: stamp };
    const { reply, verdict } = await push(conversation, [op]);
    if (verdict.kind === "accepted") {
      await keepAccepted(context, session, op, verdict.ids.get(uuidKey(operation_id))!);
      return op;
    }
    if (verdict.kind !== "regressed") {
      return refusalOf(conversation.endingOf(reply), op);
    }
    above = verdict.storedMax;
  }
  return refusalOf(conversation.ending("failed", "no stamp is high enough"), op);
}

/** Durable before it is sent, so that no stamp is used for two ops. */
function takeStamp(
  { store }: DeviceContext,
  { account }: Session,
  above: number,
): Promise<number | "exhausted" | undefined> {
  return store.step(account, (step) => {
    const lamport = nextStamp(Math.max(account.settings.lamport, above));
    if (lamport === undefined) return "exhausted";
    account.set(step, { lamport });
    return lamport;
  });
}

/** The user sees the own write before the log brings it. */
async function keepAccepted(context: DeviceContext, session: Session, op: PushOp, id: number): Promise<void> {
  const { account } = session;
  await context.store.step(account, (step) => {
    if (id > account.settings.cursor)
      account.accepted.add(step, { number: account.queue.takeNumber(step), id, op });
    step.afterwards(() => context.events.edited?.(op));
  });
}
