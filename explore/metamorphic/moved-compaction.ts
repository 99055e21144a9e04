// When the log is compacted is nobody's business.
import { nameOfPlace, placeFor, withoutStep, withServerStep } from "./change-steps.ts";
import type { Relation } from "./relation.ts";

/** One compaction more, one less, or one at another moment. */
export const movedCompaction: Relation = {
  name: "moved-compaction",
  promise: "The moment at which compaction runs, and whether it runs, changes nothing in the end.",
  change(plan, choices) {
    const places = plan.steps.flatMap(({ kind, ...step }, place) =>
      kind === "server" && "action" in step && step.action.verb === "compact" ? [place] : [],
    );
    const isTaken = places.length > 0 && choices.onceIn(2);
    const from = isTaken ? choices.pick(places) : undefined;
    const rest = from === undefined ? plan : withoutStep(plan, from);
    if (from !== undefined && choices.onceIn(2)) {
      return { plan: rest, change: `no compaction at step ${from + 1}` };
    }
    const place = placeFor(rest, choices);
    return {
      plan: withServerStep(rest, place, { verb: "compact" }),
      change:
        from === undefined
          ? `another compaction ${nameOfPlace(plan, place)}`
          : `the compaction of step ${from + 1} moved ${nameOfPlace(rest, place)}`,
    };
  },
};
