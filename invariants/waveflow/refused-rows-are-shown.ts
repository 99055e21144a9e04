// What the server refuses for good is set aside where its user can see it, and nothing else is.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { EventIndex } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Installation, noteOf, readHistory, type Reading } from "./reading.ts";
import { numberIn } from "./body.ts";
import type { Placement } from "./user-log.ts";
import { nameOperation } from "./words.ts";

/** An answer that did not come from the server counts as a reason too: the device cannot tell a gateway's 413.
 *  Source: WF-DEV-5. */
export const refusedRowsAreShown: Law<WaveflowEvent> = {
  id: "refused-rows-are-shown",
  requirements: ["WF-DEV-5"],
  promise: "A row goes to the dead letters only after a refusal for good, and stays there to be seen.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    for (const installation of reading.installations) judgeInstallation(installation, reading, tally);
    return tally.verdict("no row went to the dead letters");
  },
};

function judgeInstallation(
  installation: Installation,
  { deviceFindings, history }: Reading,
  tally: Tally,
): void {
  const { actor, user, moments } = installation;
  const buried = new Map<string, EventIndex>();
  for (const moment of moments) {
    const note = noteOf(moment, "dead-lettered");
    if (note === undefined) continue;
    const { at } = moment;
    tally.look();
    const { operationId } = note;
    buried.set(uuidKey(operationId), at);
    const placements = user.find(operationId)?.placements ?? [];
    const tried = placements.filter(({ call }) => call.actor === actor && call.answeredAt < at);
    if (tried.some((placement) => isReason(placement, history))) continue;
    tally.contradict(
      [tried.at(-1)?.call.askedAt ?? -1, tried.at(-1)?.call.answeredAt ?? -1, at],
      () =>
        `${actor} gave ${nameOperation(operationId)} up as a dead letter. No answer to a push of it had refused it for good.`,
    );
  }
  if (buried.size === 0) return;
  for (const { at: foundAt, finding, installation: of } of deviceFindings) {
    if (of !== installation) continue;
    const shown = new Set(finding.deadLetters.map(uuidKey));
    for (const [operationId, at] of buried) {
      if (at > foundAt || shown.has(operationId)) continue;
      tally.contradict(
        [at, foundAt],
        () =>
          `${actor} put ${nameOperation(operationId)} among its dead letters. Its user finds no such dead letter.`,
      );
    }
  }
}

/** For good: 400, 413, 422, and a 409 that no new stamp can cure, for this op: by its index, or because it was alone. */
function isReason({ call, index }: Placement, { events }: Reading["history"]): boolean {
  const { outcome, status, type, body, request, answeredAt } = call;
  const ended = events[answeredAt];
  if (ended?.kind === "unknown") return ended.isImpostor === true;
  if (outcome !== "refused" || !finalStatuses.has(status) || type === "lamport_regression") return false;
  return request.ops.length === 1 || numberIn(body, "index") === index;
}

const finalStatuses: ReadonlySet<number> = new Set([400, 409, 413, 422]);
