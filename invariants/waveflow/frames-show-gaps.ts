// `prev_id` is the id before: whoever has that has missed nothing.
import { isJsonObject } from "../../protocol/json.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";
import { noEra } from "./user-log.ts";
import { numberIn } from "./body.ts";
import { firstAbove } from "./reads.ts";
import { nameContent } from "./words.ts";

/** Source: WF-WS-2; waveflow.md section 8 ("the id before it in the user's log as it was assigned"). */
export const framesShowGaps: Law<WaveflowEvent> = {
  id: "frames-show-gaps",
  requirements: ["WF-WS-2", "WF-PUSH-9"],
  promise: "No operation has an id between a frame's op and the prev_id of that frame.",
  judge(history) {
    const tally = new Tally();
    for (const { type, era, frame, at, installation } of readHistory(history).frames) {
      if (type !== "op" || era === noEra || !isJsonObject(frame.op)) continue;
      const previous = numberIn(frame, "prev_id");
      const id = numberIn(frame.op, "id");
      if (id === undefined) continue;
      tally.look();
      if (previous === undefined || previous >= id) {
        tally.contradict(
          [at],
          () =>
            `${installation.actor} got op ${id} in a frame. Its prev_id is ${String(frame.prev_id)}, which is not an id below it.`,
          ["WF-WS-2"],
        );
        continue;
      }
      const known = installation.user.era(era).sorted();
      const between = known[firstAbove(known, previous)];
      if (between === undefined || between.id >= id) continue;
      tally.contradict(
        [at, between.firstAt],
        () =>
          `${installation.actor} got op ${id} in a frame that says ${previous} is the id before it. Op ${between.id} (${nameContent(between.content)}) lies between them, and a device at ${previous} steps over it.`,
        [between.firstAt < at ? "WF-WS-2" : "WF-PUSH-9"],
      );
    }
    return tally.verdict("no frame carried an operation");
  },
};
