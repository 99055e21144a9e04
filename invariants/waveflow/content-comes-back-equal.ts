// What was pushed is what everybody is given.
import type { LogOp } from "../../protocol/waveflow/types.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";
import { sameContent, type Stored, type Operation } from "./user-log.ts";
import { nameContent, nameOperation } from "./words.ts";

/** Source: WF-PUSH-12 ("comes back equal as JSON"). */
export const contentComesBackEqual: Law<WaveflowEvent> = {
  id: "content-comes-back-equal",
  requirements: ["WF-PUSH-4", "WF-PUSH-12"],
  promise:
    "An operation is given out with the content with which it was pushed, to everybody and every time.",
  judge(history) {
    const { users } = readHistory(history);
    const tally = new Tally();
    for (const user of users.values()) {
      for (const era of user.eras()) {
        for (const stored of era.sorted()) judgeStored(stored, tally);
        for (const { kind, stored, at, firstAt, other } of era.clashes) {
          if (kind !== "content") continue;
          tally.contradict(
            [firstAt, at],
            () =>
              `${nameOperation(stored.operation.operationId)} says ${nameContent(stored.content)}. It was given out as ${nameContent(other as LogOp)}.`,
            () => rulesOf(stored.operation, other as LogOp),
          );
        }
      }
    }
    return tally.verdict("no pushed operation was given out");
  },
};

/** Some push carried it with this content. An operation that no recorded push carried came by hand. */
function judgeStored(stored: Stored, tally: Tally): void {
  const { placements, operationId } = stored.operation;
  if (placements.length === 0 || (stored.readAt === Infinity && stored.framedAt === Infinity)) return;
  tally.look();
  for (const { call, index } of placements) if (sameContent(call.request.ops[index]!, stored.content)) return;
  const { call, index } = placements[0]!;
  tally.contradict(
    [call.askedAt, stored.firstAt],
    () =>
      `${call.actor} pushed ${nameOperation(operationId)} as ${nameContent(call.request.ops[index]!)}. It was given out as ${nameContent(stored.content)}.`,
    ["WF-PUSH-12"],
  );
}

/** What a later push of the same id said has replaced what was stored, or something that nobody ever pushed has. */
const rulesOf = ({ placements }: Operation, seen: LogOp): readonly string[] =>
  placements.some(({ call, index }) => sameContent(call.request.ops[index]!, seen))
    ? ["WF-PUSH-4"]
    : ["WF-PUSH-12"];
