// Per device, ids and stamps grow together, within a batch and across batches.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";
import type { Stored } from "./user-log.ts";
import { nameOperation } from "./words.ts";

/** Judged by the device id that is stored, so that two copies of one device are held to it together.
 *  Source: WF-PUSH-5, WF-PUSH-6; waveflow.md section 11, "Order". */
export const order: Law<WaveflowEvent> = {
  id: "order",
  requirements: ["WF-PUSH-1", "WF-PUSH-5", "WF-PUSH-6", "WF-PUSH-8", "WF-COMP-6"],
  promise: "Of one device's accepted operations, the one with the higher id has the higher stamp.",
  judge(history) {
    const { users, deviceName } = readHistory(history);
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
            tally.contradict([before.firstAt, stored.firstAt], () => {
              const names = [before, stored].map(
                ({ operation, id, lamport }) =>
                  `${nameOperation(operation.operationId)} has id ${id} and stamp ${lamport}`,
              );
              return `${names[0]}. ${names[1]}, which is not higher, and both are of ${deviceName(device)}.`;
            });
          }
        }
      }
    }
    return tally.verdict("no device had two operations accepted");
  },
};
