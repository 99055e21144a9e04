// Advice: a watermark that names an op which is still there sends devices to resync that have missed nothing.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";

/** Measured, and no reason to fail a build.
 *  Source: WF-PULL-8; WF-COMP-3 ("W = max(W, highest deleted id)"). */
export const noNeedlessResync: Law<WaveflowEvent> = {
  id: "no-needless-resync",
  requirements: ["WF-PULL-8"],
  isAdvice: true,
  promise: "The watermark that sends a device to resync is the id of an operation that is gone.",
  judge(history) {
    const tally = new Tally();
    for (const { user, era, compactedUpTo, knownAt } of readHistory(history).watermarks) {
      tally.look();
      const stored = user.era(era).byId.get(compactedUpTo);
      if (stored === undefined || stored.lastPullAskedAt <= knownAt) continue;
      tally.contradict(
        [knownAt, stored.lastPulledAt],
        () =>
          `The log of user ${user.name} was compacted up to ${compactedUpTo}, the server said. Op ${compactedUpTo} was given out after that, so everything from the last deleted op on is asked for again without need.`,
      );
    }
    return tally.verdict("nobody was told of a watermark");
  },
};
