// GET /sync/ops. Watermark, head and ops are read in one snapshot: read apart, a compaction between the guard and the
// ops would hand out a log with holes to a device that the guard let pass.
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import { type EpochMs, limits, type LogOp, type ServerId } from "../../protocol/waveflow/types.ts";
import type { Caller } from "./identity.ts";
import type { Database, StoredOp, Watermark } from "./ports.ts";
import { invalidRequest, json, resyncRequired } from "./replies.ts";
import { createResyncToken, isSameWalk, readResyncToken } from "./resync-token.ts";

export interface PullQuery {
  readonly since: ServerId;
  readonly limit: number;
  readonly resync: string | undefined;
}

/** Numbers are decimal digits and nothing else; a parameter that comes twice is as bad as one that is no number.
 *  A token that comes twice is unreadable, and so counts as none.  Source: waveflow.md section 5. */
export function readPull(
  query: HttpRequest["query"],
  limitDefault: number,
): { readonly query: PullQuery } | { readonly refused: HttpResponse } {
  const since = readInteger(query["since"], 0);
  if (since === undefined) return refuse("since", `an integer from 0 to ${Number.MAX_SAFE_INTEGER}`);
  const limit = readInteger(query["limit"], limitDefault);
  if (limit === undefined || limit < 1 || limit > limits.pullLimitMax) {
    return refuse("limit", `an integer from 1 to ${limits.pullLimitMax}`);
  }
  const { resync } = query;
  return { query: { since, limit, resync: typeof resync === "string" ? resync : undefined } };
}

/** Reads one page. The time of contact is written in the same transaction, so a page is never given on a contact that
 *  was lost. It comes first: under REPEATABLE READ a row that another request of the device holds is waited for, and
 *  the later the snapshot meets it, the likelier the whole read has to be done again.  Source: WF-PULL-1 to WF-PULL-7. */
export function pull(
  database: Database,
  request: { readonly caller: Caller; readonly arrivedAt: EpochMs; readonly query: PullQuery },
): Promise<HttpResponse> {
  const { caller, arrivedAt, query } = request;
  const { user, device, deviceKey } = caller;
  const { since, limit } = query;
  return database.transaction(
    { isolation: "repeatable read", purpose: "pull", device },
    async (transaction) => {
      await transaction.raiseDevice({ user, device: deviceKey, highestLamport: 0, contactAt: arrivedAt });
      const watermark = await transaction.readWatermark(user);
      const head = await transaction.highestId(user);
      const walk = since === 0 ? undefined : readResyncToken(query.resync ?? "", user);
      const refused = guard({ since, walk, watermark, head });
      if (refused !== undefined) return refused;
      const found = await transaction.opsAfter({ user, since, limit: limit + 1 });
      const hasMore = found.length > limit;
      const page = hasMore ? found.slice(0, limit) : found;
      const resync =
        since === 0 && hasMore
          ? createResyncToken(user, watermark)
          : walk === undefined
            ? undefined
            : query.resync;
      return json(200, {
        ops: page.map(toLogOp),
        head,
        has_more: hasMore,
        ...(resync === undefined ? {} : { resync }),
      });
    },
  );
}

/** The op as the wire has it.  Source: waveflow.md section 5. */
export function toLogOp(stored: StoredOp): LogOp {
  // Member by member: the rest of a destructuring makes objects that are slow to make and slow to read.
  return {
    id: stored.id,
    device_id: stored.device_id,
    operation_id: stored.operation_id,
    entity_type: stored.entity_type,
    entity_id: stored.entity_id,
    op: stored.op,
    field: stored.field,
    value: stored.value,
    lamport_ts: stored.lamport_ts,
    wall_clock: stored.wall_clock,
  };
}

/** Whether the reader may go on from `since`. A walk from 0 may, as long as nothing was deleted since it began.
 *  Source: WF-PULL-3, WF-PULL-5, WF-PULL-7. */
function guard(read: {
  readonly since: ServerId;
  readonly walk: Watermark | undefined;
  readonly watermark: Watermark;
  readonly head: ServerId;
}): HttpResponse | undefined {
  const { since, walk, watermark, head } = read;
  const { compactedUpTo } = watermark;
  if (since === 0) return undefined;
  if (since > head) return resyncRequired(compactedUpTo, "cursor_ahead");
  if (walk === undefined) return since < compactedUpTo ? resyncRequired(compactedUpTo) : undefined;
  return isSameWalk(walk, watermark) ? undefined : resyncRequired(compactedUpTo);
}

const readInteger = (
  parameter: string | readonly string[] | undefined,
  absent: number,
): number | undefined => {
  if (parameter === undefined) return absent;
  if (typeof parameter !== "string" || !/^\d+$/u.test(parameter)) return undefined;
  const value = Number(parameter);
  return value <= Number.MAX_SAFE_INTEGER ? value : undefined;
};

const refuse = (parameter: string, expected: string): { readonly refused: HttpResponse } => ({
  refused: invalidRequest([{ path: parameter, message: `expected ${expected}` }]),
});
