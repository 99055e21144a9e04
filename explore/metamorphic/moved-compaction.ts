// When the log is compacted is nobody's business.
import { drawPlaces, nameOfPlaces, serverStep, withSteps } from "./change-steps.ts";
import type { Relation } from "./relation.ts";

/** Compaction at other moments: some of those of the plan are gone, and there are others. */
export const movedCompaction: Relation = {
  name: "moved-compaction",
  promise: "The moment at which compaction runs, and whether it runs, changes nothing in the end.",
  change(plan, choices) {
    const gone = new Set<number>();
    for (const [place, step] of plan.steps.entries()) {
      if (step.kind === "server" && step.action.verb === "compact" && choices.onceIn(2)) gone.add(place);
    }
    const places = choices.onceIn(3) && gone.size > 0 ? [] : drawPlaces(plan, choices);
    const told = [
      ...(gone.size > 0 ? [`no compaction at step ${[...gone].map((place) => place + 1).join(", ")}`] : []),
      ...(places.length > 0 ? [`a compaction ${nameOfPlaces(plan, places)}`] : []),
    ];
    return {
      plan: withSteps(
        plan,
        (place) => (places.includes(place) ? [serverStep({ verb: "compact" })] : []),
        (place) => gone.has(place),
      ),
      change: told.join(" and "),
    };
  },
};
