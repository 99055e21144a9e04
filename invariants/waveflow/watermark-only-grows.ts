// The watermark never falls and never passes head.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory, type WatermarkReport } from "./reading.ts";

/** Source: WF-COMP-3, WF-COMP-4. */
export const watermarkOnlyGrows: Law<WaveflowEvent> = {
  id: "watermark-only-grows",
  requirements: ["WF-COMP-3", "WF-COMP-4", "WF-COMP-7"],
  promise: "The watermark never falls and never passes head.",
  judge(history) {
    const { watermarks, answers } = readHistory(history);
    const tally = new Tally();
    for (let index = 0; index < watermarks.length; index++) {
      const later = watermarks[index]!;
      for (let before = 0; before < index; before++) compare(watermarks[before]!, later, tally);
    }
    if (watermarks.length > 0) {
      for (const call of answers) {
        for (const { user, era, compactedUpTo, knownAt } of watermarks) {
          if (user !== call.user || era !== call.era || knownAt > call.askedAt) continue;
          tally.look();
          if (call.reply!.head >= compactedUpTo) continue;
          tally.contradict(
            [knownAt, call.askedAt, call.answeredAt],
            () =>
              `The log of user ${user.name} was compacted up to ${compactedUpTo}. ${call.actor} asked afterwards, and head is only ${call.reply!.head}.`,
          );
        }
      }
    }
    return tally.verdict("nobody was told of a watermark twice");
  },
};

function compare(before: WatermarkReport, later: WatermarkReport, tally: Tally): void {
  if (before.user !== later.user || before.era !== later.era || before.knownAt > later.askedAt) return;
  tally.look();
  if (later.compactedUpTo >= before.compactedUpTo) return;
  tally.contradict(
    [before.knownAt, later.askedAt, later.knownAt],
    () =>
      `The log of user ${later.user.name} was compacted up to ${before.compactedUpTo}. Somebody asked afterwards and was told ${later.compactedUpTo}.`,
  );
}
