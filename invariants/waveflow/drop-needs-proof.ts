// A row leaves the queue for a proof, not for a status code.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { noteOf, readHistory } from "./reading.ts";
import { nameOperation } from "./words.ts";

/** Source: WF-DEV-4. */
export const dropNeedsProof: Law<WaveflowEvent> = {
  id: "drop-needs-proof",
  requirements: ["WF-DEV-4", "WF-DEV-8"],
  promise: "A row leaves the queue only after the server named its operation to that device.",
  judge(history) {
    const tally = new Tally();
    for (const { actor, actorNumber, user, moments } of readHistory(history).installations) {
      for (const moment of moments) {
        const dropped = noteOf(moment, "dropped");
        if (dropped === undefined) continue;
        const { at } = moment;
        for (const operationId of dropped.operationIds) {
          const operation = user.find(operationId);
          if (operation === undefined) continue;
          tally.look();
          if ((operation.toldAt[actorNumber] ?? Infinity) < at) continue;
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
