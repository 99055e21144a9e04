// A local edit: stamp, queue row and what the user sees in one durable step.
import type { OpContent } from "../../protocol/waveflow/types.ts";
import type { DeviceContext } from "./context.ts";
import { nextStamp, noStampLeft } from "./lamport-clock.ts";
import type { EditOutcome } from "./outcomes.ts";

/** Queues an edit. `undefined` where the mode turned to `server` before the step had its turn: there is no queue then.
 *  Errors: `DiskFailed`; then the edit was not made.  Source: WF-DEV-1, WF-DEV-2, WF-DEV-3. */
export async function queueEdit(
  context: DeviceContext,
  content: OpContent,
): Promise<EditOutcome | undefined> {
  const { store, events } = context;
  const { account } = store;
  const made = await store.step(account, (step): EditOutcome | "mode server" => {
    if (store.mode === "server") return "mode server";
    const { lamport } = account.settings;
    const stamp = nextStamp(lamport);
    if (stamp === undefined) return { refused: "clock_exhausted", why: noStampLeft };
    const op = account.queue.enqueue(step, { content, stamp, unshared: store.mode === "local" });
    account.set(step, { lamport: stamp });
    step.afterwards(() => events.edited?.(op));
    return op;
  });
  if (made === "mode server") return undefined;
  return made ?? { refused: "interrupted", why: "the account changed before the edit was made" };
}

/** Why the edit is none, or `undefined`. Only what could not even be kept: what a server thinks of it, it may say
 *  itself, and the edit is then a dead letter that the user can see. */
export function whyInvalid(content: OpContent): string | undefined {
  if (content.value === undefined) return "expected a JSON value";
  if (content.entity_type === "" || content.entity_id === "")
    return "expected an entity type and an entity id";
  return content.field === "" ? "expected a field" : undefined;
}
