// A row leaves the queue for a proof, not for a status code.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";
import { nameOperation } from "./words.ts";

/** Source: WF-DEV-4. */
export const dropNeedsProof: Law<WaveflowEvent> = {
  id: "drop-needs-proof",
  requirements: ["WF-DEV-4", "WF-DEV-8"],
  promise: "A row leaves the queue only after the server named its operation to that device.",
  judge(history) {
    const { events } = history;
    const tally = new Tally();
    for (const { actor, user, events: own } of readHistory(history).installations) {
      for (const at of own) {
        const event = events[at]!;
        if (event.kind !== "noted" || event.note.kind !== "dropped") continue;
        for (const operationId of event.note.operationIds) {
          const operation = user.find(operationId);
          if (operation === undefined) continue;
          tally.look();
          if ((operation.toldTo.get(actor) ?? Infinity) < at) continue;
          const pushedAt = operation.placements.findLast(({ call }) => call.askedAt < at)?.call.askedAt ?? -1;
          tally.contradict(
            [pushedAt, at],
            () =>
              `${actor} took ${nameOperation(operationId)} out of its queue. No reply, page or frame that reached it had named that operation.`,
          );
        }
      }
    }
    return tally.verdict("no row left a queue");
  },
};
