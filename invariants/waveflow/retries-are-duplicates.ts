// The answer to a retry: the stored id and stamp, called a duplicate, and not a refusal for an old stamp.
import { isCompacted, rulesOfForgotten } from "./causes.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import { numberIn } from "./body.ts";
import type { WaveflowEvent } from "./events.ts";
import { type PushCall, readHistory, type Reading } from "./reading.ts";
import type { Operation } from "./user-log.ts";
import { nameContent, nameOperation } from "./words.ts";

/** An operation that was answered with its id before a push was sent is known to the server by then: the push that
 *  carries it again finds a duplicate, whatever its stamp says.
 *  Source: WF-PUSH-1, WF-PUSH-2, WF-PUSH-3. */
export const retriesAreDuplicates: Law<WaveflowEvent> = {
  id: "retries-are-duplicates",
  requirements: ["WF-PUSH-1", "WF-PUSH-2", "WF-PUSH-3", "WF-COMP-6"],
  promise:
    "An accepted operation that comes again is answered as a duplicate, before anybody looks at its stamp.",
  judge(history) {
    const tally = new Tally();
    const reading = readHistory(history);
    for (const call of reading.pushes) {
      if (call.era < 0) continue;
      if (call.outcome === "accepted") judgeAnswer(call, reading, tally);
      else if (call.type === "lamport_regression") judgeRefusal(call, reading, tally);
    }
    return tally.verdict("no accepted operation was pushed again");
  },
};

function judgeAnswer(call: PushCall, reading: Reading, tally: Tally): void {
  const { results } = call.reply!;
  for (let index = 0; index < results.length; index++) {
    const { id, status, operation_id: named } = results[index]!;
    const operation = call.operations[index];
    // What is answered about another op than the one in its place is `replies-follow-the-batch`.
    if (operation === undefined || call.user.find(named) !== operation) continue;
    const knownAt = knownBefore(operation, call);
    if (knownAt === undefined) {
      judgeStamp(call, index, tally);
      continue;
    }
    tally.look();
    if (status === "duplicate") continue;
    tally.contradict(
      [knownAt, call.askedAt, call.answeredAt],
      () => {
        const first = operation.stored[call.era]!;
        const name = `${nameOperation(operation.operationId)} (${nameContent(first.content)})`;
        return `${name} was accepted as id ${first.id}. ${call.actor} pushed it again and it was stored as id ${id}.`;
      },
      () => rulesOfForgotten(reading, call.user, { from: knownAt, to: call.answeredAt }),
    );
  }
}

/** What is stored now is stored with the stamp that was sent. */
function judgeStamp(call: PushCall, index: number, tally: Tally): void {
  const sent = call.request.ops[index];
  const { operation_id, lamport_ts, status } = call.reply!.results[index]!;
  if (status !== "stored" || sent === undefined || sent.lamport_ts === lamport_ts) return;
  if (call.user.find(sent.operation_id) !== call.user.find(operation_id)) return;
  tally.contradict(
    [call.askedAt, call.answeredAt],
    () =>
      `${call.actor} pushed ${nameOperation(operation_id)} with stamp ${sent.lamport_ts}. It was answered as stored with stamp ${lamport_ts}.`,
    ["WF-PUSH-1"],
  );
}

function judgeRefusal(call: PushCall, reading: Reading, tally: Tally): void {
  const index = numberIn(call.body, "index") ?? -1;
  const refused = call.request.ops[index];
  const operation = call.operations[index];
  if (refused === undefined || operation === undefined) return;
  const knownAt = knownBefore(operation, call);
  const first = call.operations.indexOf(operation);
  if (knownAt === undefined && first < index) {
    tally.contradict(
      [call.askedAt, call.answeredAt],
      () =>
        `${call.actor}'s push carries ${nameOperation(operation.operationId)} twice, at ${first} and at ${index}. It was told that the stamp of the copy is too low, as if it were new.`,
      ["WF-PUSH-1", "WF-PUSH-2"],
    );
  }
  if (knownAt === undefined) return;
  tally.look();
  tally.contradict(
    [knownAt, call.askedAt, call.answeredAt],
    () => {
      const { id } = operation.stored[call.era]!;
      return `${nameOperation(operation.operationId)} was accepted as id ${id}. ${call.actor} pushed it again and was told that its stamp ${refused.lamport_ts} is too low, as if it were new.`;
    },
    () => {
      const span = { from: knownAt, to: call.answeredAt };
      const isForgotten = isCompacted(reading, call.user, span);
      return isForgotten ? rulesOfForgotten(reading, call.user, span) : ["WF-PUSH-1", "WF-PUSH-2"];
    },
  );
}

/** When the operation was known to be stored, if that was before the call was sent. */
function knownBefore(operation: Operation, call: PushCall): number | undefined {
  const stored = operation.stored[call.era];
  if (stored === undefined) return undefined;
  const knownAt = Math.min(stored.acceptedAt, stored.readAt);
  return knownAt < call.askedAt ? knownAt : undefined;
}
