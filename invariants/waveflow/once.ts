// One operation, one id: whatever is retried, from wherever, after whatever crash or compaction.
import { rulesOfForgotten } from "./causes.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";
import { nameContent, nameOperation } from "./words.ts";

/** Holds each operation_id of a user to the id that it was first given, in every answer, page and frame, and to being
 *  called stored once.
 *  Leaves out: what a server that was put back to a backup has given anew.
 *  Source: WF-PUSH-2, WF-PUSH-3, WF-COMP-6; waveflow.md section 11, "Once". */
export const once: Law<WaveflowEvent> = {
  id: "once",
  requirements: ["WF-PUSH-2", "WF-PUSH-3", "WF-PUSH-6", "WF-COMP-6", "WF-COMP-7"],
  promise: "One operation has one id, one stamp and one effect for ever.",
  judge(history) {
    const reading = readHistory(history);
    const { users } = reading;
    const tally = new Tally();
    for (const user of users.values()) {
      for (const era of user.eras()) {
        tally.look(era.byId.size);
        for (const { kind, stored, at, firstAt, other } of era.clashes) {
          if (kind !== "id" && kind !== "stamp" && kind !== "stored-twice") continue;
          const { operation, id, lamport, content } = stored;
          const name = `${nameOperation(operation.operationId)} (${nameContent(content)})`;
          tally.contradict(
            [firstAt, at],
            () => {
              if (kind === "id")
                return `${name} has id ${id}. Later the same operation has id ${String(other)}.`;
              if (kind === "stamp")
                return `${name} has stamp ${lamport}. Later it has stamp ${String(other)}.`;
              return `${name} was stored as id ${id}. A retry was answered as stored again, not as a duplicate.`;
            },
            () => rulesOfForgotten(reading, user, { from: firstAt, to: at }),
          );
        }
      }
    }
    return tally.verdict("no operation was seen with an id");
  },
};
