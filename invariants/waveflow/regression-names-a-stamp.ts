// A refused stamp comes with the number that the device has to exceed: without it the device is locked out.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";
import { numberIn } from "./body.ts";
import { nameMember, nameOperation } from "./words.ts";

/** The number is one, and it is not below the refused stamp: a stamp above the highest accepted one is no regression.
 *  Source: WF-PUSH-5. */
export const regressionNamesAStamp: Law<WaveflowEvent> = {
  id: "regression-names-a-stamp",
  requirements: ["WF-PUSH-5", "WF-DEV-6"],
  promise: "A push refused for its stamp is told the stamp to exceed, and only if it does not exceed it.",
  judge(history) {
    const tally = new Tally();
    for (const call of readHistory(history).pushes) {
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
        );
      } else if (refused !== undefined && refused.lamport_ts > storedMax) {
        tally.contradict(
          events,
          () =>
            `${call.actor} pushed ${nameOperation(refused.operation_id)} with stamp ${refused.lamport_ts}. It was refused as not above ${storedMax}, which it is.`,
        );
      }
    }
    return tally.verdict("no push was refused for its stamp");
  },
};
