// A drain: batch after batch until the queue is empty, the server does not answer, or something changes. An edit that
// the server refuses for good goes to the dead letters and the rest goes on; where the server does not say which one
// it was, halving finds it.
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { ServerId } from "../../protocol/waveflow/types.ts";
import type { AccountState } from "./account-state.ts";
import type { DeviceContext } from "./context.ts";
import { Conversation, notAllowed, type Reply } from "./conversation.ts";
import type { DurableStep } from "./durable-step.ts";
import type { QueueRow } from "./edit-queue.ts";
import { isClosed, type Session } from "./gate.ts";
import { lamportMax } from "./lamport-clock.ts";
import type { DrainOutcome, PassOutcome } from "./outcomes.ts";
import { pullWith } from "./pull.ts";
import { push, type PushVerdict } from "./push.ts";

/** Sends what is pending.  Source: WF-DEV-5, WF-DEV-6. */
export function drain(context: DeviceContext): Promise<DrainOutcome> {
  const session = context.gate.open("push");
  if (isClosed(session)) return Promise.resolve({ ...notAllowed(session.why), accepted: 0, deadLettered: 0 });
  return new Drain(context, session).run();
}

class Drain {
  readonly #context: DeviceContext;
  readonly #conversation: Conversation;
  readonly #account: AccountState;
  #limit: number;
  #restamps = 0;
  #accepted = 0;
  #deadLettered = 0;

  constructor(context: DeviceContext, session: Session) {
    this.#context = context;
    this.#conversation = new Conversation(context, session);
    this.#account = session.account;
    this.#limit = context.config.batchSize;
  }

  async run(): Promise<DrainOutcome> {
    const ending = (this.#isCatchUpDue() ? await this.#catchUp() : undefined) ?? (await this.#sendAll());
    return { ...ending, accepted: this.#accepted, deadLettered: this.#deadLettered };
  }

  #isCatchUpDue(): boolean {
    const { settings, queue } = this.#account;
    return settings.catchUpDue || queue.countUnshared() > 0;
  }

  /** What was edited in mode `local` is shared only after the device has seen what happened meanwhile.
   *  Source: WF-DEV-13. */
  async #catchUp(): Promise<PassOutcome | undefined> {
    const account = this.#account;
    const pulled = await pullWith(this.#context, this.#conversation);
    if (pulled.outcome !== "complete") return pulled;
    if (!this.#conversation.isOpen()) return this.#conversation.ending("interrupted");
    await this.#context.store.step(account, (step) => {
      account.queue.share(step);
      account.set(step, { catchUpDue: false });
    });
    return undefined;
  }

  /** Ends: every turn takes rows out of the queue, halves the batch, or counts against `restampsMax`. */
  async #sendAll(): Promise<PassOutcome> {
    const conversation = this.#conversation;
    for (;;) {
      if (!conversation.isOpen()) return conversation.ending("interrupted");
      const rows = this.#account.queue.listPending(this.#limit);
      if (rows.length === 0) return conversation.ending("complete");
      const ops = rows.map(({ op }) => op);
      const { reply, verdict } = await push(conversation, ops);
      const ending = await this.#settle(rows, verdict, reply);
      if (ending !== undefined) return ending;
    }
  }

  async #settle(
    rows: readonly QueueRow[],
    verdict: PushVerdict,
    reply: Reply | undefined,
  ): Promise<PassOutcome | undefined> {
    switch (verdict.kind) {
      case "accepted":
        await this.#accept(rows, verdict.ids);
        this.#limit = Math.min(this.#limit * 2, this.#context.config.batchSize);
        return undefined;
      case "regressed":
        if (this.#restamps < this.#context.config.restampsMax && (await this.#restamp(verdict.storedMax))) {
          this.#restamps++;
          return undefined;
        }
        return this.#fail(rows, "no stamp is high enough", reply);
      case "too_large":
        await this.#refuse(rows, rows.length === 1 ? 0 : undefined, verdict.reason);
        return undefined;
      case "refused":
        await this.#refuse(rows, rows.length === 1 ? 0 : verdict.index, verdict.reason);
        return undefined;
      case "shut":
        return this.#conversation.endingOf(reply);
      case "nothing":
        return this.#fail(rows, verdict.reason, reply);
    }
  }

  /** Rows that the reply names leave the queue and are kept by their ids until the log has shown them. */
  async #accept(rows: readonly QueueRow[], ids: ReadonlyMap<string, ServerId>): Promise<void> {
    const { store, events, clock } = this.#context;
    const account = this.#account;
    await store.step(account, (step) => {
      const dropped = account.queue.dropAcked(step, ids.keys());
      for (const { number, op } of dropped) {
        const id = ids.get(uuidKey(op.operation_id))!;
        if (id > account.settings.cursor) account.accepted.add(step, { number, id, op });
      }
      const unnamed = rows.filter(({ op }) => !ids.has(uuidKey(op.operation_id)));
      account.queue.markFailed(step, { rows: unnamed, error: "not named by the reply", at: clock.now() });
      const left = dropped.map(({ op }) => ({ operationId: op.operation_id, why: "pushed" as const }));
      step.afterwards(() => {
        this.#accepted += left.length;
        if (left.length > 0) events.dropped?.(left);
      });
    });
  }

  /** All rows at once: with the refused one alone, every row behind it would cost a 409 of its own. */
  async #restamp(storedMax: number): Promise<boolean> {
    const account = this.#account;
    const restamped = await this.#context.store.step(account, (step) => {
      const clock = Math.max(account.settings.lamport, storedMax);
      const count = account.queue.countPending();
      if (clock > lamportMax - count) return false;
      const ops = account.queue.restamp(step, clock);
      account.set(step, { lamport: clock + count });
      step.afterwards(() => this.#context.events.restamped?.(ops));
      return true;
    });
    return restamped ?? false;
  }

  async #refuse(rows: readonly QueueRow[], index: number | undefined, reason: string): Promise<void> {
    const row = index === undefined ? undefined : rows[index];
    if (row === undefined) {
      this.#limit = Math.max(1, Math.floor(rows.length / 2));
      return;
    }
    this.#limit = this.#context.config.batchSize;
    await this.#context.store.step(this.#account, (step) => this.#bury(step, row, reason));
  }

  #bury(step: DurableStep, row: QueueRow, reason: string): void {
    if (this.#account.queue.dropAcked(step, [row.op.operation_id]).length === 0) return;
    this.#account.bury(step, { op: row.op, reason, at: this.#context.clock.now() });
    step.afterwards(() => {
      this.#deadLettered++;
      this.#context.events.deadLettered?.(row.op, reason);
    });
  }

  async #fail(rows: readonly QueueRow[], error: string, reply: Reply | undefined): Promise<PassOutcome> {
    const at = this.#context.clock.now();
    await this.#context.store.step(this.#account, (step) => {
      this.#account.queue.markFailed(step, { rows, error, at });
    });
    return { ...this.#conversation.endingOf(reply), why: error };
  }
}
