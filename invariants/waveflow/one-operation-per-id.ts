// An id names one op of a user.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";
import type { Operation } from "./user-log.ts";
import { nameOperation } from "./words.ts";

/** Source: WF-PUSH-8. */
export const oneOperationPerId: Law<WaveflowEvent> = {
  id: "one-operation-per-id",
  requirements: ["WF-PUSH-8"],
  promise: "No two operations of a user have the same id.",
  judge(history) {
    const { users } = readHistory(history);
    const tally = new Tally();
    for (const user of users.values()) {
      for (const era of user.eras()) {
        tally.look(era.byId.size);
        for (const { kind, stored, at, firstAt, other } of era.clashes) {
          if (kind !== "shared-id") continue;
          tally.contradict([firstAt, at], () => {
            const names = [stored.operation, other as Operation].map(({ operationId }) =>
              nameOperation(operationId),
            );
            return `Id ${stored.id} of user ${user.name} is ${names[0]}. Later id ${stored.id} is ${names[1]}.`;
          });
        }
      }
    }
    return tally.verdict("no operation was seen with an id");
  },
};
