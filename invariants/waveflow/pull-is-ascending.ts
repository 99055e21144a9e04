// The form of a page: ids rise, all above `since`, none above head, no more than asked for.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { type PullCall, readHistory } from "./reading.ts";

/** Source: WF-PULL-1, WF-PULL-4, WF-PULL-6; waveflow.md section 5 ("a hard bound"). */
export const pullIsAscending: Law<WaveflowEvent> = {
  id: "pull-is-ascending",
  requirements: ["WF-PULL-1", "WF-PULL-4", "WF-PULL-6"],
  promise:
    "A page has rising ids above since and up to head, no more of them than asked for, and leads on if it is not the last.",
  judge(history) {
    const tally = new Tally();
    for (const call of readHistory(history).pulls) {
      if (call.outcome !== "accepted") continue;
      tally.look();
      const fault = findFault(call);
      if (fault !== undefined)
        tally.contradict([call.askedAt, call.answeredAt], () => fault.text, fault.rules);
    }
    return tally.verdict("no pull was answered");
  },
};

function findFault({
  actor,
  request,
  reply,
}: PullCall): { readonly text: string; readonly rules: readonly string[] } | undefined {
  const { ops, head, has_more: hasMore } = reply!;
  let last = request.since;
  for (const { id } of ops) {
    if (id <= last)
      return {
        text: `${actor} pulled from ${request.since}. After id ${last} it was given id ${id}.`,
        rules: ["WF-PULL-1"],
      };
    last = id;
  }
  const { limit } = request;
  if (limit !== undefined && ops.length > limit) {
    return {
      text: `${actor} asked for at most ${limit} ops. It was given ${ops.length}.`,
      rules: ["WF-PULL-1"],
    };
  }
  if (ops.length > 0 && last > head)
    return {
      text: `${actor} was given id ${last}. The same page says that head is ${head}.`,
      rules: ["WF-PULL-4", "WF-PULL-6"],
    };
  if (hasMore && ops.length === 0) {
    return {
      text: `${actor} pulled from ${request.since} and was told that there is more. The page is empty, so it cannot go on.`,
      rules: ["WF-PULL-6"],
    };
  }
  return undefined;
}
