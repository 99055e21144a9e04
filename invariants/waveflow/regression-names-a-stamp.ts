// A refused stamp comes with the number that the device has to exceed: without it the device is locked out.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { type PushCall, readHistory } from "./reading.ts";
import { numberIn } from "./body.ts";
import { nameMember, nameOperation } from "./words.ts";

/** The number is one, it is not below the refused stamp, and some op of the device can have had it accepted: a stamp
 *  above the highest accepted one is no regression. An op that is known to be stored counts with the stamp and the
 *  device that it is stored with, any other with the stamp with which it was pushed.
 *  The last is asked of exchanges by hand alone, which the network neither delays nor repeats.
 *  Source: WF-PUSH-5, WF-PUSH-2 ("a duplicate raises nobody's highest stamp"). */
export const regressionNamesAStamp: Law<WaveflowEvent> = {
  id: "regression-names-a-stamp",
  requirements: ["WF-PUSH-2", "WF-PUSH-5", "WF-DEV-6"],
  promise: "A push refused for its stamp is told the stamp to exceed, and only if it does not exceed it.",
  judge(history) {
    const tally = new Tally();
    const { pushes, hasRawWrites } = readHistory(history);
    for (const call of pushes) {
      if (call.type !== "lamport_regression") continue;
      tally.look();
      const events = [call.askedAt, call.answeredAt];
      const storedMax = numberIn(call.body, "stored_max");
      const refused = call.request.ops[numberIn(call.body, "index") ?? -1];
      if (storedMax === undefined) {
        const seen = nameMember(call.body, "stored_max");
        tally.contradict(
          events,
          () =>
            `${call.actor}'s stamp was refused as too low. The answer's stored_max is ${seen}, so the device cannot know what is high enough.`,
          ["WF-PUSH-5"],
        );
      } else if (refused !== undefined && refused.lamport_ts > storedMax) {
        tally.contradict(
          events,
          () =>
            `${call.actor} pushed ${nameOperation(refused.operation_id)} with stamp ${refused.lamport_ts}. It was refused as not above ${storedMax}, which it is.`,
          ["WF-PUSH-5"],
        );
      } else if (refused !== undefined && call.request.isByHand === true && call.era >= 0 && !hasRawWrites) {
        const highest = highestPossible(call, pushes);
        if (refused.lamport_ts <= highest) continue;
        tally.contradict(
          events,
          () =>
            `No op of ${call.actor}'s device that can have been accepted by then has a stamp above ${highest}. Its ${nameOperation(refused.operation_id)} with stamp ${refused.lamport_ts} was refused as not above ${storedMax}.`,
          () => [isRaisedByDuplicate(call, pushes, refused.lamport_ts) ? "WF-PUSH-2" : "WF-PUSH-5"],
        );
      }
    }
    return tally.verdict("no push was refused for its stamp");
  },
};

/** A retry of the device carried a stamp that high, which is not the one that its op is stored with. */
const isRaisedByDuplicate = (call: PushCall, pushes: readonly PushCall[], stamp: number): boolean =>
  pushes.some(
    ({ user, device, askedAt, request, operations }) =>
      user === call.user &&
      device === call.device &&
      askedAt <= call.askedAt &&
      request.ops.some((op, index) => {
        const known = operations[index]?.stored[call.era];
        const isOther = known !== undefined && (known.device !== device || known.lamport !== op.lamport_ts);
        return isOther && op.lamport_ts >= stamp;
      }),
  );

/** The highest stamp that the device can have had accepted by the time of the answer, ops before the refused one in the
 *  same push included. */
function highestPossible(call: PushCall, pushes: readonly PushCall[]): number {
  const refusedAt = numberIn(call.body, "index") ?? 0;
  let highest = 0;
  for (const other of pushes) {
    if (other.user !== call.user || other.device !== call.device || other.askedAt > call.answeredAt) continue;
    const { ops } = other.request;
    const end = other === call ? refusedAt : ops.length;
    for (let index = 0; index < end; index++) {
      const known = other.operations[index]?.stored[call.era];
      // The refused push itself stored nothing: what is known only since then says nothing about its ops.
      const stored = other === call && (known?.firstAt ?? 0) > call.askedAt ? undefined : known;
      const isTheirs = stored === undefined || stored.device === undefined || stored.device === call.device;
      if (!isTheirs) continue;
      const stamp = stored?.device === undefined ? ops[index]!.lamport_ts : stored.lamport;
      if (stamp > highest) highest = stamp;
    }
  }
  return highest;
}
