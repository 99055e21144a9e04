// The watermark never falls and never passes head.
import { isTroubled } from "./causes.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";

/** Source: WF-COMP-3, WF-COMP-4. */
export const watermarkOnlyGrows: Law<WaveflowEvent> = {
  id: "watermark-only-grows",
  requirements: ["WF-COMP-3", "WF-COMP-4", "WF-COMP-7"],
  promise: "The watermark never falls and never passes head.",
  judge(history) {
    const reading = readHistory(history);
    const { watermarks, answers } = reading;
    const tally = new Tally();
    for (const { user, era, compactedUpTo, askedAt, knownAt } of watermarks) {
      const before = user.era(era).watermarks.before(askedAt);
      if (before === undefined) continue;
      tally.look();
      if (compactedUpTo >= before.value) continue;
      tally.contradict(
        [before.at, askedAt, knownAt],
        () =>
          `The log of user ${user.name} was compacted up to ${before.value}. Somebody asked afterwards and was told ${compactedUpTo}.`,
        () => [isTroubled(reading, { from: before.at, to: knownAt }) ? "WF-COMP-3" : "WF-COMP-4"],
      );
    }
    if (watermarks.length === 0) return tally.verdict("nobody was told of a watermark");
    for (const { user, era, actor, askedAt, answeredAt, reply } of answers) {
      const before = user.era(era).watermarks.before(askedAt);
      if (before === undefined) continue;
      tally.look();
      const { head } = reply!;
      if (head >= before.value) continue;
      tally.contradict(
        [before.at, askedAt, answeredAt],
        () =>
          `The log of user ${user.name} was compacted up to ${before.value}. ${actor} asked afterwards, and head is only ${head}.`,
        ["WF-COMP-4"],
      );
    }
    return tally.verdict("nobody asked again after a watermark was told");
  },
};
