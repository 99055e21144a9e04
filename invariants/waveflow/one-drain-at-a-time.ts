// One pass at a time.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Installation, type PushCall, readHistory, type Reading } from "./reading.ts";
import { nameOperation } from "./words.ts";

/** Judged by the operations: two writes of mode `server` may be under way together, one row never twice.
 *  Source: WF-DEV-5. */
export const oneDrainAtATime: Law<WaveflowEvent> = {
  id: "one-drain-at-a-time",
  requirements: ["WF-DEV-5"],
  promise: "No device pushes an operation while it still waits for the answer to another push of it.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    for (const installation of reading.installations) judgeInstallation(installation, reading, tally);
    return tally.verdict("no device pushed anything");
  },
};

function judgeInstallation(
  { actor, events: own }: Installation,
  { history, calls }: Reading,
  tally: Tally,
): void {
  let open: PushCall[] = [];
  for (const at of own) {
    const event = history.events[at]!;
    if (event.kind === "crash" || event.kind === "restart" || event.kind === "joined") open = [];
    if (event.kind !== "invoked" || event.request.kind !== "push" || event.request.scripted === true)
      continue;
    const call = calls.get(event.call) as unknown as PushCall;
    tally.look();
    if (open.length > 0) {
      open = open.filter(({ answeredAt }) => answeredAt > at);
      const first = open.find((one) => findShared(one, call) !== undefined);
      if (first !== undefined) {
        tally.contradict(
          [first.askedAt, at],
          () =>
            `${actor} pushed ${nameOperation(findShared(first, call)!)} and had no answer yet. It pushed it again, so that two passes drain one queue.`,
        );
      }
    }
    open.push(call);
  }
}

const findShared = (left: PushCall, right: PushCall): string | undefined =>
  left.request.ops.find((op) =>
    right.request.ops.some(({ operation_id }) => operation_id === op.operation_id),
  )?.operation_id;
