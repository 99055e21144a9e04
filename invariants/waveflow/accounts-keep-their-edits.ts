// One account's edits never go out under another.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Installation, readHistory } from "./reading.ts";
import type { Operation } from "./user-log.ts";
import { nameOp, nameOperation } from "./words.ts";

/** Source: WF-DEV-14, WF-AUTH-2. */
export const accountsKeepTheirEdits: Law<WaveflowEvent> = {
  id: "accounts-keep-their-edits",
  requirements: ["WF-DEV-14", "WF-AUTH-2"],
  promise: "An edit that was made under one account is never pushed under another, nor to another server.",
  judge(history) {
    const { users, pushes, installations } = readHistory(history);
    const tally = new Tally();
    judgeServers(installations, tally);
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

/** One user at two servers is two accounts. */
function judgeServers(installations: readonly Installation[], tally: Tally): void {
  if (installations.every(({ actor, server }) => server === serverOf(actor, installations))) return;
  const madeFor = new Map<Operation, Installation>();
  for (const installation of installations) {
    for (const { operation } of installation.moments) {
      if (operation !== undefined && !madeFor.has(operation)) madeFor.set(operation, installation);
    }
  }
  for (const { actor, server, moments } of installations) {
    for (const { kind, at, call } of moments) {
      if (kind !== "push" || call === undefined) continue;
      for (const operation of call.operations) {
        const home = madeFor.get(operation);
        if (home === undefined || home.actor !== actor) continue;
        tally.look();
        if (home.server === server) continue;
        tally.contradict(
          [operation.editedAt, at],
          () =>
            `${actor} made ${nameOperation(operation.operationId)} while it was bound to ${home.server || "no server"}. It pushed it to ${server || "no server"}.`,
        );
      }
    }
  }
}

const serverOf = (actor: string, installations: readonly Installation[]): string | undefined =>
  installations.find((one) => one.actor === actor)?.server;
