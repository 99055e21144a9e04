// A message that arrives twice has the effect of one.
import { nameOfPlace, withStep } from "./change-steps.ts";
import type { Relation } from "./relation.ts";

/** When the second copy comes: with the first, after the answer, or while the device does something else. Units:
 *  virtual milliseconds. */
const afterMs = [0, 30, 200, 2_000];

/** Of any push, pull or ACK that a step sends. */
export const repeatedMessage: Relation = {
  name: "repeated-message",
  promise: "A push, pull or ACK that reaches the server twice changes nothing that once does not.",
  change(plan, choices, words) {
    const sending = plan.steps.flatMap((step, place) =>
      words.messagesOf(step).map((sent) => ({ ...sent, place })),
    );
    if (sending.length === 0) return undefined;
    const { device, message, place } = choices.pick(sending);
    const of = { device, message, nth: choices.between(1, 2) };
    const action = { verb: "duplicate", of, afterMs: choices.pick(afterMs) } as const;
    return {
      plan: withStep(plan, place, { kind: "network", action }, `network: duplicate ${device} ${message}`),
      change: `the ${message} #${of.nth} of ${device} from there on arriving again after ${action.afterMs} ms, ${nameOfPlace(plan, place)}`,
    };
  },
};
