// Ordeals of a single device: a passage in which one device is put to the test at one of its own rules, with others
// around it. Restarts and looks stand between the steps, because what a device has only in memory shows at the next
// start, and what it shows its user only when somebody looks.
//
// A stream of its own draws them, so that a plan with an ordeal is otherwise nearly the plan without it.
import type { JsonValue } from "../../protocol/json.ts";
import { editOf } from "../step-list.ts";
import { Stream } from "../stream.ts";
import { crashAtCommit } from "./happenings.ts";
import type { Entity, Plot } from "./plot.ts";

interface Ordeal {
  readonly plot: Plot;
  readonly draw: Stream;
  readonly name: string;
  readonly other: string;
}

const ordeals = [
  refusedRows,
  refusedRows,
  strangeVerdict,
  partialReply,
  largeRows,
  expiredToken,
  oldStamps,
  oldStamps,
  signedOut,
  twoAccounts,
  twoAccounts,
  anotherServer,
  serverMode,
  localMode,
  looks,
  lateStart,
  fallingDisk,
  heldFrames,
  forgottenEntities,
  forgottenEntities,
] as const;

/** Puts one device to the test. */
export function ordeal(plot: Plot): void {
  const draw = new Stream(plot.options.seed, "ordeal");
  const { devices } = plot.options;
  const name = draw.pick(devices);
  const others = devices.filter((one) => one !== name);
  const other = others.length === 0 ? name : draw.pick(others);
  draw.pick(ordeals)({ plot, draw, name, other });
}

function edit({ plot, draw }: Ordeal, name: string, value?: JsonValue): void {
  const entity = plot.entity();
  const field = plot.field();
  if (value === undefined) plot.edit(name, entity, field);
  else plot.steps.device(name, "edit", editOf(entity, [{ field, value }]));
  if (draw.onceIn(12)) plot.remove(name, entity);
}

function look({ plot, draw }: Ordeal, name: string, entity: Entity = plot.entity()): void {
  if (draw.onceIn(2)) plot.steps.device(name, "restart");
  else plot.steps.device(name, "read", { ...entity });
}

/** Rows that the server cannot keep, among others, with a crash or a start around their burial. */
function refusedRows(on: Ordeal): void {
  const { plot, draw, name } = on;
  for (let count = draw.between(1, 4); count > 0; count--) edit(on, name);
  edit(on, name, draw.pick(["a\u0000b", "\ud800"]));
  for (let count = draw.between(0, 2); count > 0; count--) edit(on, name);
  if (draw.onceIn(2)) {
    plot.steps.device(name, "crash", {
      position: draw.pick(["before", "after"]),
      commit: draw.pick([1, 2, 2, 3, 4]),
    });
  }
  plot.steps.device(name, draw.pick(["push", "sync"]));
  plot.steps.device(name, "restart");
  edit(on, name);
  if (draw.onceIn(2)) plot.sync(name);
}

/** What somebody says in the server's stead, in the server's own words. */
function strangeVerdict(on: Ordeal): void {
  const { plot, draw, name } = on;
  for (let count = draw.between(1, 5); count > 0; count--) edit(on, name);
  const answers: readonly (readonly [number, JsonValue])[] = [
    [200, { results: [], head: 0 }],
    [200, { results: [], head: draw.between(1, 99) }],
    [422, { type: "invalid_op", index: draw.between(0, 2) }],
    [409, { type: "operation_conflict", index: draw.between(0, 2) }],
    [400, { type: "invalid_request", errors: [] }],
    [413, { type: "batch_too_large", max_ops: 1, max_bytes: 1 }],
  ];
  const [status, json] = draw.pick(answers);
  const of = { device: name, message: "push", nth: 1 };
  plot.steps.network({ verb: "answer", of, status, body: "json", json, withEffect: draw.onceIn(3) });
  plot.steps.device(name, "push");
  if (draw.onceIn(2)) look(on, name);
  plot.sync(name);
}

/** A reply that names one operation of several. */
function partialReply(on: Ordeal): void {
  const { plot, draw, name } = on;
  const [operation, id] = [plot.newName("operation"), plot.newName("id")];
  edit(on, name);
  plot.steps.network({ verb: "lose-reply", of: { device: name, message: "push", nth: 1 } });
  plot.steps.device(name, "push");
  plot.mayHang(() =>
    plot.steps.request(
      { as: name, method: "GET", path: "/sync/ops?since=0", headers: {} },
      { [operation]: "body.ops.0.operation_id", [id]: "body.ops.0.id" },
    ),
  );
  for (let count = draw.between(1, 3); count > 0; count--) edit(on, name);
  const result = { operation_id: `{${operation}}`, id: `{${id}}`, lamport_ts: 1, status: "duplicate" };
  const json = { results: [result], head: `{${id}}` };
  const of = { device: name, message: "push", nth: 1 };
  plot.steps.network({ verb: "answer", of, status: 200, body: "json", json, withEffect: false });
  plot.steps.device(name, "push");
  if (draw.onceIn(2)) look(on, name);
}

/** More than a body may have, in one row, or in two that each fit. */
function largeRows(on: Ordeal): void {
  const { plot, draw, name } = on;
  edit(on, name);
  const rows = draw.between(1, 2);
  for (let count = rows; count > 0; count--) edit(on, name, `${count}${"x".repeat(1_200_000 / rows)}`);
  edit(on, name);
  plot.sync(name);
}

/** A token that was good. */
function expiredToken(on: Ordeal): void {
  const { plot, draw, name } = on;
  edit(on, name);
  if (draw.onceIn(2)) plot.sync(name);
  plot.astray.add(name);
  plot.steps.device(name, "token", { kind: draw.pick(["expired", "wrong-signature", "not-yet"]) });
  edit(on, name);
  for (let count = draw.between(1, 3); count > 0; count--)
    plot.steps.device(name, draw.pick(["push", "pull", "sync", "connect"]));
  if (draw.onceIn(2)) look(on, name);
  if (draw.onceIn(2)) plot.steps.device(name, "sign-in");
  if (draw.onceIn(2)) plot.sync(name);
}

/** A disk from before the last pushes: stamps that the server has seen are given out again. */
function oldStamps(on: Ordeal): void {
  const { plot, draw, name, other } = on;
  if (draw.onceIn(2)) edit(on, name);
  plot.backup(name);
  for (let count = draw.between(2, 6); count > 0; count--) edit(on, name);
  plot.steps.device(name, "push");
  // Somebody whose stamps are far ahead, so that what was received and what was sent are apart.
  const hears = draw.onceIn(2);
  if (hears) plot.edits(other, draw.between(4, 12));
  if (hears) plot.steps.device(other, draw.pick(["push", "push", "sync"]));
  plot.astray.add(name);
  plot.restore(name);
  for (let count = draw.between(1, 5); count > 0; count--) edit(on, name);
  if (hears || draw.onceIn(3)) plot.steps.device(name, draw.pick(["pull", "resync"]));
  const crashes = draw.onceIn(2);
  if (crashes) {
    plot.steps.device(name, "crash", {
      position: draw.pick(["before", "after"]),
      commit: draw.pick([1, 2, 2, 3]),
    });
  }
  plot.steps.device(name, "push");
  if (crashes || draw.onceIn(2)) plot.steps.device(name, "restart");
  edit(on, name);
  if (draw.onceIn(2)) edit(on, name);
  if (draw.onceIn(2)) look(on, name);
  plot.sync(name);
}

/** Signed out and in again, with rows waiting and a log that forgets meanwhile. */
function signedOut(on: Ordeal): void {
  const { plot, draw, name, other } = on;
  const entity = plot.entity();
  const field = plot.field();
  plot.edit(name, entity, field);
  if (draw.onceIn(2)) plot.sync(name, other);
  edit(on, name);
  plot.astray.add(name);
  plot.steps.device(name, "sign-out");
  look(on, name);
  if (draw.onceIn(2)) {
    plot.remove(other, entity);
    plot.edit(other, entity, field);
    plot.sync(other);
  }
  plot.steps.device(name, "sign-in");
  if (draw.onceIn(2)) look(on, name);
  if (draw.onceIn(2)) plot.sync(name);
}

/** Another account and back, with rows waiting, a socket open, and others writing. */
function twoAccounts(on: Ordeal): void {
  const { plot, draw, name, other } = on;
  const [first = "alice", second = "bob"] = plot.options.users;
  const users = draw.onceIn(2) ? [second, first] : [first, second, first];
  edit(on, name);
  if (draw.onceIn(2)) plot.sync(name);
  if (draw.onceIn(2)) plot.steps.device(name, "connect");
  for (let count = draw.between(0, 3); count > 0; count--) edit(on, name);
  for (const user of users) {
    if (draw.onceIn(3)) plot.steps.device(other, "switch-account", { user });
    plot.steps.device(name, "switch-account", { user });
    if (draw.onceIn(2)) look(on, name);
    if (draw.onceIn(2)) edit(on, name);
    edit(on, other);
    plot.steps.device(other, "push");
    if (draw.onceIn(2)) plot.sync(name);
  }
  if (draw.onceIn(2)) edit(on, name);
  plot.sync(name, other);
}

/** Bound to another server and back, with rows waiting for the first. */
function anotherServer(on: Ordeal): void {
  const { plot, draw, name } = on;
  for (let count = draw.between(1, 3); count > 0; count--) edit(on, name);
  plot.steps.device(name, "bind", { url: "https://elsewhere.example" });
  if (draw.onceIn(2)) edit(on, name);
  plot.steps.device(name, draw.pick(["push", "sync"]));
  plot.steps.device(name, "bind", { url: "default" });
  plot.sync(name);
}

/** Straight to the server, which may refuse, be far away, or know nothing of what was left in the queue. */
function serverMode(on: Ordeal): void {
  const { plot, draw, name, other } = on;
  plot.astray.add(name);
  if (draw.onceIn(2)) edit(on, name);
  plot.steps.device(name, "mode", { mode: "server" });
  if (draw.onceIn(2)) plot.steps.device(name, "offline");
  edit(on, name);
  if (draw.onceIn(2)) edit(on, name, "a\u0000b");
  look(on, name);
  edit(on, other);
  plot.sync(other);
  plot.steps.device(name, "online");
  edit(on, name);
  if (draw.onceIn(2)) plot.steps.device(name, "mode", { mode: "hybrid" });
  plot.sync(name);
}

/** Nothing leaves, also after a start; then it is shared. */
function localMode(on: Ordeal): void {
  const { plot, draw, name, other } = on;
  const entity = plot.entity();
  const field = plot.field();
  plot.astray.add(name);
  if (draw.onceIn(2)) edit(on, name);
  plot.steps.device(name, "mode", { mode: draw.pick(["local", "local", "turbo"]) });
  plot.edit(name, entity, field);
  if (draw.onceIn(2)) plot.steps.device(name, "restart");
  plot.steps.device(name, draw.pick(["push", "pull", "sync", "ack", "connect"]));
  plot.edit(other, entity, field);
  plot.sync(other);
  plot.steps.device(name, "mode", { mode: draw.pick(["hybrid", "hybrid", "server"]) });
  if (draw.onceIn(2)) plot.edit(name, entity, field);
  plot.steps.device(name, draw.pick(["push", "sync"]));
}

/** Looked at while edits wait, while others' come in, and after each. */
function looks(on: Ordeal): void {
  const { plot, draw, name, other } = on;
  const entity = plot.entity();
  const field = plot.field();
  if (draw.onceIn(2)) {
    plot.edit(other, entity, field);
    plot.sync(other, name);
  }
  for (let count = draw.between(2, 4); count > 0; count--) {
    plot.write(name, entity, draw.onceIn(2) ? field : plot.field());
    look(on, name, entity);
    if (draw.onceIn(2)) {
      plot.write(other, entity, field);
      plot.sync(other);
      plot.steps.device(name, draw.pick(["pull", "pull", "push"]));
      look(on, name, entity);
    }
  }
}

/** Begun again when everything seems to be over: what was in memory only is gone now. */
function lateStart(on: Ordeal): void {
  const { plot, draw, name, other } = on;
  for (let count = draw.between(1, 12); count > 0; count--) edit(on, name);
  if (draw.onceIn(2)) plot.steps.device(name, "restart");
  edit(on, other);
  plot.sync(other, name);
  if (draw.onceIn(2)) plot.sync(other, name);
  for (const one of plot.options.devices) plot.steps.device(one, "restart");
  if (draw.onceIn(2)) {
    plot.steps.device(name, "offline");
    look(on, name);
    plot.steps.device(name, "online");
  }
}

/** Dies at one durable step after the other. */
function fallingDisk(on: Ordeal): void {
  const { plot, draw, name, other } = on;
  for (let count = draw.between(2, 4); count > 0; count--) {
    if (draw.onceIn(2)) edit(on, other);
    if (draw.onceIn(2)) plot.sync(other);
    if (draw.onceIn(2)) edit(on, name);
    crashAtCommit(plot, name);
    plot.steps.device(name, "restart");
    if (draw.onceIn(2)) edit(on, name);
  }
  plot.sync(name);
}

/** Frames come while a pull is under way, and some of them are lost. */
function heldFrames(on: Ordeal): void {
  const { plot, draw, name, other } = on;
  plot.steps.device(name, "connect");
  const of = { device: name, message: "pull", nth: 1 };
  plot.steps.network({ verb: draw.pick(["delay-reply", "delay-request"]), of, byMs: 3_000 });
  plot.steps.start(() => plot.steps.device(name, "pull"));
  plot.steps.wait(500);
  for (let count = draw.between(2, 4); count > 0; count--) {
    if (draw.onceIn(3)) plot.steps.network({ verb: "drop-frame", device: name, nth: 1 });
    edit(on, other);
    plot.steps.device(other, "push");
    plot.steps.wait(100);
  }
  plot.steps.wait(4_000);
  if (draw.onceIn(2)) look(on, name);
}

/** What the device knows is deleted and forgotten by the log, and it comes back from below the watermark. */
function forgottenEntities(on: Ordeal): void {
  const { plot, draw, name, other } = on;
  if (other === name) return lateStart(on);
  const [entity, kept] = [plot.entity(), plot.entity()];
  plot.steps.device(other, "edit", editOf(entity, [...words(plot, 2)]));
  plot.edit(other, kept);
  plot.sync(other, name);
  plot.astray.add(name);
  plot.steps.device(name, draw.pick(["offline", "sign-out"]));
  if (draw.onceIn(2)) plot.edit(name, kept);
  plot.remove(other, entity);
  if (draw.onceIn(2)) plot.edit(other, entity);
  plot.edit(other, kept);
  plot.edit(other, kept);
  plot.sync(other);
  plot.steps.advance(plot.options.stalenessMs + 1);
  plot.sync(other);
  plot.edit(other, kept);
  plot.sync(other);
  plot.compact();
  if (draw.onceIn(2)) plot.edits(other, draw.between(1, 3));
  if (draw.onceIn(2)) plot.sync(other);
  plot.steps.device(name, "online");
  plot.steps.device(name, "sign-in");
  if (draw.onceIn(3)) {
    plot.steps.device(name, "crash", {
      position: draw.pick(["before", "after"]),
      commit: draw.between(1, 4),
    });
  }
  plot.steps.device(name, draw.pick(["pull", "sync", "connect"]));
  plot.steps.device(name, "restart");
  if (draw.onceIn(2)) plot.edit(name, entity);
  plot.sync(name);
}

const words = (plot: Plot, count: number): { readonly field: string; readonly value: JsonValue }[] =>
  Array.from({ length: count }, (_, index) => ({ field: `field ${index}`, value: `v ${plot.newName("w")}` }));
