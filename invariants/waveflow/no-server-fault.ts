// While nothing breaks, nothing is answered with a 5xx: bad input and races have answers of their own.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readByHand } from "./by-hand.ts";
import { whyUnfit } from "./form-decides.ts";
import { type Call, type PushCall, readHistory } from "./reading.ts";

/** What befalls messages on their way excuses nothing; a crash, or a fault of anything but a device, excuses all that
 *  comes after it.
 *  Leaves out: 502, 503 and 504, with which a gateway or a server that stops may answer, and 501 for a method that the
 *  server does not know.
 *  Source: WF-PUSH-2 ("never a raw unique violation"), WF-PUSH-12 ("never a 5xx"). */
export const noServerFault: Law<WaveflowEvent> = {
  id: "no-server-fault",
  requirements: [
    "WF-PUSH-2",
    "WF-PUSH-5",
    "WF-PUSH-6",
    "WF-PUSH-8",
    "WF-PUSH-12",
    "WF-AUTH-1",
    "WF-AUTH-3",
    "WF-PULL-1",
    "WF-ACK-3",
    "WF-WS-1",
  ],
  promise: "A server to which nothing was done answers no request with a 500.",
  judge(history) {
    const { calls, pushes, installations, upheavals } = readHistory(history);
    const devices = new Set(installations.map(({ actor }) => actor));
    const troubledAt = upheavals.find((at) => {
      const event = history.events[at]!;
      return (event.kind === "fault" || event.kind === "crash") && !devices.has(event.target);
    });
    const tally = new Tally();
    for (const call of calls) {
      if (call === undefined || call.answeredAt > (troubledAt ?? Infinity)) continue;
      const { status, actor, request, askedAt, answeredAt } = call;
      if (status === 0 && call.outcome !== "accepted") continue;
      tally.look();
      if (status < 500 || otherStatuses.has(status)) continue;
      tally.contradict(
        [askedAt, answeredAt],
        () =>
          `Nothing had been done to the server. It answered ${actor}'s ${request.kind} request with ${status}.`,
        () => [ruleOf(call, pushes)],
      );
    }
    return tally.verdict("no call was answered before something was done to the server");
  },
};

const otherStatuses: ReadonlySet<number> = new Set([501, 502, 503, 504]);

/** The rule that says what was due instead. */
function ruleOf(call: Call, pushes: readonly PushCall[]): string {
  const { request } = call;
  switch (request.kind) {
    case "raw":
      return readByHand(request).demands?.rule ?? "WF-PUSH-12";
    case "push":
      return ruleOfPush(call as unknown as PushCall, pushes);
    case "pull":
      return "WF-PULL-1";
    case "ack":
      return "WF-ACK-3";
    case "socket":
      return "WF-WS-1";
  }
}

/** What a store may be unable to keep is refused as such; a stamp that is not above those of its device is a regression,
 *  also where the other push is under way; what comes again is a duplicate; and pushes of several devices at once each get
 *  their ids. */
function ruleOfPush(call: PushCall, pushes: readonly PushCall[]): string {
  const { ops } = call.request;
  if (ops.some((op) => whyUnfit(op) !== undefined)) return "WF-PUSH-12";
  const isLow = ({ operations, request }: PushCall): boolean =>
    request.ops.some(({ lamport_ts: stamp }, place) =>
      call.operations.some((operation, index) => {
        const isEarlier = request !== call.request || place < index;
        return isEarlier && operation !== operations[place] && ops[index]!.lamport_ts <= stamp;
      }),
    );
  const rival = pushes.find(
    (other) =>
      other.user === call.user &&
      other.device === call.device &&
      other.askedAt < call.answeredAt &&
      isLow(other),
  );
  if (rival !== undefined)
    return rival !== call && rival.answeredAt > call.askedAt ? "WF-PUSH-6" : "WF-PUSH-5";
  const isCopy = call.operations.some(({ placements }) =>
    placements.some((other, place) =>
      other.call === call ? place > 0 && placements[0]!.call === call : other.call.askedAt < call.answeredAt,
    ),
  );
  if (isCopy) return "WF-PUSH-2";
  const isBesideAnother = pushes.some(
    (other) =>
      other !== call &&
      other.user === call.user &&
      other.askedAt < call.answeredAt &&
      other.answeredAt > call.askedAt,
  );
  return isBesideAnother ? "WF-PUSH-8" : "WF-PUSH-12";
}
