// When the faults stop, everybody comes to rest, with empty queues and cursors at head.
import type { Law } from "../verdict.ts";
import { isJsonObject } from "../../protocol/json.ts";
import type { EventIndex } from "../history.ts";
import { Tally } from "../tally.ts";
import { eraOfState } from "./device-state.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Call, type DeviceFinding, type LogFinding, readHistory, type Reading } from "./reading.ts";
import { nameSome } from "./words.ts";

/** A cursor below head is no fault where all that lies between came by pushes of which nobody ever had an answer: they
 *  may have arrived after everybody was looked at.
 *  Source: waveflow.md section 11, "It ends"; WF-DEV-5, WF-DEV-6, WF-DEV-10, WF-DEV-11, WF-PULL-5, WF-PULL-7. */
export const itEnds: Law<WaveflowEvent> = {
  id: "it-ends",
  requirements: [
    "WF-PUSH-5",
    "WF-PUSH-13",
    "WF-PULL-5",
    "WF-PULL-7",
    "WF-ACK-3",
    "WF-COMP-8",
    "WF-WS-2",
    "WF-WS-3",
    "WF-DEV-5",
    "WF-DEV-6",
    "WF-DEV-10",
    "WF-DEV-11",
    "WF-DEV-12",
  ],
  promise:
    "When the faults have stopped, queues drain and cursors reach head in a bounded number of exchanges.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    for (const at of reading.upheavals) {
      const event = history.events[at]!;
      if (event.kind !== "settled") continue;
      tally.look();
      if (event.quiet) continue;
      const calmAt = history.events.findLastIndex((one, place) => one.kind === "calm" && place < at);
      const who = nameSome(event.waiting, (one) => one);
      tally.contradict(
        [calmAt, at],
        () => `The faults had stopped. Within the bound, this did not come to an end: ${who}.`,
        () => rulesOfUnrest(reading, calmAt),
      );
    }
    for (const found of reading.deviceFindings) {
      if (!found.isAtRest || !found.finding.connected) continue;
      const log = reading.logs.findLast(
        ({ user, settledAt }) => user === found.installation.user && settledAt === found.settledAt,
      );
      judgeRest(found, log, reading, tally);
    }
    return tally.verdict("nobody waited for rest");
  },
};

/** What somebody was refused last, after the faults had stopped, says what keeps it busy; `undefined` where that may be
 *  anything. */
function rulesOfUnrest({ calls }: Reading, calmAt: EventIndex): readonly string[] {
  const last = calls.findLast(
    (call) => call !== undefined && call.askedAt > calmAt && call.outcome === "refused",
  );
  const rule = last === undefined ? undefined : ruleOfRefusal(last);
  return rule === undefined ? itEnds.requirements : [rule];
}

function ruleOfRefusal({ request, type, body }: Call): string | undefined {
  if (request.kind === "push" && type === "lamport_regression") return "WF-PUSH-5";
  if (request.kind === "push" && type === "invalid_op") return "WF-PUSH-13";
  if (request.kind === "ack" && type === "ack_beyond_head") return "WF-ACK-3";
  if (request.kind !== "pull" || type !== "resync_required") return undefined;
  return isJsonObject(body) && body.reason === "cursor_ahead" ? "WF-PULL-7" : "WF-PULL-5";
}

function judgeRest(found: DeviceFinding, log: LogFinding | undefined, reading: Reading, tally: Tally): void {
  const { installation, finding, at, settledAt } = found;
  const { actor } = installation;
  tally.look();
  if (finding.pending.length > 0) {
    tally.contradict(
      [settledAt, at],
      () =>
        `Everybody is at rest. ${actor} is connected and has ${finding.pending.length} edits in its queue.`,
      ["WF-DEV-5", "WF-DEV-6"],
    );
  }
  if (log === undefined || finding.cursor === log.finding.head) return;
  const { head } = log.finding;
  if (finding.cursor > head) {
    const isFromLostHistory =
      reading.restores.length > 0 && eraOfState(reading, installation, at) !== found.era;
    if (!isFromLostHistory) return;
    tally.contradict(
      [reading.restores.at(-1)!, log.at, at],
      () =>
        `The server was put back to a backup, and head is ${head}. ${actor} is connected, its cursor is ${finding.cursor}, and it has not noticed.`,
      ["WF-PULL-7"],
    );
    return;
  }
  const byId = installation.user.era(found.era).byId;
  const isProven = log.finding.ops.some(
    ({ id }) => id > finding.cursor && (byId.get(id)?.acceptedAt ?? Infinity) < settledAt,
  );
  if (!isProven) return;
  tally.contradict(
    [settledAt, log.at, at],
    () =>
      `Everybody is at rest, and head is ${head}. ${actor} is connected, and its cursor is only ${finding.cursor}.`,
    ["WF-WS-2", "WF-DEV-10"],
  );
}
