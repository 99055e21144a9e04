// A client whose token was refused asks nothing with it any more.
import { Tally } from "../../../invariants/tally.ts";
import type { Law } from "../../../invariants/verdict.ts";
import type { WaveflowEvent } from "../../../invariants/waveflow/events.ts";
import type { EventIndex } from "../../../invariants/history.ts";
import { readHistory } from "../../../invariants/waveflow/reading.ts";

/** As `refused-token-waits` of our own devices, with one thing more let pass: what a client sent before it had read the
 *  refusal arrives after it, so requests right behind it are excused, unless its driver has said in between that the
 *  command was done.
 *  Source: WF-DEV-5 ("401: wait for a new token", "403: stop and say so"). */
export const refusedTokenRests: Law<WaveflowEvent> = {
  id: "refused-token-rests",
  requirements: ["WF-DEV-5"],
  promise: "A client whose token was refused asks nothing until its token, mode or account is another.",
  judge(history) {
    const { calls } = readHistory(history);
    const tally = new Tally();
    const doors = new Map<string, Door>();
    const open = (actor: string, at: EventIndex): void =>
      void doors.set(actor, { changedAt: at, shutAt: undefined, status: 0, isRead: false });
    const { events } = history;
    for (const [at, event] of events.entries()) {
      const { kind } = event;
      if (kind === "joined") open(event.actor, at);
      else if (kind === "crash" || kind === "restart") open(event.target, at);
      else if (kind === "noted") {
        const door = doors.get(event.actor);
        if (event.note.kind === "token" || event.note.kind === "mode") open(event.actor, at);
        else if (event.note.kind === "shown" && door?.shutAt !== undefined) door.isRead = true;
      } else if (kind === "refused") {
        const call = calls[event.call];
        const door = doors.get(event.actor);
        if ((event.status !== 401 && event.status !== 403) || call === undefined || door === undefined)
          continue;
        if (call.request.kind === "raw" || call.request.isByHand === true) continue;
        tally.look();
        if (call.askedAt <= door.changedAt || door.shutAt !== undefined) continue;
        door.shutAt = at;
        door.status = event.status;
      } else if (kind === "invoked") {
        const { actor, request } = event;
        const { shutAt, status, isRead } = doors.get(actor) ?? noDoor;
        if (shutAt === undefined || request.kind === "raw" || request.isByHand === true) continue;
        if (!isRead && event.at - events[shutAt]!.at < underWayMs) continue;
        tally.contradict(
          [shutAt, at],
          () =>
            `${actor} was answered ${status}. With the same token it sent a ${request.kind} request after that.`,
        );
      }
    }
    return tally.verdict("nobody's token was refused");
  },
};

/** What a client may have had under way when it was refused.  Units: milliseconds. */
const underWayMs = 300;

/** Whether the server lets a client in, as far as it has said, and whether the client has surely heard. */
interface Door {
  readonly changedAt: EventIndex;
  shutAt: EventIndex | undefined;
  status: number;
  isRead: boolean;
}

const noDoor: Door = { changedAt: -1, shutAt: undefined, status: 0, isRead: false };
