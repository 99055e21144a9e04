// A message that arrives twice has the effect of one.
import type { Step } from "../../scenarios/format/types.ts";
import { stepOf, withSteps } from "./change-steps.ts";
import type { Relation } from "./relation.ts";

/** When the second copy comes: with the first, after the answer, or while devices do something else. Units: virtual
 *  milliseconds. */
const afterMs = [0, 30, 300, 3_000, 9_000];

/** Of any push, pull or ACK that a step sends, one of them or many. They are named by their number from the beginning,
 *  because two rules that wait for the next push of one device get in each other's way. */
export const repeatedMessage: Relation = {
  name: "repeated-message",
  promise: "A push, pull or ACK that reaches the server twice changes nothing that once does not.",
  change(plan, choices, words) {
    const onceIn = choices.pick([20, 4, 2]);
    const sent = new Map<string, number>();
    const rules: Step[] = [];
    for (const { device, message } of plan.steps.flatMap((step) => words.messagesOf(step))) {
      const nth = (sent.get(`${device} ${message}`) ?? 0) + 1;
      sent.set(`${device} ${message}`, nth);
      if (!choices.onceIn(onceIn)) continue;
      const action = {
        verb: "duplicate",
        of: { device, message, nth },
        afterMs: choices.pick(afterMs),
      } as const;
      const text = `network: duplicate ${device} ${message}#${nth} after ${action.afterMs}ms`;
      rules.push(stepOf({ kind: "network", action }, text));
    }
    if (rules.length === 0) return undefined;
    const told = rules.map(({ source }) => `"${source.text}"`);
    const rest = told.length > 3 ? ` and ${told.length - 3} more` : "";
    return {
      plan: withSteps(plan, (place) => (place === 0 ? rules : [])),
      change: `${told.slice(0, 3).join(", ")}${rest}`,
    };
  },
};
