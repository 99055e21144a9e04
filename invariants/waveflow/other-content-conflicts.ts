// The same operation_id with other content is a conflict, and only then.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import { numberIn } from "./body.ts";
import type { WaveflowEvent } from "./events.ts";
import { type PushCall, readHistory, type Reading } from "./reading.ts";
import { sameContent } from "./user-log.ts";
import { nameContent, nameOperation } from "./words.ts";

/** Source: WF-PUSH-2, WF-PUSH-4. */
export const otherContentConflicts: Law<WaveflowEvent> = {
  id: "other-content-conflicts",
  requirements: ["WF-PUSH-2", "WF-PUSH-4", "WF-AUTH-2"],
  promise:
    "An accepted operation_id that comes again with other content is a conflict, and with the same content none.",
  judge(history) {
    const { pushes, hasRawWrites, users } = readHistory(history);
    const tally = new Tally();
    for (const call of pushes) {
      if (call.era < 0) continue;
      if (call.outcome === "accepted") judgeAccepted(call, tally);
      else if (call.type === "operation_conflict" && !hasRawWrites) judgeConflict(call, users, tally);
    }
    return tally.verdict("no operation was pushed twice");
  },
};

/** Every push that was accepted with the operation has the content that is stored. */
function judgeAccepted(call: PushCall, tally: Tally): void {
  for (let index = 0; index < call.operations.length; index++) {
    const op = call.request.ops[index]!;
    const operation = call.operations[index]!;
    if (operation.placements.length < 2) continue;
    const stored = operation.stored[call.era];
    if (stored === undefined) continue;
    tally.look();
    if (sameContent(op, stored.content)) continue;
    tally.contradict(
      [stored.firstAt, call.askedAt, call.answeredAt],
      () =>
        `${nameOperation(op.operation_id)} is stored as ${nameContent(stored.content)}. ${call.actor} pushed the same id with ${nameContent(op)} and was told that it is accepted.`,
      ["WF-PUSH-4"],
    );
  }
}

function judgeConflict(call: PushCall, users: Reading["users"], tally: Tally): void {
  const refused = call.request.ops[numberIn(call.body, "index") ?? -1];
  if (refused === undefined) return;
  tally.look();
  const { placements, operationId } = call.user.operation(refused.operation_id);
  const differs = placements.some(({ call, index }) => !sameContent(call.request.ops[index]!, refused));
  if (differs) return;
  tally.contradict(
    [call.askedAt, call.answeredAt],
    () =>
      `${call.actor} was told that ${nameOperation(operationId)} conflicts with what is stored under its id. Nobody ever pushed that id with anything but ${nameContent(refused)}.`,
    () => {
      const isAnothers = [...users.values()].some(
        (user) => user !== call.user && (user.find(operationId)?.placements.length ?? 0) > 0,
      );
      return [isAnothers ? "WF-AUTH-2" : "WF-PUSH-4"];
    },
  );
}
