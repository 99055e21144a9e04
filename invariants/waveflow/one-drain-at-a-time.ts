// One pass at a time.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Call, type Installation, readHistory } from "./reading.ts";
import type { Operation } from "./user-log.ts";
import { nameOperation } from "./words.ts";

/** Judged by the operations: two writes of mode `server` may be under way together, one row never twice.
 *  Source: WF-DEV-5. */
export const oneDrainAtATime: Law<WaveflowEvent> = {
  id: "one-drain-at-a-time",
  requirements: ["WF-DEV-5"],
  promise: "No device pushes an operation while it still waits for the answer to another push of it.",
  judge(history) {
    const tally = new Tally();
    for (const installation of readHistory(history).installations) judgeInstallation(installation, tally);
    return tally.verdict("no device pushed anything");
  },
};

function judgeInstallation({ actor, moments }: Installation, tally: Tally): void {
  let open: Call[] = [];
  for (const { kind, at, call } of moments) {
    if (kind === "crash" || kind === "restart" || kind === "joined") open = [];
    if (kind !== "push" || call === undefined) continue;
    tally.look();
    open = open.filter(({ answeredAt }) => answeredAt > at);
    const first = open.find((one) => findShared(one, call) !== undefined);
    if (first !== undefined) {
      tally.contradict([first.askedAt, at], () => {
        const name = nameOperation(findShared(first, call)!.operationId);
        return `${actor} pushed ${name} and had no answer yet. It pushed it again, so that two passes drain one queue.`;
      });
    }
    open.push(call);
  }
}

const findShared = (left: Call, right: Call): Operation | undefined =>
  left.operations.find((operation) => right.operations.includes(operation));
