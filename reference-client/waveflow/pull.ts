// A pull: page after page to the end, each page one durable step with its cursor. Where the server says that this
// device has slept too long, or has lost history itself, the whole state is read anew (walk.ts).
import type { ServerId } from "../../protocol/waveflow/types.ts";
import { applyDelivery } from "./apply.ts";
import type { DeviceContext } from "./context.ts";
import { Conversation, notAllowed } from "./conversation.ts";
import { isClosed, type Session } from "./gate.ts";
import type { PassOutcome, PullOutcome } from "./outcomes.ts";
import { askForPage, asksForResync, readPage, type Page } from "./pages.ts";
import { Walk } from "./walk.ts";

/** Pulls to the end.  Source: WF-DEV-9, WF-DEV-11. */
export function pull(context: DeviceContext): Promise<PullOutcome> {
  const session = context.gate.open("follow");
  if (isClosed(session)) return Promise.resolve({ ...notAllowed(session.why), applied: 0, resynced: false });
  return pullWith(context, new Conversation(context, session));
}

/** Pulls to the end within a pass that has begun. */
export async function pullWith(context: DeviceContext, conversation: Conversation): Promise<PullOutcome> {
  const { account } = conversation.session;
  let applied = 0;
  const end = (ending: PassOutcome): PullOutcome => ({ ...ending, applied, resynced: false });
  for (let pages = 0; pages < context.config.pagesMax; pages++) {
    if (!conversation.isOpen()) return end(conversation.ending("interrupted"));
    if (account.settings.resyncDue) return walkWith(context, conversation, applied);
    const since = account.settings.cursor;
    const reply = await askForPage(conversation, { since, limit: context.config.pageSize });
    if (reply?.status === 200) {
      const page = readPage(reply.json, since);
      if ("fault" in page) return end(conversation.ending("failed", page.fault));
      if (hasLostHistory(page, since)) await oweResync(context, conversation.session);
      else {
        applied += await applyPage(context, conversation.session, page);
        if (!page.hasMore) return end(conversation.ending("complete"));
      }
    } else if (asksForResync(reply)) await oweResync(context, conversation.session);
    else return end(conversation.endingOf(reply));
  }
  return end(conversation.ending("failed", "more pages than pagesMax"));
}

/** Durably, so that a crash before the walk does not forget it.  Source: WF-DEV-11. */
export async function oweResync(
  context: DeviceContext,
  { account }: Pick<Session, "account">,
): Promise<void> {
  await context.store.step(account, (step) => account.set(step, { resyncDue: true }));
}

/** A head below the cursor that was asked from: a 410 would have been due, and to stay would be to wait for ever. */
const hasLostHistory = (page: Page, since: ServerId): boolean => !page.hasMore && page.head < since;

async function applyPage(context: DeviceContext, { account }: Session, page: Page): Promise<number> {
  const { ops, cursor, hasMore } = page;
  const delivery = { ops, cursor, isHead: !hasMore, via: "pull" } as const;
  return (await context.store.step(account, (step) => applyDelivery(context, account, step, delivery))) ?? 0;
}

async function walkWith(
  context: DeviceContext,
  conversation: Conversation,
  applied: number,
): Promise<PullOutcome> {
  const walk = await new Walk(context, conversation).run();
  return { ...walk, applied: applied + walk.applied };
}
