// What is left of the log means the same as the whole of it.
import { rulesOfLoss } from "./causes.ts";
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { LogOp, ServerId } from "../../protocol/waveflow/types.ts";
import type { WaveflowEvent } from "./events.ts";
import { type LogFinding, readHistory, type Reading } from "./reading.ts";
import type { EraLog, Stored } from "./user-log.ts";
import { nameContent } from "./words.ts";

/** Nothing that a delete ended comes back, and every register has the value of its highest id.
 *  Source: WF-COMP-2, WF-COMP-5, WF-STATE-1, WF-STATE-2. */
export const compactionIsInvisible: Law<WaveflowEvent> = {
  id: "compaction-is-invisible",
  requirements: [
    "WF-PUSH-7",
    "WF-PUSH-10",
    "WF-COMP-2",
    "WF-COMP-3",
    "WF-COMP-5",
    "WF-STATE-1",
    "WF-STATE-2",
  ],
  promise: "The log as it is left folds to the state to which everything that was ever stored folds.",
  judge(history) {
    const tally = new Tally();
    const reading = readHistory(history);
    for (const log of reading.logs) judgeLog(log, log.user.era(log.era), reading, tally);
    return tally.verdict("no log was read");
  },
};

function judgeLog(log: LogFinding, era: EraLog, reading: Reading, tally: Tally): void {
  const { ops, head } = log.finding;
  const left = new Set<ServerId>();
  for (const op of ops) left.add(op.id);
  const deletes = new Map<string, ServerId>();
  for (const op of ops) {
    if (op.op === "delete") deletes.set(`${op.entity_type}\n${op.entity_id}`, op.id);
  }
  for (const op of ops) {
    tally.look();
    const end = endOf(op, era, head);
    if (end === undefined || left.has(end)) continue;
    if ((deletes.get(`${op.entity_type}\n${op.entity_id}`) ?? 0) > op.id) continue;
    const ended = era.byId.get(end)!;
    tally.contradict(
      [ended.firstAt, log.at],
      () => describeReturn(op, ended),
      () => rulesOfLoss(reading, ended, log.at),
    );
  }
  for (const stored of era.sorted()) {
    if (stored.id > head || left.has(stored.id) || stored.content.op === "delete") continue;
    if (era.superseder(stored, Infinity) !== undefined || stored.firstAt > log.at) continue;
    tally.contradict(
      [stored.firstAt, log.at],
      () =>
        `${nameContent(stored.content)}, id ${stored.id}, decides its register. The log of user ${log.user.name} has lost it, so that whoever reads it has another state.`,
      () => rulesOfLoss(reading, stored, log.at),
    );
  }
}

/** The newest known delete above a field's op. */
function endOf(op: LogOp, era: EraLog, head: ServerId): ServerId | undefined {
  if (op.op === "delete") return undefined;
  let end: ServerId | undefined;
  for (const id of era.entity(op)?.deletes ?? []) if (id > op.id && id <= head && id > (end ?? 0)) end = id;
  return end;
}

const describeReturn = (op: LogOp, ended: Stored): string =>
  `${nameContent(ended.content)}, id ${ended.id}, ended everything below it. The log has ${nameContent(op)}, id ${op.id}, and no longer the delete: what was deleted is back.`;
