// Applies received ops: entities, cursor, clock, what was set aside, and the edits that are settled by having been
// seen, all in one durable step. There is one way in for pages and frames, so they cannot differ.
import { applyToEntity, entityKey, type EntityState } from "../../protocol/waveflow/fold.ts";
import { isSameUuid } from "../../protocol/waveflow/messages.ts";
import type { LamportTs, LogOp, OperationId, ServerId } from "../../protocol/waveflow/types.ts";
import type { AccountState } from "./account-state.ts";
import type { DeviceContext } from "./context.ts";
import type { DurableStep } from "./durable-step.ts";
import type { ApplyPath } from "./events.ts";
import { clockAfterReceiving } from "./lamport-clock.ts";
import type { ReceivedOp } from "./pages.ts";

export interface Delivery {
  /** Ascending. What the cursor has passed already is left out. */
  readonly ops: readonly ReceivedOp[];
  readonly cursor: ServerId;
  /** Whether the cursor is the server's head, or only as far as this delivery goes. */
  readonly isHead: boolean;
  readonly via: ApplyPath;
}

/** Writes the delivery into the step and returns how many ops it applies.  Source: WF-DEV-8, WF-DEV-9, WF-DEV-12. */
export function applyDelivery(
  context: DeviceContext,
  account: AccountState,
  step: DurableStep,
  delivery: Delivery,
): number {
  const { ops, isHead, via } = delivery;
  const before = account.settings;
  const cursor = Math.max(before.cursor, delivery.cursor);
  const touched = new Map<string, EntityState>();
  const applied: LogOp[] = [];
  const seen: OperationId[] = [];
  let lamport = before.lamport;
  for (const received of ops) {
    if (received.id <= before.cursor) continue;
    lamport = observeStamp(context, lamport, received);
    const operationId = operationIdOf(received);
    if (operationId !== undefined) seen.push(operationId);
    if ("unusable" in received) {
      parkOp(context, account, step, received);
      continue;
    }
    const op = received.usable;
    const key = entityKey(op.entity_type, op.entity_id);
    touched.set(key, applyToEntity(touched.get(key) ?? account.entities.get(key), op));
    applied.push(op);
  }
  for (const [key, entity] of touched) account.putEntity(step, key, entity);
  const clock = settleEdits(context, account, step, { seen, cursor, isHead, clock: lamport });
  account.set(step, { cursor, lamport: clock });
  if (cursor !== before.cursor)
    step.afterwards(() => context.events.applied?.({ ops: applied, cursor, via }));
  return applied.length;
}

/** Lets go of the edits that the log has shown, and takes back those that the server took and lost. Returns the clock
 *  after that: what is taken back may need new stamps.
 *  Source: WF-DEV-4, WF-DEV-7. */
export function settleEdits(
  context: DeviceContext,
  account: AccountState,
  step: DurableStep,
  reached: { seen: Iterable<OperationId>; cursor: ServerId; isHead: boolean; clock: LamportTs },
): LamportTs {
  const { events } = context;
  const dropped = account.queue.dropAcked(step, reached.seen);
  if (dropped.length > 0) {
    const rows = dropped.map(({ op }) => ({ operationId: op.operation_id, why: "seen" as const }));
    step.afterwards(() => events.dropped?.(rows));
  }
  const lost = account.accepted.settle(step, reached);
  const { clock } = reached;
  if (lost.length === 0) return clock;
  const restamped = account.queue.putBack(step, lost, { dropped, clock });
  step.afterwards(() => events.putBack?.(lost.map(({ op }) => op)));
  if (restamped.length > 0) step.afterwards(() => events.restamped?.(restamped));
  return clock + restamped.length;
}

/** The clock after one received op. An op of unknown shape counts as far as its stamp can be read. */
export function observeStamp(context: DeviceContext, lamport: number, received: ReceivedOp): number {
  const { lamport_ts: stamp, device_id: device } = "usable" in received ? received.usable : received.unusable;
  if (!Number.isSafeInteger(stamp)) return lamport;
  const isOwn = typeof device === "string" && isSameUuid(device, context.store.deviceId);
  return clockAfterReceiving(lamport, { stamp: stamp as number, isOwn });
}

export function operationIdOf(received: ReceivedOp): OperationId | undefined {
  const { operation_id: id } = "usable" in received ? received.usable : received.unusable;
  return typeof id === "string" ? id : undefined;
}

function parkOp(
  context: DeviceContext,
  account: AccountState,
  step: DurableStep,
  received: Extract<ReceivedOp, { unusable: unknown }>,
): void {
  const { unusable: op, reason } = received;
  account.park(step, { op, reason });
  step.afterwards(() => context.events.parked?.(op, reason));
}
