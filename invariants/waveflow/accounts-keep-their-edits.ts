// One account's edits never go out under another.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { readHistory } from "./reading.ts";
import { nameOp } from "./words.ts";

/** Source: WF-DEV-14, WF-AUTH-2. */
export const accountsKeepTheirEdits: Law<WaveflowEvent> = {
  id: "accounts-keep-their-edits",
  requirements: ["WF-DEV-14", "WF-AUTH-2"],
  promise: "An edit that was made under one account is never pushed under another.",
  judge(history) {
    const { users, pushes } = readHistory(history);
    const tally = new Tally();
    if (users.size < 2) return tally.verdict("there was one account only");
    for (const call of pushes) {
      for (let index = 0; index < call.operations.length; index++) {
        tally.look();
        if (call.operations[index]!.editedBy !== undefined) continue;
        const op = call.request.ops[index]!;
        for (const other of users.values()) {
          const theirs = other === call.user ? undefined : other.find(op.operation_id);
          if (theirs?.editedBy === undefined || theirs.editedAt > call.askedAt) continue;
          tally.contradict(
            [theirs.editedAt, call.askedAt],
            () =>
              `${theirs.editedBy!} made ${nameOp(op)} as user ${other.name}. ${call.actor} pushed it as user ${call.user.name}.`,
          );
        }
      }
    }
    return tally.verdict("no device pushed anything");
  },
};
