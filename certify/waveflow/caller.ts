// Callers of a probe: users that the target has never seen, with what they can do beside bad requests: a good push, a look
// at the log, an acknowledgement, a compaction.
import { createHash } from "node:crypto";
import { isJsonObject } from "../../protocol/json.ts";
import { pullReplySchema, pushReplySchema } from "../../protocol/waveflow/messages.ts";
import type { LogOp, PullReply, PushReply } from "../../protocol/waveflow/types.ts";
import type { ProbeTarget } from "../probe.ts";
import type { Exchanger, WireOutcome } from "../probes/exchange.ts";
import { ackOf, type Caller, pullOf, pushOf } from "./bad-case.ts";

/** The target did not do what every right server does when nothing is wrong: there is nothing to go on with. */
export class TargetUnusable extends Error {
  override readonly name = "TargetUnusable";
  readonly requirement: string;
  readonly expected: string;
  readonly seen: string;

  constructor(fault: { readonly requirement: string; readonly expected: string; readonly seen: string }) {
    super(`expected ${fault.expected}; saw ${fault.seen}`);
    this.requirement = fault.requirement;
    this.expected = fault.expected;
    this.seen = fault.seen;
  }
}

/** A user nobody has heard of, on a device of their own; undefined where the target gives no token for one. */
export async function freshCaller(target: ProbeTarget, user?: string): Promise<Caller | undefined> {
  const caller = { user: user ?? target.freshUser(), device: target.freshDevice() };
  const token = await target.mintToken(caller.user, caller.device);
  return token === undefined ? undefined : { ...caller, token };
}

/** A UUID that is the same for the same words. */
export function uuidOf(...words: readonly string[]): string {
  const hex = createHash("sha256").update(words.join("\n")).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** One write to one register. */
export interface GoodOp {
  readonly operationId: string;
  readonly entityId: string;
  readonly stamp: number;
  readonly value?: string;
}

export const goodBody = (ops: readonly GoodOp[]): string =>
  JSON.stringify({
    ops: ops.map(({ operationId, entityId, stamp, value = "A" }) => ({
      operation_id: operationId,
      entity_type: "probe",
      entity_id: entityId,
      op: "upsert",
      field: "title",
      value,
      lamport_ts: stamp,
    })),
  });

/** Pushes what is good.  Errors: `TargetUnusable` for anything but a well-formed 200. */
export async function pushGood(
  exchanger: Exchanger,
  caller: Caller,
  ops: readonly GoodOp[],
): Promise<PushReply> {
  const outcome = await exchanger.exchange(pushOf(caller, [{ text: goodBody(ops) }]));
  const reply =
    outcome.kind === "answer" && outcome.status === 200 ? pushReplySchema.safeParse(outcome.json) : undefined;
  if (reply?.success === true) return reply.data;
  throw unusable("WF-PUSH-1", "a good push to be answered 200", outcome);
}

/** Errors: `TargetUnusable` for anything but a 204. */
export async function acknowledgeGood(exchanger: Exchanger, caller: Caller, id: number): Promise<void> {
  const outcome = await exchanger.exchange(ackOf(caller, [{ text: `{"last_seen_id":${id}}` }]));
  if (outcome.kind === "answer" && outcome.status === 204) return;
  throw unusable("WF-ACK-1", `an acknowledgement of ${id} to be answered 204`, outcome);
}

/** The user's whole log as a device gets it that begins from 0.  Errors: `TargetUnusable` where that does not end well. */
export async function readLog(
  exchanger: Exchanger,
  caller: Caller,
): Promise<{ readonly ops: readonly LogOp[]; readonly head: number; readonly pages: number }> {
  const ops: LogOp[] = [];
  let since = 0;
  let resync: string | undefined;
  for (let pages = 1; pages <= pagesMax; pages++) {
    const token = resync === undefined ? "" : `&resync=${encodeURIComponent(resync)}`;
    const outcome = await exchanger.exchange(pullOf(caller, `?since=${since}&limit=1000${token}`));
    const reply = outcome.kind === "answer" && outcome.status === 200 ? pageIn(outcome.json) : undefined;
    if (reply === undefined) throw unusable("WF-PULL-1", `a pull from ${since} to be answered 200`, outcome);
    ops.push(...reply.ops);
    const last = reply.ops.at(-1)?.id ?? since;
    if (!reply.has_more) return { ops, head: reply.head, pages };
    if (last <= since)
      throw unusable("WF-PULL-1", `a page after ${since} with ops on it, where more follow`, outcome);
    since = last;
    resync = reply.resync ?? resync;
  }
  throw new TargetUnusable({
    requirement: "WF-PULL-5",
    expected: "a full read to end",
    seen: `no end after ${pagesMax} pages`,
  });
}

const pagesMax = 1_000;

/** A page as far as it can be read: which of its ops is off, whoever looks at it has to be able to say. */
function pageIn(json: unknown): PullReply | undefined {
  const page = pullReplySchema.safeParse(json);
  if (page.success) return page.data as PullReply;
  if (!isJsonObject(json) || !Array.isArray(json.ops) || typeof json.has_more !== "boolean") return undefined;
  const isOp = (op: unknown): boolean =>
    isJsonObject(op) && Number.isSafeInteger(op.id) && typeof op.operation_id === "string";
  return Number.isSafeInteger(json.head) && json.ops.every(isOp) ? (json as unknown as PullReply) : undefined;
}

const unusable = (requirement: string, expected: string, outcome: WireOutcome): TargetUnusable =>
  new TargetUnusable({ requirement, expected, seen: describeOutcome(outcome) });

/** `500 {"type":…}`, `no answer within 5000 ms`. */
export function describeOutcome(outcome: WireOutcome): string {
  if (outcome.kind !== "answer") return outcome.why;
  const { status, text } = outcome;
  const shown = text.length > shownLengthMax ? `${text.slice(0, shownLengthMax - 1)}…` : text;
  return shown === "" ? `${status} without a body` : `${status} ${shown}`;
}

const shownLengthMax = 200;

/** What the compact hook over HTTP says; undefined where there is none, or where it does not do what it should.
 *  `hooks` is where they are. */
export async function compactOverHook(
  hooks: Exchanger,
  controlToken: string,
  user: string,
): Promise<{ readonly deleted: number; readonly compactedUpTo: number } | undefined> {
  const outcome = await hooks.exchange({
    method: "POST",
    path: "/control/compact",
    headers: [
      ["Authorization", `Bearer ${controlToken}`],
      ["Content-Type", "application/json"],
    ],
    body: [{ text: JSON.stringify({ user }) }],
  });
  const body = outcome.kind === "answer" && outcome.status === 200 ? outcome.json : undefined;
  if (!isJsonObject(body)) return undefined;
  const { deleted, compacted_up_to: compactedUpTo } = body;
  return typeof deleted === "number" && typeof compactedUpTo === "number"
    ? { deleted, compactedUpTo }
    : undefined;
}
