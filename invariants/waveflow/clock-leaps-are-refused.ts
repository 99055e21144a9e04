// A broken device cannot use up the clock of everybody.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";
import { nameOperation } from "./words.ts";

/** The highest stamp that the server can have accepted is bounded by the stamps that were pushed and shown before.
 *  Source: WF-PUSH-13. */
export const clockLeapsAreRefused: Law<WaveflowEvent> = {
  id: "clock-leaps-are-refused",
  requirements: ["WF-PUSH-13"],
  promise: "No stamp is accepted that is more than 2^32 above every stamp of its user before.",
  judge(history) {
    const { pushes, hasRawWrites } = readHistory(history);
    const tally = new Tally();
    for (const call of pushes) {
      if (hasRawWrites || call.outcome !== "accepted") continue;
      const { ops } = call.request;
      for (let index = 0; index < ops.length; index++) {
        const { lamport_ts: stamp, operation_id } = ops[index]!;
        tally.look();
        if (stamp <= leapMax || call.reply!.results[index]?.status !== "stored") continue;
        const highest = highestBefore(call, pushes);
        if (stamp <= highest + leapMax) continue;
        tally.contradict(
          [call.askedAt, call.answeredAt],
          () =>
            `No stamp of user ${call.user.name} was above ${highest} before. ${call.actor}'s ${nameOperation(operation_id)} was stored with stamp ${stamp}.`,
        );
      }
    }
    return tally.verdict(
      hasRawWrites ? "hand-written requests may have raised the clock" : "no push was accepted",
    );
  },
};

type Pushes = ReturnType<typeof readHistory>["pushes"];

/** Runs only for stamps that are out of the ordinary. */
function highestBefore(call: Pushes[number], pushes: Pushes): number {
  let highest = 0;
  for (const other of pushes) {
    if (other === call || other.user !== call.user || other.askedAt > call.answeredAt) continue;
    for (const { lamport_ts: stamp } of other.request.ops) highest = Math.max(highest, stamp);
  }
  for (const operation of call.user.operations.values()) {
    for (const stored of operation.stored) {
      const isShown = stored !== undefined && Math.min(stored.readAt, stored.framedAt) < call.askedAt;
      if (isShown) highest = Math.max(highest, stored.lamport);
    }
  }
  return highest;
}

const leapMax = 2 ** 32;
