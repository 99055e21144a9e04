// The cursor is moved by what was read, forward, and never by the reply to a push.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { ServerId } from "../../protocol/waveflow/types.ts";
import type { EventIndex } from "../history.ts";
import type { WaveflowEvent } from "./events.ts";
import { type Call, type Installation, noteOf, readHistory } from "./reading.ts";

/** Leaves out whether a cursor fell across a crash: a resync may have become durable unnoticed.
 *  Source: WF-DEV-9 ("The reply to a push never moves the cursor"). */
export const cursorComesFromReading: Law<WaveflowEvent> = {
  id: "cursor-comes-from-reading",
  requirements: ["WF-DEV-9", "WF-DEV-10", "WF-DEV-15"],
  promise: "A cursor stands no higher than what pulls and frames have brought, and falls only in a resync.",
  judge(history) {
    const tally = new Tally();
    const { installations, deviceFindings } = readHistory(history);
    for (const installation of installations) {
      const cursors = judgeInstallation(installation, tally);
      for (const { installation: of, finding, at } of deviceFindings) {
        if (of === installation) judgeFinding(finding.cursor, { actor: of.actor, at, cursors }, tally);
      }
    }
    return tally.verdict("no device moved its cursor");
  },
};

/** Where a cursor stood from an event on. After a crash it may be anywhere. */
interface Stand {
  readonly at: EventIndex;
  readonly cursor: ServerId;
}

/** Returns where the cursor stood, in order. */
function judgeInstallation({ actor, moments }: Installation, tally: Tally): readonly Stand[] {
  const cursors: Stand[] = [];
  let cursor = 0;
  let cursorAt = -1;
  let page: Call | undefined;
  for (const moment of moments) {
    if (moment.kind === "page") page = moment.call;
    if (moment.kind === "crash") {
      cursor = 0;
      cursors.push({ at: moment.at, cursor });
    }
    const applied = noteOf(moment, "applied");
    if (applied === undefined) continue;
    const { at, given } = moment;
    tally.look();
    if (applied.cursor > given) {
      tally.contradict(
        [at],
        () =>
          `${actor} moved its cursor to ${applied.cursor}. The highest id or head that a pull or frame had brought to it is ${given}.`,
      );
    }
    if (applied.via !== "resync" && applied.cursor < cursor) {
      const before = cursor;
      tally.contradict(
        [cursorAt, at],
        () =>
          `${actor}'s cursor stood at ${before}. It was moved back to ${applied.cursor} without a resync.`,
      );
    }
    if (applied.via === "pull" && page?.request.kind === "pull") {
      judgePage(page.request.since, { actor, at: page.askedAt, cursors }, tally);
    }
    cursor = applied.cursor;
    cursorAt = at;
    cursors.push({ at, cursor });
  }
  return cursors;
}

/** Where a device asks from, unless it reads everything anew. */
function judgePage(since: ServerId, where: Where, tally: Tally): void {
  const stood = standAt(where);
  if (stood === undefined || since >= stood.cursor) return;
  tally.contradict(
    [stood.at, where.at],
    () =>
      `${where.actor}'s cursor stood at ${stood.cursor}. It asked from ${since} and laid what came over the state that it had.`,
  );
}

function judgeFinding(cursor: ServerId, where: Where, tally: Tally): void {
  const stood = standAt(where);
  if (stood === undefined || cursor >= stood.cursor) return;
  tally.contradict(
    [stood.at, where.at],
    () =>
      `${where.actor}'s cursor stood at ${stood.cursor}. It stands at ${cursor}, and nothing was read anew.`,
  );
}

interface Where {
  readonly actor: string;
  readonly at: EventIndex;
  readonly cursors: readonly Stand[];
}

const standAt = ({ at, cursors }: Where): Stand | undefined => cursors.findLast((stand) => stand.at < at);
