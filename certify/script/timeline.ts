// What a script tells, in the order of time: the exchanges and frames of a run, its steps, what was asked of the server's
// hooks, and what befell everybody. What overlapped stands in one act, because it is to be begun together.
import type { History, RunMs } from "../../invariants/history.ts";
import type { WireEntry, WireExchange, WireRecord } from "../../live/wire-record.ts";

/** Something asked of the server past its protocol. */
export interface HookCall {
  readonly kind: "hook";
  readonly at: RunMs;
  readonly endedAt: RunMs;
  readonly path: string;
  readonly body: Readonly<Record<string, string | number>>;
  readonly answer: string;
}

/** Something that no request can do. */
export interface Happening {
  readonly kind: "happening";
  readonly at: RunMs;
  readonly text: string;
  /** What whoever runs the script does in its place, where anybody can. */
  readonly byHand?: "kill" | "start";
}

export type Asked = WireExchange | HookCall;

export type Entry = WireEntry | HookCall | Happening;

/** What stands in a script one behind the other, up to where everything that was begun is over. */
export type Act = readonly Entry[];

/** The acts up to a moment; what comes later tells nothing any more. */
export function actsOf(record: WireRecord, history: History, until: RunMs = Infinity): readonly Act[] {
  const told = [
    ...withoutRereading(record.entries),
    ...record.entries.flatMap(hookOfStep),
    ...history.events.flatMap((event) => hookOfEvent(event, record.users)),
    ...history.events.flatMap((event) => happeningOf(event, record)),
  ].filter(({ at }) => at <= until);
  const inOrder = told
    .map((entry, place) => ({ entry, place }))
    .sort(
      (left, right) =>
        left.entry.at - right.entry.at ||
        rankOf(left.entry) - rankOf(right.entry) ||
        left.place - right.place,
    )
    .map(({ entry }) => entry);
  return together(inOrder);
}

/** Within one millisecond a step stands before what it does. */
const rankOf = ({ kind }: Entry): number => (kind === "step" ? 0 : kind === "happening" ? 1 : 2);

function together(entries: readonly Entry[]): readonly Act[] {
  const acts: Entry[][] = [];
  let endsAt = -Infinity;
  for (const entry of entries) {
    if (entry.at >= endsAt) acts.push([]);
    acts.at(-1)!.push(entry);
    // One that was never answered is waited for by nobody but its sender.
    if (isAsked(entry)) endsAt = Math.max(endsAt, endOf(entry));
  }
  return acts;
}

export const isAsked = (entry: Entry): entry is Asked => entry.kind === "exchange" || entry.kind === "hook";

/** When the answer was there; at once where there was none. */
export const endOf = ({ at, endedAt = at }: Asked): number => endedAt;

/** It can be asked again: it came to the server. */
export const isSent = (entry: Entry): entry is Asked =>
  entry.kind === "hook" || (entry.kind === "exchange" && entry.lost?.part !== "request");

/** A world reads the server again and again until everybody is at rest; the last time is the one that counts. */
function withoutRereading(entries: readonly WireEntry[]): readonly WireEntry[] {
  const lastByRead = new Map<string, WireEntry>();
  const keyOf = ({ path, token }: WireExchange): string => `${path} ${token}`;
  for (const entry of entries) {
    if (entry.kind === "exchange" && entry.by === "reader") lastByRead.set(keyOf(entry), entry);
  }
  return entries.filter(
    (entry) => entry.kind !== "exchange" || entry.by !== "reader" || lastByRead.get(keyOf(entry)) === entry,
  );
}

function hookOfStep(entry: WireEntry): readonly HookCall[] {
  if (entry.kind !== "step" || entry.step.kind !== "clock") return [];
  const { at, step } = entry;
  const body = { advance_ms: step.advanceMs };
  return [{ kind: "hook", at, endedAt: at, path: "/control/clock", body, answer: "200" }];
}

function hookOfEvent(event: History["events"][number], users: WireRecord["users"]): readonly HookCall[] {
  if (event.kind !== "compacted") return [];
  const { at, begunAt = at, user, compactedUpTo, deleted } = event;
  const answer = `200 ${JSON.stringify({ compacted_up_to: compactedUpTo, deleted })}`;
  const body = { user: users[user] ?? user };
  return [{ kind: "hook", at: begunAt, endedAt: at, path: "/control/compact", body, answer }];
}

/** Faults of messages are told where the message is. */
const told: ReadonlySet<string> = new Set([
  "request lost",
  "reply lost",
  "request reset",
  "reply reset",
  "reply cut off",
  "request repeated",
  "request late",
  "reply late",
  "answered by somebody else",
  "clock",
]);

function happeningOf(event: History["events"][number], { entries }: WireRecord): readonly Happening[] {
  const { kind, at } = event;
  if (kind === "fault") return told.has(event.fault) ? [] : [{ kind: "happening", at, text: event.text }];
  if (kind === "calm") return [{ kind: "happening", at, text: "from here on nothing goes wrong any more" }];
  if (kind !== "crash" && kind !== "restart") return [];
  const { target } = event;
  const isServer =
    !entries.some((entry) => "who" in entry && entry.who === target) && target.startsWith("server");
  const what = kind === "crash" ? `${target}: ${event.text}` : `${target} starts again`;
  if (!isServer) return [{ kind: "happening", at, text: what }];
  return [{ kind: "happening", at, text: what, byHand: kind === "crash" ? "kill" : "start" }];
}
