// Per device, ids and stamps grow together, within a batch and across batches.
import { isCompacted } from "./causes.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory, type Reading } from "./reading.ts";
import type { Stored } from "./user-log.ts";
import { nameOperation } from "./words.ts";

/** Judged by the device id that is stored, so that two copies of one device are held to it together.
 *  Source: WF-PUSH-5, WF-PUSH-6; waveflow.md section 11, "Order". */
export const order: Law<WaveflowEvent> = {
  id: "order",
  requirements: ["WF-PUSH-1", "WF-PUSH-5", "WF-PUSH-6", "WF-PUSH-8", "WF-COMP-6"],
  promise: "Of one device's accepted operations, the one with the higher id has the higher stamp.",
  judge(history) {
    const reading = readHistory(history);
    const { users, deviceName } = reading;
    const tally = new Tally();
    for (const user of users.values()) {
      for (const era of user.eras()) {
        const highest = new Map<string, Stored>();
        for (const stored of era.sorted()) {
          const { device } = stored;
          if (device === undefined) continue;
          const before = highest.get(device);
          if (before !== undefined) tally.look();
          if (before === undefined || stored.lamport > before.lamport) highest.set(device, stored);
          else {
            tally.contradict(
              [before.firstAt, stored.firstAt],
              () => {
                const names = [before, stored].map(
                  ({ operation, id, lamport }) =>
                    `${nameOperation(operation.operationId)} has id ${id} and stamp ${lamport}`,
                );
                return `${names[0]}. ${names[1]}, which is not higher, and both are of ${deviceName(device)}.`;
              },
              () => rulesOf(reading, before, stored),
            );
          }
        }
      }
    }
    return tally.verdict("no device had two operations accepted");
  },
};

/** Two ops of one push whose stamps rise have ids against its order; where they do not rise, it should have been refused.
 *  Of two pushes that were under way at once, the second has to see what the first has stored; and of two that were not,
 *  also what was deleted meanwhile. */
function rulesOf(reading: Reading, before: Stored, stored: Stored): readonly string[] {
  const theirs = stored.operation.placements;
  for (const { call, index } of before.operation.placements) {
    const shared = theirs.find((placement) => placement.call === call);
    if (shared === undefined) continue;
    const { ops } = call.request;
    const isRising = (shared.index - index) * (ops[shared.index]!.lamport_ts - ops[index]!.lamport_ts) > 0;
    return [isRising ? "WF-PUSH-8" : "WF-PUSH-5"];
  }
  const first = before.operation.placements.at(-1);
  const second = theirs.at(-1);
  if (first === undefined || second === undefined) return ["WF-PUSH-5"];
  const isAtOnce = first.call.askedAt < second.call.answeredAt && second.call.askedAt < first.call.answeredAt;
  if (isAtOnce) return ["WF-PUSH-6"];
  const span = { from: before.firstAt, to: stored.firstAt };
  return isCompacted(reading, stored.operation.user, span) ? ["WF-PUSH-5", "WF-PUSH-6"] : ["WF-PUSH-5"];
}
