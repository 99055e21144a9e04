// Habits of a server: choices that the page leaves open, as sentences for whoever compares two builds. None is a fault.
import { isJsonObject } from "../../protocol/json.ts";
import type { Exchanger, WireAnswer } from "../probes/exchange.ts";
import { ackOf, type Caller, pullOf, pushOf } from "./bad-case.ts";
import { goodBody, readLog, uuidOf } from "./caller.ts";

/** Looks at a few good answers of a user with a log of some length.  Errors: `TargetUnusable`. */
export async function noteHabits(exchanger: Exchanger, caller: Caller): Promise<readonly string[]> {
  const log = await readLog(exchanger, caller);
  const pull = await exchanger.exchange(pullOf(caller, "?since=0"));
  const first = log.ops[0];
  const stamp = Math.max(0, ...log.ops.map((op) => op.lamport_ts)) + 1;
  const op = { operationId: uuidOf("habits", caller.user), entityId: "habits", stamp };
  const push = await exchanger.exchange(pushOf(caller, [{ text: goodBody([op]) }]));
  const ack = await exchanger.exchange(ackOf(caller, [{ text: '{"last_seen_id":-1}' }]));
  const notes: string[] = [];
  if (pull.kind === "answer") notes.push(...pageHabits(pull, log.ops.length));
  if (first !== undefined) notes.push(idHabit(log.ops.map(({ id }) => id)));
  if (push.kind === "answer") notes.push(...memberHabits("a push", push, ["results", "head"]));
  if (ack.kind === "answer") notes.push(typeHabit("an error", ack));
  return notes;
}

function pageHabits(pull: WireAnswer, length: number): readonly string[] {
  const body = isJsonObject(pull.json) ? pull.json : {};
  const given = Array.isArray(body.ops) ? body.ops.length : 0;
  const paging =
    body.has_more === true
      ? `a pull without limit gives ${given} ops of ${length}`
      : `a pull without limit gives all ${length} ops at once`;
  const [op] = Array.isArray(body.ops) ? body.ops : [];
  const known = [
    ...["id", "device_id", "operation_id", "entity_type", "entity_id", "op", "field", "value", "lamport_ts"],
    "wall_clock",
  ];
  return [
    paging,
    typeHabit("a pull", pull),
    ...memberHabits("a pull", pull, ["ops", "head", "has_more", "resync"]),
    ...namesBeyond("an op", op, known),
  ];
}

function idHabit(ids: readonly number[]): string {
  const isPlain = ids.every((id, index) => id === index + 1);
  if (isPlain) return "ids of a user count from 1 without gaps";
  return `ids of a user begin at ${ids[0]} and have gaps, as from one sequence for all users`;
}

const typeHabit = (what: string, { headers }: WireAnswer): string =>
  `the Content-Type of ${what} is ${headers["content-type"] ?? "not given"}`;

const memberHabits = (what: string, { json }: WireAnswer, known: readonly string[]): readonly string[] =>
  namesBeyond(`the answer to ${what}`, json, known);

function namesBeyond(what: string, value: unknown, known: readonly string[]): readonly string[] {
  const extra = isJsonObject(value) ? Object.keys(value).filter((name) => !known.includes(name)) : [];
  return extra.length === 0 ? [] : [`${what} has more members: ${extra.join(", ")}`];
}
