// While nothing breaks, nothing is answered with a 5xx: bad input and races have answers of their own.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";

/** What befalls messages on their way excuses nothing; a crash, or a fault of anything but a device, excuses all that
 *  comes after it.
 *  Leaves out: 502, 503 and 504, with which a gateway or a server that stops may answer.
 *  Source: WF-PUSH-2 ("never a raw unique violation"), WF-PUSH-12 ("never a 5xx"). */
export const noServerFault: Law<WaveflowEvent> = {
  id: "no-server-fault",
  requirements: ["WF-PUSH-2", "WF-PUSH-12"],
  promise: "A server to which nothing was done answers no request with a 500.",
  judge(history) {
    const { events } = history;
    const { calls, installations } = readHistory(history);
    const devices = new Set(installations.map(({ actor }) => actor));
    const tally = new Tally();
    for (let at = 0; at < events.length; at++) {
      const event = events[at]!;
      if ((event.kind === "fault" || event.kind === "crash") && !devices.has(event.target)) break;
      if (event.kind === "accepted") tally.look();
      if (event.kind !== "unknown" && event.kind !== "refused") continue;
      const { status } = event;
      if (status === undefined) continue;
      tally.look();
      if (status < 500 || gatewayStatuses.has(status)) continue;
      const call = calls.get(event.call);
      tally.contradict([call?.askedAt ?? at, at], () => {
        const what = call === undefined ? "request" : `${call.request.kind} request`;
        return `Nothing had been done to the server. It answered ${event.actor}'s ${what} with ${status}.`;
      });
    }
    return tally.verdict("no call was answered before something was done to the server");
  },
};

const gatewayStatuses: ReadonlySet<number> = new Set([502, 503, 504]);
