// Changes of mode, each with what it owes: leaving `server` a resync, coming out of `local` a catching up before the
// first push, entering `server` an empty queue.
import type { AccountSettings } from "./account-state.ts";
import type { DeviceContext } from "./context.ts";
import { ModeRefused, type Mode } from "./modes.ts";
import type { DrainOutcome } from "./outcomes.ts";

/** Enters a mode that keeps a queue; what is owed is durable with it.  Source: WF-DEV-13. */
export async function enterQueueMode({ store }: DeviceContext, mode: Exclude<Mode, "server">): Promise<void> {
  const { account } = store;
  await store.step(account, (step) => {
    const owed: { -readonly [Name in keyof AccountSettings]?: AccountSettings[Name] } = {};
    if (store.mode === "server") owed.resyncDue = true;
    if (store.mode === "local" && mode === "hybrid") owed.catchUpDue = true;
    store.setMode(step, mode);
    account.set(step, owed);
  });
}

/** Enters mode `server` once the queue is empty. Edits may come while it drains, so it drains again, within bounds.
 *  Errors: `ModeRefused`; then the mode is as before.  Source: WF-DEV-13. */
export async function enterServerMode(
  context: DeviceContext,
  drain: () => Promise<DrainOutcome>,
): Promise<void> {
  const { store, gate, config } = context;
  const { account } = store;
  const enterIfEmpty = () =>
    store.step(account, (step) => {
      if (account.queue.countPending() > 0) return false;
      store.setMode(step, "server");
      return true;
    });
  for (let tries = 0; tries < config.entryTriesMax; tries++) {
    if (await enterIfEmpty()) return;
    const { outcome, why } = await gate.lend("hybrid", drain);
    if (outcome !== "complete")
      throw new ModeRefused(`expected an empty queue, the drain ended ${outcome}: ${why}`);
  }
  if (!(await enterIfEmpty())) throw new ModeRefused("expected an empty queue, edits keep coming");
}
