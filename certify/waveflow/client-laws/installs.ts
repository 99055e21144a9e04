// A client's stays on one disk under one account, as far as the wire and its driver tell of them, and what each edit of
// its person became.
import type { Call, Installation, Moment, Reading } from "../../../invariants/waveflow/reading.ts";
import type { Operation } from "../../../invariants/waveflow/user-log.ts";
import type { EventIndex } from "../../../invariants/history.ts";
import { isJsonObject } from "../../../protocol/json.ts";
import type { OpContent } from "../../../protocol/waveflow/types.ts";

/** All stays of an actor under one account on one disk. A disk that was copied, put back or emptied begins anew. */
export interface Stays {
  readonly actor: string;
  readonly actorNumber: number;
  readonly installations: readonly Installation[];
  /** In order. */
  readonly moments: readonly Moment[];
}

/** Only disks whose beginning was seen: of others nobody knows what was on them. */
export function staysOf({ installations }: Reading): readonly Stays[] {
  const byDisk = new Map<string, { isKnown: boolean; readonly stays: Installation[] }>();
  for (const installation of installations) {
    const { actor, user, device, server, isFresh, isCopied } = installation;
    const key = JSON.stringify([actor, user.name, device, server]);
    const known = byDisk.get(key);
    if (known === undefined) byDisk.set(key, { isKnown: isFresh && !isCopied, stays: [installation] });
    else {
      known.isKnown &&= !isCopied;
      known.stays.push(installation);
    }
  }
  return [...byDisk.values()]
    .filter(({ isKnown }) => isKnown)
    .map(({ stays }) => ({
      actor: stays[0]!.actor,
      actorNumber: stays[0]!.actorNumber,
      installations: stays,
      moments: stays.flatMap(({ moments }) => moments).sort((left, right) => left.at - right.at),
    }));
}

/** The note of a moment, of a kind that only drivers leave. */
export function driverNote<Kind extends "made" | "shown">(
  { kind, note }: Moment,
  wanted: Kind,
): Extract<NonNullable<Moment["note"]>, { kind: Kind }> | undefined {
  return kind === wanted ? (note as Extract<NonNullable<Moment["note"]>, { kind: Kind }>) : undefined;
}

/** The pushes that the client itself made, in order. */
export function pushesOf({ moments }: Stays): readonly Call[] {
  return moments.flatMap(({ kind, call }) =>
    kind === "push" && call?.request.kind === "push" ? [call] : [],
  );
}

/** Operations in the order in which this client pushed each of them for the first time. */
export function operationsOf(stays: Stays): readonly Operation[] {
  return [...new Set(pushesOf(stays).flatMap(({ operations }) => operations))];
}

/** The same text for two edits that say the same. */
export function contentKey({ entity_type: type, entity_id: id, op, field, value }: OpContent): string {
  return canonical([type, id, op, field ?? null, op === "delete" ? null : (value ?? null)]);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(",")}}`;
}

/** What bore on a client last between two events, as the rule that it is the matter of. */
export function ruleBetween(
  stays: Stays,
  reading: Reading,
  span: { readonly after: EventIndex; readonly upTo: EventIndex },
): string {
  const { after, upTo } = span;
  let rule = "WF-DEV-2";
  let ruledAt = after;
  const take = (at: EventIndex, id: string): void => {
    if (at <= ruledAt || at > upTo) return;
    ruledAt = at;
    rule = id;
  };
  const returns = new Set(stays.installations.slice(1).map(({ moments }) => moments[0]?.at));
  for (const { kind, at, note } of stays.moments) {
    if (returns.has(at)) take(at, "WF-DEV-14");
    else if (kind === "crash" || kind === "restart") take(at, "WF-DEV-3");
    else if (note?.kind === "token") take(at, "WF-DEV-15");
    else if (note?.kind === "mode-asked") take(at, "WF-DEV-13");
  }
  for (const call of reading.calls) {
    if (call === undefined || call.actor !== stays.actor || call.request.isByHand === true) continue;
    const hasRead = stays.moments.some(
      (moment) => moment.at < call.askedAt && (driverNote(moment, "shown")?.cursor ?? 0) > 0,
    );
    take(call.answeredAt, ruleOfAnswer(call, hasRead));
  }
  return rule;
}

function ruleOfAnswer({ request, type, outcome, status }: Call, hasRead: boolean): string {
  if (type === "resync_required") return "WF-DEV-11";
  if (request.kind === "pull" && request.since === 0 && hasRead) return "WF-DEV-11";
  if (request.kind !== "push") return "WF-DEV-9";
  if (type === "lamport_regression") return "WF-DEV-6";
  return outcome === "refused" && status !== 0 ? "WF-DEV-5" : "WF-DEV-4";
}
