// A client that was told how far its stamps have to reach does not come back below that.
import { Tally } from "../../../invariants/tally.ts";
import type { Law } from "../../../invariants/verdict.ts";
import type { WaveflowEvent } from "../../../invariants/waveflow/events.ts";
import type { EventIndex } from "../../../invariants/history.ts";
import { readHistory } from "../../../invariants/waveflow/reading.ts";
import { nameOperation } from "../../../invariants/waveflow/words.ts";
import { isJsonObject } from "../../../protocol/json.ts";
import { type Stays, staysOf } from "./installs.ts";

/** After a `lamport_regression`, in the same life of the client, everything that it pushes is stamped above the
 *  `stored_max` that it was told.
 *  Leaves out: what a kill took before it was durable; disks that were copied or put back.
 *  Source: WF-DEV-6. */
export const restampsAtOnce: Law<WaveflowEvent> = {
  id: "restamps-at-once",
  requirements: ["WF-DEV-6"],
  promise: "After a stamp regression everything that is pushed is stamped above what the server has named.",
  judge(history) {
    const tally = new Tally();
    for (const stays of staysOf(readHistory(history))) judgeStays(stays, tally);
    return tally.verdict("no client was told of a stamp regression");
  },
};

function judgeStays({ actor, moments }: Stays, tally: Tally): void {
  let told: { readonly storedMax: number; readonly at: EventIndex } | undefined;
  for (const { kind, at, call } of moments) {
    if (kind === "crash" || kind === "restart") told = undefined;
    if (kind === "regression" && isJsonObject(call?.body) && typeof call.body["stored_max"] === "number") {
      told = { storedMax: call.body["stored_max"], at };
      tally.look();
    }
    if (kind !== "push" || told === undefined || call?.request.kind !== "push") continue;
    const { storedMax, at: toldAt } = told;
    const low = call.request.ops.find((op) => op.lamport_ts <= storedMax);
    if (low === undefined) continue;
    tally.contradict(
      [toldAt, at],
      () =>
        `${actor} was told that its stamps have to exceed ${storedMax}. It pushed ${nameOperation(low.operation_id)} with stamp ${low.lamport_ts}.`,
    );
  }
}
