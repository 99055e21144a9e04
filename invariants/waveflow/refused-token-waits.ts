// A door that was shut stays shut until something changes.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { EventIndex } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";

/** Another token, mode, account or life of the device opens it again. Only the server's own 401 and 403 count: what a
 *  stranger says is no refusal.
 *  Source: WF-DEV-5 ("401: wait for a new token", "403: stop and say so"). */
export const refusedTokenWaits: Law<WaveflowEvent> = {
  id: "refused-token-waits",
  requirements: ["WF-DEV-5"],
  promise: "A device whose token was refused asks nothing until its token, mode or account is another.",
  judge(history) {
    const { calls } = readHistory(history);
    const tally = new Tally();
    const doors = new Map<string, Door>();
    const doorOf = (actor: string): Door => {
      let door = doors.get(actor);
      if (door === undefined) doors.set(actor, (door = { changedAt: -1, shutAt: undefined, status: 0 }));
      return door;
    };
    const { events } = history;
    for (let at = 0; at < events.length; at++) {
      const event = events[at]!;
      switch (event.kind) {
        case "joined":
          change(doorOf(event.actor), at);
          break;
        case "crash":
        case "restart":
          change(doorOf(event.target), at);
          break;
        case "noted":
          if (event.note.kind === "token" || event.note.kind === "mode") change(doorOf(event.actor), at);
          break;
        case "refused": {
          const call = calls[event.call];
          if ((event.status !== 401 && event.status !== 403) || call === undefined) break;
          if (call.request.kind === "raw" || call.request.isByHand === true) break;
          tally.look();
          const door = doorOf(event.actor);
          if (call.askedAt > door.changedAt) {
            door.shutAt ??= at;
            door.status = event.status;
          }
          break;
        }
        case "invoked": {
          const { shutAt, status } = doorOf(event.actor);
          const { request, actor } = event;
          if (shutAt === undefined || request.kind === "raw" || request.isByHand === true) break;
          tally.contradict(
            [shutAt, at],
            () =>
              `${actor} was answered ${status}. With the same token it sent a ${request.kind} request after that.`,
          );
          break;
        }
        default:
          break;
      }
    }
    return tally.verdict("nobody's token was refused");
  },
};

/** Whether the server lets a device in, as far as it has said. */
interface Door {
  changedAt: EventIndex;
  shutAt: EventIndex | undefined;
  status: number;
}

function change(door: Door, at: EventIndex): void {
  door.changedAt = at;
  door.shutAt = undefined;
}
