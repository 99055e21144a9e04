// Reads a user's whole log as a fresh device would: from 0, page by page, and never acknowledging, so that nothing in
// the protocol shows that somebody looked. Both worlds read the server with this.
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import { foldLog, visibleState } from "../../protocol/waveflow/fold.ts";
import { pullReplySchema } from "../../protocol/waveflow/messages.ts";
import { limits, type LogOp, type PullReply, type UserId } from "../../protocol/waveflow/types.ts";
import type { WaveflowFinding } from "../../invariants/waveflow/events.ts";
import type { ServerAccount } from "../actor.ts";

export interface ReadAccountOptions {
  readonly user: UserId;
  readonly exchange: (request: HttpRequest) => Promise<HttpResponse>;
  readonly token: string;
  /** A device id of the reader's own. */
  readonly deviceId: string;
}

/** The server gave no account of a user: it answered with something that no right server says to this question. */
export class AccountUnreadable extends Error {
  readonly code = "account_unreadable";
  override readonly name = "AccountUnreadable";
}

/** The log, its fold and its head as the server tells them. A walk that a compaction or a passing failure (5xx) breaks
 *  off is begun again.
 *  Errors: `AccountUnreadable`; whatever `exchange` throws.  Source: WF-PULL-5, WF-PULL-6. */
export async function readWaveflowAccount(options: ReadAccountOptions): Promise<ServerAccount> {
  let seen = "";
  for (let walk = 1; walk <= walksMax; walk++) {
    const outcome = await readWalk(options);
    if ("ops" in outcome) {
      const { user } = options;
      const { ops, head } = outcome;
      const finding: WaveflowFinding = { kind: "log", user, ops, head };
      return {
        user,
        finding,
        head,
        entries: ops.length,
        // Most readers look at the head alone.
        get state() {
          return visibleState(foldLog(ops.filter(isFoldable)));
        },
      };
    }
    seen = describe(outcome.brokenOff);
    if (outcome.brokenOff.status !== 410 && outcome.brokenOff.status < 500) break;
  }
  throw new AccountUnreadable(
    `the log of ${options.user} cannot be read from 0: expected a page of ops, saw ${seen}`,
  );
}

/** The head alone, from the smallest page; `undefined` where the server does not give one now.  Source: WF-PULL-6. */
export async function readWaveflowHead(
  options: Omit<ReadAccountOptions, "user">,
): Promise<number | undefined> {
  const { exchange, token, deviceId } = options;
  const response = await exchange({
    method: "GET",
    path: "/sync/ops",
    query: { since: "0", limit: "1" },
    headers: { authorization: `Bearer ${token}`, "x-device-id": deviceId },
  });
  return readPage(response)?.head;
}

const walksMax = 5;
const pagesMax = 100_000;

type Walk = { readonly ops: readonly LogOp[]; readonly head: number } | { readonly brokenOff: HttpResponse };

async function readWalk({ exchange, token, deviceId, user }: ReadAccountOptions): Promise<Walk> {
  const ops: LogOp[] = [];
  let since = 0;
  let resync: string | undefined;
  for (let page = 1; page <= pagesMax; page++) {
    const response = await exchange({
      method: "GET",
      path: "/sync/ops",
      query: {
        since: String(since),
        limit: String(limits.pullLimitMax),
        ...(resync === undefined ? {} : { resync }),
      },
      headers: { authorization: `Bearer ${token}`, "x-device-id": deviceId },
    });
    const reply = readPage(response);
    if (reply === undefined) return { brokenOff: response };
    ops.push(...reply.ops);
    if (!reply.has_more) return { ops, head: reply.head };
    const last = reply.ops.at(-1)?.id ?? since;
    if (last <= since) {
      throw new AccountUnreadable(
        `a page of ${user}'s log after ${since} ends at ${last} and says that more follow`,
      );
    }
    since = last;
    resync = reply.resync ?? resync;
  }
  throw new AccountUnreadable(`the log of ${user} does not end after ${pagesMax} pages`);
}

function readPage(response: HttpResponse): PullReply | undefined {
  if (response.status !== 200) return undefined;
  const parsed = pullReplySchema.safeParse(response.body);
  return parsed.success ? (parsed.data as PullReply) : undefined;
}

/** An op of a newer shape is set aside, as a device does.  Source: WF-DEV-12. */
function isFoldable({ op, field }: LogOp): boolean {
  return op === "delete" || (op === "upsert" && field !== null);
}

function describe({ status, body }: HttpResponse): string {
  const text = typeof body === "string" ? body : (JSON.stringify(body) ?? "no body");
  return `${status} ${text.slice(0, 200)}`;
}
