// A client's clock goes one way, also through a kill.
import { Tally } from "../../../invariants/tally.ts";
import type { Law } from "../../../invariants/verdict.ts";
import type { WaveflowEvent } from "../../../invariants/waveflow/events.ts";
import type { EventIndex } from "../../../invariants/history.ts";
import { uuidKey } from "../../../protocol/waveflow/messages.ts";
import { readHistory, type Reading } from "../../../invariants/waveflow/reading.ts";
import { nameOperation } from "../../../invariants/waveflow/words.ts";
import type { LamportTs } from "../../../protocol/waveflow/types.ts";
import { contentKey, driverNote, pushesOf, type Stays, staysOf } from "./installs.ts";

/** What a client pushes for the first time has a stamp above all that it pushed before, and above every op of another
 *  device that lay at or below the cursor that it showed before the edit was made.
 *  Leaves out: what came by reading everything anew, which leaves the clock alone; disks that were copied or put back;
 *  edits that cannot be told apart by what they say.
 *  Source: WF-DEV-1. */
export const stampsRise: Law<WaveflowEvent> = {
  id: "stamps-rise",
  requirements: ["WF-DEV-1"],
  promise: "An operation is stamped above all that its device had stamped or received before.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    for (const stays of staysOf(reading)) judgeStays(stays, reading, tally);
    return tally.verdict("no client pushed anything");
  },
};

interface Bound {
  readonly stamp: LamportTs;
  readonly at: EventIndex;
}

function judgeStays(stays: Stays, reading: Reading, tally: Tally): void {
  const received = receivedBefore(stays, reading);
  const known = new Set<string>();
  let highest: Bound = { stamp: 0, at: -1 };
  for (const { request, operations, askedAt } of pushesOf(stays)) {
    if (request.kind !== "push") continue;
    for (const [place, op] of request.ops.entries()) {
      const { operationId } = operations[place]!;
      const isNew = !known.has(operationId);
      known.add(operationId);
      const bounds = [highest, received.get(contentKey(op)) ?? highest];
      const bound = bounds.reduce((left, right) => (right.stamp > left.stamp ? right : left));
      if (isNew) tally.look();
      if (isNew && op.lamport_ts <= bound.stamp) {
        tally.contradict(
          [bound.at, askedAt],
          () =>
            `${stays.actor} had stamped or received ${bound.stamp}. It gave ${nameOperation(operationId)} the stamp ${op.lamport_ts}.`,
        );
      }
      if (op.lamport_ts > highest.stamp) highest = { stamp: op.lamport_ts, at: askedAt };
    }
  }
}

/** By what was written, where that was written once: the highest stamp that the client had received before. */
function receivedBefore(stays: Stays, { restores }: Reading): ReadonlyMap<string, Bound> {
  const bounds = new Map<string, Bound>();
  const written = new Set<string>();
  const given = new Map<number, Bound>();
  let cursor = 0;
  let isWalked = restores.length > 0;
  for (const moment of stays.moments) {
    const { kind, call, at } = moment;
    if (kind === "page" && call?.request.kind === "pull" && call.reply !== undefined) {
      if (call.request.since === 0 && cursor > 0) isWalked = true;
      const { ops } = call.reply as unknown as { readonly ops: readonly Remote[] };
      for (const { id, device_id: device, lamport_ts: stamp } of ops)
        if (uuidKey(device) !== call.device) given.set(id, { stamp, at });
    }
    cursor = driverNote(moment, "shown")?.cursor ?? cursor;
    const made = driverNote(moment, "made");
    if (made === undefined || made.isDone) continue;
    const key = contentKey(made.content);
    if (written.has(key)) bounds.delete(key);
    else if (!isWalked) {
      const below = [...given].filter(([id]) => id <= cursor).map(([, bound]) => bound);
      if (below.length > 0)
        bounds.set(
          key,
          below.reduce((left, right) => (right.stamp > left.stamp ? right : left)),
        );
    }
    written.add(key);
  }
  return bounds;
}

interface Remote {
  readonly id: number;
  readonly device_id: string;
  readonly lamport_ts: LamportTs;
}
