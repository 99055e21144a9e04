// A device's clock goes one way.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { LamportTs, PushOp } from "../../protocol/waveflow/types.ts";
import type { EventIndex } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Installation, type Moment, noteOf, readHistory } from "./reading.ts";
import { Rising } from "./user-log.ts";
import { nameOperation } from "./words.ts";

/** A new edit is stamped above every edit and restamped row before it on the same disk, and above every op of another
 *  device that was applied from a page or frame before.
 *  And the clock itself stands at or above all that it stamped, and above all that it received.
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
    const given = new Map<Installation, Rising>();
    for (const installation of reading.installations)
      given.set(installation, judgeInstallation(installation, tally));
    for (const { installation, finding, at } of reading.deviceFindings) {
      const clock = given.get(installation)!.before(at);
      const waiting = finding.pending.reduce((most, { lamport_ts }) => Math.max(most, lamport_ts), 0);
      if (clock === undefined && waiting === 0) continue;
      tally.look();
      const least = Math.max(clock?.value ?? 0, waiting);
      if (finding.lamport >= least) continue;
      tally.contradict(
        [clock?.at ?? -1, at],
        () =>
          `By what ${installation.actor} had stamped and received, its clock has to stand at ${least} or above. It stands at ${finding.lamport}.`,
      );
    }
    return tally.verdict("no device made an edit after another, or was looked at");
  },
};

/** Returns what the clock has to stand at, by what was stamped, pushed and received. */
function judgeInstallation(installation: Installation, tally: Tally): Rising {
  const { device, moments } = installation;
  const given = new Rising();
  const clock: Clock = { stamp: 0, at: -1 };
  for (const moment of moments) {
    const { kind, at } = moment;
    if (kind === "edited") {
      const { op } = noteOf(moment, kind)!;
      given.add(op.lamport_ts, at);
      judgeEdit(op, moment, { installation, clock }, tally);
    } else if (kind === "restamped") {
      for (const { lamport_ts } of noteOf(moment, kind)!.ops) {
        given.add(lamport_ts, at);
        raise(clock, lamport_ts, at);
      }
    } else if (kind === "push" && moment.call?.request.kind === "push") {
      for (const { lamport_ts } of moment.call.request.ops) {
        given.add(lamport_ts, at);
        raise(clock, lamport_ts, at);
      }
    } else if (kind === "applied") {
      const { ops, via } = noteOf(moment, kind)!;
      if (via === "resync") continue;
      for (const { device_id, lamport_ts } of ops) {
        if (lamport_ts <= clock.stamp || device_id === device) continue;
        if (uuidKey(device_id) === device) continue;
        raise(clock, lamport_ts, at);
        given.add(Math.min(lamport_ts + 1, Number.MAX_SAFE_INTEGER), at);
      }
    }
  }
  return given;
}

/** The highest stamp given out or received, and where. */
interface Clock {
  stamp: LamportTs;
  at: EventIndex;
}

function raise(clock: Clock, stamp: LamportTs, at: EventIndex): void {
  if (stamp <= clock.stamp) return;
  clock.stamp = stamp;
  clock.at = at;
}

function judgeEdit(
  { operation_id: operationId, lamport_ts: stamp }: PushOp,
  { at, operation }: Moment,
  { installation, clock }: { readonly installation: Installation; readonly clock: Clock },
  tally: Tally,
): void {
  const pushedAt = operation?.placements[0]?.call.askedAt ?? Infinity;
  if (pushedAt < at) return;
  tally.look();
  if (stamp <= clock.stamp) {
    const before = { ...clock };
    tally.contradict(
      [before.at, at],
      () =>
        `${installation.actor} had stamped or received ${before.stamp}. It gave ${nameOperation(operationId)} the stamp ${stamp}.`,
    );
  }
  raise(clock, stamp, at);
}
