// Pages of pulls and accounts of the log, each with the range of ids that it covers, and what is missing in it: ids
// that the user is known to have had somewhere in the run and that the reader of that range was not given.
// Missing is not yet wrong: the op may have come later, or compaction may have taken it.
import type { LogOp, ServerId } from "../../protocol/waveflow/types.ts";
import type { EventIndex } from "../history.ts";
import type { LogFinding, PullCall } from "./reading.ts";
import { type EraLog, noEra, type Stored, type UserLog } from "./user-log.ts";

/** A reader was given everything that was visible with `since < id <= upTo`. */
export interface Read {
  readonly kind: "page" | "log";
  readonly user: UserLog;
  readonly era: number;
  readonly actor: string;
  /** Not read before this. An account of the log does not say when it was begun: then it is the start of the calm. */
  readonly askedAt: EventIndex;
  readonly answeredAt: EventIndex;
  readonly since: ServerId;
  /** It came with the token of a walk, which is no matter of the guard. */
  readonly hasToken: boolean;
  readonly upTo: ServerId;
  readonly head: ServerId;
  /** Whatever supersedes a missing op is known: it is in this read, which reaches to the head, or in an account of the
   *  whole log that was made later. */
  readonly isDecisive: boolean;
  readonly ops: readonly LogOp[];
  readonly missing: readonly Missing[];
}

export interface Missing {
  readonly stored: Stored;
  /** Compaction may have taken it: something that the reader could have been given supersedes it. */
  readonly isExcused: boolean;
}

/** The reads of one era each, in order of their answers, logs last. */
export function listReads(pulls: readonly PullCall[], logs: readonly LogFinding[]): readonly Read[] {
  const reads: Read[] = [];
  for (const pull of pulls) {
    if (pull.outcome === "accepted" && pull.era !== noEra) reads.push(readPage(pull));
  }
  for (const log of logs) reads.push(readLog(log));
  return reads;
}

function readPage(pull: PullCall): Read {
  const { request, user, era, actor, askedAt, answeredAt } = pull;
  const { ops, head, has_more: hasMore } = pull.reply!;
  const last = ops.at(-1)?.id ?? request.since;
  const upTo = hasMore ? last : Math.max(head, last);
  const range = {
    since: request.since,
    upTo,
    head,
    ops,
    isDecisive: !hasMore || user.era(era).lastLogAt > answeredAt,
  };
  const hasToken = request.resync !== undefined;
  const isFromZero = request.since === 0 || hasToken;
  const missing = listMissing(user.era(era), {
    ...range,
    excusedUpTo: hasMore ? Infinity : head,
    isFromZero,
  });
  return { kind: "page", user, era, actor, askedAt, answeredAt, hasToken, missing, ...range };
}

function readLog({ user, era, at, calmAt, finding }: LogFinding): Read {
  const { ops, head } = finding;
  const range = { since: 0, upTo: head, head, ops, isDecisive: true };
  const missing = listMissing(user.era(era), { ...range, excusedUpTo: head, isFromZero: true });
  return {
    kind: "log",
    hasToken: false,
    user,
    era,
    actor: "server",
    askedAt: calmAt,
    answeredAt: at,
    missing,
    ...range,
  };
}

interface Range {
  readonly since: ServerId;
  readonly upTo: ServerId;
  /** Something newer excuses a missing op up to this id. The reader of a middle page may never see the rest, and what
   *  supersedes an op there may itself be known only by what superseded it later. */
  readonly excusedUpTo: ServerId;
  readonly ops: readonly LogOp[];
  readonly isFromZero: boolean;
}

const nothing: readonly Missing[] = [];

function listMissing(log: EraLog, range: Range): readonly Missing[] {
  const known = log.sorted();
  const { ops, upTo } = range;
  let missing: Missing[] | undefined;
  let next = 0;
  for (let at = firstAbove(known, range.since); at < known.length; at++) {
    const stored = known[at]!;
    if (stored.id > upTo) break;
    while (next < ops.length && ops[next]!.id < stored.id) next++;
    if (next < ops.length && ops[next]!.id === stored.id) continue;
    (missing ??= []).push({ stored, isExcused: isExcused(log, stored, range) });
  }
  return missing ?? nothing;
}

/** A delete may also go with nothing newer in its place, where whoever reads from 0 is given nothing below it. */
function isExcused(log: EraLog, stored: Stored, range: Range): boolean {
  if (log.superseder(stored, range.excusedUpTo) !== undefined) return true;
  if (stored.content.op !== "delete" || !range.isFromZero) return false;
  const { entity_type: type, entity_id: id } = stored.content;
  return !range.ops.some((op) => op.id < stored.id && op.entity_id === id && op.entity_type === type);
}

/** The place of the first stored op above an id. */
export function firstAbove(sorted: readonly Stored[], id: ServerId): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]!.id > id) high = middle;
    else low = middle + 1;
  }
  return low;
}
