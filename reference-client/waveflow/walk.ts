// The way back of a device that slept past compaction: reads everything from 0 into a new state beside the present
// one and swaps it in, in one durable step with the new cursor. Queue, clock and device id stay. Until the swap the
// disk knows nothing of it, so a crash in the middle only means another walk.
import { applyToState, type FoldedState } from "../../protocol/waveflow/fold.ts";
import type { LogOp, OperationId, ServerId } from "../../protocol/waveflow/types.ts";
import type { ParkedOp } from "./account-state.ts";
import { observeStamp, operationIdOf, settleEdits } from "./apply.ts";
import type { DeviceContext } from "./context.ts";
import type { Conversation } from "./conversation.ts";
import type { PassOutcome, PullOutcome } from "./outcomes.ts";
import { askForPage, readPage, type Page } from "./pages.ts";

/** One walk.  Source: WF-PULL-5, WF-DEV-11. */
export class Walk {
  readonly #context: DeviceContext;
  readonly #conversation: Conversation;
  readonly #entities: FoldedState = new Map();
  readonly #parked: ParkedOp[] = [];
  readonly #ops: LogOp[] = [];
  readonly #seen: OperationId[] = [];
  #lamport = 0;

  constructor(context: DeviceContext, conversation: Conversation) {
    this.#context = context;
    this.#conversation = conversation;
  }

  /** A walk that does not get to its end changes nothing and stays owed; the next pull begins another one. */
  async run(): Promise<PullOutcome> {
    const { config, events } = this.#context;
    const conversation = this.#conversation;
    events.resyncStarted?.();
    let since = 0;
    let resync: string | undefined;
    for (let pages = 0; pages < config.pagesMax; pages++) {
      if (!conversation.isOpen()) return this.#end(conversation.ending("interrupted"), false);
      const reply = await askForPage(conversation, { since, limit: config.pageSize, resync });
      if (reply?.status !== 200) return this.#end(conversation.endingOf(reply), false);
      const page = readPage(reply.json, since);
      if ("fault" in page) return this.#end(conversation.ending("failed", page.fault), false);
      this.#take(page);
      if (!page.hasMore) {
        const swapped = await this.#swap(page.cursor);
        return this.#end(conversation.ending(swapped ? "complete" : "interrupted"), swapped);
      }
      since = page.cursor;
      resync = page.resync ?? resync;
    }
    return this.#end(conversation.ending("failed", "more pages than pagesMax"), false);
  }

  #take(page: Page): void {
    for (const received of page.ops) {
      this.#lamport = observeStamp(this.#context, this.#lamport, received);
      const operationId = operationIdOf(received);
      if (operationId !== undefined) this.#seen.push(operationId);
      if ("unusable" in received) {
        this.#parked.push({ op: received.unusable, reason: received.reason });
        continue;
      }
      applyToState(this.#entities, received.usable);
      this.#ops.push(received.usable);
    }
  }

  /** `acknowledged` begins anew: a server that has lost history has lost our ACK with it. */
  async #swap(cursor: ServerId): Promise<boolean> {
    const { store, events } = this.#context;
    const { account } = this.#conversation.session;
    const swapped = await store.step(account, (step) => {
      account.replaceState(step, { entities: this.#entities, parked: this.#parked });
      const clock = Math.max(account.settings.lamport, this.#lamport);
      const reached = { seen: this.#seen, cursor, isHead: true, clock };
      const lamport = settleEdits(this.#context, account, step, reached);
      account.set(step, { cursor, lamport, acknowledged: 0, resyncDue: false });
      step.afterwards(() => {
        for (const { op, reason } of this.#parked) events.parked?.(op, reason);
        events.applied?.({ ops: this.#ops, cursor, via: "resync" });
        events.resynced?.(cursor);
      });
      return true;
    });
    return swapped ?? false;
  }

  #end(ending: PassOutcome, resynced: boolean): PullOutcome {
    return { ...ending, applied: resynced ? this.#ops.length : 0, resynced };
  }
}
