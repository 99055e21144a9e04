// A device's clock goes one way.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { LamportTs } from "../../protocol/waveflow/types.ts";
import type { EventIndex } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Installation, readHistory, type Reading } from "./reading.ts";
import { nameOperation } from "./words.ts";

/** A new edit is stamped above every edit and restamped row before it on the same disk, and above every op of another
 *  device that was applied from a page or frame before.
 *  Leaves out: edits that went to the server before they were noted (mode `server`), because several may be under way
 *  at once; the ops of a resync, which leaves the clock alone.
 *  Source: WF-DEV-1, WF-DEV-2. */
export const lamportGrows: Law<WaveflowEvent> = {
  id: "lamport-grows",
  requirements: ["WF-DEV-1", "WF-DEV-2", "WF-DEV-11"],
  promise: "A new edit has a higher stamp than everything that its device had stamped or received before.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    for (const installation of reading.installations) judgeInstallation(installation, reading, tally);
    for (const { installation, finding, at } of reading.deviceFindings) {
      const { clock, clockAt } = clockOf(installation, reading, at);
      if (clockAt < 0) continue;
      tally.look();
      if (finding.lamport >= clock) continue;
      tally.contradict(
        [clockAt, at],
        () => `${installation.actor} had stamped ${clock}. Its clock stands at ${finding.lamport}.`,
      );
    }
    return tally.verdict("no device made an edit after another, or was looked at");
  },
};

function judgeInstallation(installation: Installation, { history }: Reading, tally: Tally): void {
  let clock: LamportTs = 0;
  let clockAt: EventIndex = -1;
  const raise = (to: LamportTs, at: EventIndex): void => {
    if (to <= clock) return;
    clock = to;
    clockAt = at;
  };
  for (const at of installation.events) {
    const event = history.events[at]!;
    if (event.kind !== "noted") continue;
    const { note } = event;
    if (note.kind === "edited") {
      const { op } = note;
      const isDirect =
        (installation.user.operation(op.operation_id).placements[0]?.call.askedAt ?? Infinity) < at;
      if (isDirect) continue;
      tally.look();
      if (op.lamport_ts <= clock) {
        const [before, beforeAt] = [clock, clockAt];
        tally.contradict(
          [beforeAt, at],
          () =>
            `${installation.actor} had stamped or received ${before}. It gave ${nameOperation(op.operation_id)} the stamp ${op.lamport_ts}.`,
        );
      }
      raise(op.lamport_ts, at);
    } else if (note.kind === "restamped") {
      for (const { lamport_ts } of note.ops) raise(lamport_ts, at);
    } else if (note.kind === "applied" && note.via !== "resync") {
      for (const { device_id, lamport_ts } of note.ops) {
        if (lamport_ts > clock && uuidKey(device_id) !== installation.device) raise(lamport_ts, at);
      }
    }
  }
}

/** The highest stamp that the device had given out on this disk. */
function clockOf(
  installation: Installation,
  { history }: Reading,
  until: EventIndex,
): { readonly clock: LamportTs; readonly clockAt: EventIndex } {
  let clock: LamportTs = 0;
  let clockAt: EventIndex = -1;
  for (const at of installation.events) {
    if (at > until) break;
    const event = history.events[at]!;
    if (event.kind !== "noted") continue;
    const { note } = event;
    const stamped =
      note.kind === "edited" ? note.op : note.kind === "restamped" ? note.ops.at(-1) : undefined;
    if (stamped === undefined || stamped.lamport_ts <= clock) continue;
    clock = stamped.lamport_ts;
    clockAt = at;
  }
  return { clock, clockAt };
}
