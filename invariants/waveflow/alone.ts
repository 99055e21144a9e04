// Nothing crosses from one user to another.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { type PushCall, readHistory, type Reading } from "./reading.ts";
import type { Operation, Stored, UserLog } from "./user-log.ts";
import { nameContent, nameOperation } from "./words.ts";

/** An operation in a user's log was pushed for that user, by the device that it names; a push is a duplicate only of
 *  the same user's. Operations that no recorded push carried came by hand, and are nobody's fault.
 *  Source: WF-AUTH-2, WF-AUTH-3; waveflow.md section 11, "Alone". */
export const alone: Law<WaveflowEvent> = {
  id: "alone",
  requirements: ["WF-AUTH-2", "WF-AUTH-3"],
  promise: "No operation, id, receipt or cursor crosses from one user to another.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    for (const user of reading.users.values()) {
      for (const era of user.eras())
        for (const stored of era.sorted()) judgeStored(stored, user, reading, tally);
    }
    if (reading.users.size > 1 && !reading.hasRawWrites) {
      for (const call of reading.pushes)
        if (call.outcome === "accepted") judgeDuplicates(call, reading, tally);
    }
    return tally.verdict("no operation was given out");
  },
};

function judgeStored(stored: Stored, user: UserLog, reading: Reading, tally: Tally): void {
  const { operation, id, content, device, firstAt } = stored;
  if (stored.readAt === Infinity && stored.framedAt === Infinity) return;
  tally.look();
  if (operation.placements.length === 0) {
    const owner = reading.users.size > 1 ? ownerOf(operation, reading) : undefined;
    if (owner === undefined) return;
    const { call } = owner.placements[0]!;
    tally.contradict(
      [call.askedAt, firstAt],
      () =>
        `${nameOperation(operation.operationId)} (${nameContent(content)}) was pushed for user ${owner.user.name}. It is id ${id} in the log of user ${user.name}.`,
      ["WF-AUTH-2"],
    );
    return;
  }
  if (device === undefined || operation.placements.some(({ call }) => call.device === device)) return;
  const { call } = operation.placements[0]!;
  tally.contradict(
    [call.askedAt, firstAt],
    () =>
      `${nameOperation(operation.operationId)} was pushed by ${call.actor}. The log says that it is of ${reading.deviceName(device)}.`,
    ["WF-AUTH-3"],
  );
}

/** The same operation under another user, if that one pushed it. */
function ownerOf({ operationId, user }: Operation, { users }: Reading): Operation | undefined {
  for (const other of users.values()) {
    if (other === user) continue;
    const operation = other.find(operationId);
    if (operation !== undefined && operation.placements.length > 0) return operation;
  }
  return undefined;
}

/** Answered as a duplicate at its only push, while another user has the same operation. */
function judgeDuplicates(call: PushCall, reading: Reading, tally: Tally): void {
  for (const { operation_id, status, id } of call.reply!.results) {
    if (status !== "duplicate") continue;
    const operation = call.user.find(operation_id);
    if (operation === undefined || operation.placements.length !== 1) continue;
    tally.look();
    const owner = ownerOf(operation, reading);
    const theirs = owner?.stored[call.era];
    if (owner === undefined || theirs === undefined || theirs.id !== id || theirs.firstAt > call.answeredAt)
      continue;
    if (operation.stored[call.era]?.readAt !== Infinity) continue;
    tally.contradict(
      [theirs.firstAt, call.askedAt, call.answeredAt],
      () =>
        `${nameOperation(operation_id)} is id ${id} of user ${owner.user.name}. ${call.actor} pushed the same operation_id for user ${call.user.name}, for the first time, and was told that it is a duplicate with that id.`,
      ["WF-AUTH-2"],
    );
  }
}
