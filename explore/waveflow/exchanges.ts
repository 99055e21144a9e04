// Exchanges by hand: what no well-behaved device sends, and what a server must have an answer to all the same. The
// laws judge the answers, as they judge those of devices.
import type { JsonObject, JsonValue } from "../../protocol/json.ts";
import type { RawRequest, TokenSpec } from "../../scenarios/format/types.ts";
import type { Plot } from "./plot.ts";

/** One exchange, or two that belong together. */
export function drawExchange(plot: Plot): void {
  const { choices } = plot;
  const as = plot.anyone();
  switch (choices.pick(["pull", "pull", "ack", "push", "push", "repeat", "regress", "token", "odd"])) {
    case "pull":
      return pull(plot, as);
    case "ack":
      return acknowledge(plot, as);
    case "push":
      return push(plot, as);
    case "repeat":
      return repeat(plot, as);
    case "regress":
      return regress(plot, as);
    case "token":
      return badToken(plot, as);
    default:
      return odd(plot, as);
  }
}

function send(plot: Plot, request: Omit<RawRequest, "headers"> & Partial<RawRequest>): void {
  plot.mayHang(() => plot.steps.request({ headers: {}, ...request }));
}

/** Learns the head as `{head}` of a name of its own, which stands for it in later requests. */
function learnHead(plot: Plot, as: string): string {
  const name = plot.newName("head");
  plot.mayHang(() =>
    plot.steps.request(
      { as, method: "GET", path: "/sync/ops?since=0&limit=1", headers: {} },
      { [name]: "body.head" },
    ),
  );
  return name;
}

function learnWatermark(plot: Plot): string {
  const name = plot.newName("w");
  plot.mayHang(() => plot.steps.server({ verb: "compact" }, { [name]: "body.compacted_up_to" }));
  return name;
}

/** Reads from where it is decided whether anything is missing. */
function pull(plot: Plot, as: string): void {
  const { choices } = plot;
  const limit = choices.pick(["", "", "&limit=1", "&limit=2", "&limit=1000"]);
  const name = choices.onceIn(2) ? learnHead(plot, as) : learnWatermark(plot);
  const since = choices.pick(["0", `{${name}-1}`, `{${name}}`, `{${name}+1}`, `{${name}}`, "1"]);
  send(plot, { as, method: "GET", path: `/sync/ops?since=${since}${limit}` });
}

function acknowledge(plot: Plot, as: string): void {
  const { choices } = plot;
  const head = learnHead(plot, as);
  const id = choices.pick([0, 1, `{${head}+1}`, `{${head}+1}`, Number.MAX_SAFE_INTEGER]);
  send(plot, { as, method: "POST", path: "/sync/ack", body: { json: { last_seen_id: id } } });
}

/** A push of one or two ops by hand. The stamps are high enough not to be refused for them alone. */
function push(plot: Plot, as: string): void {
  const { choices } = plot;
  const ops = [opOf(plot, as, { lamport: choices.between(1, 60) })];
  if (choices.onceIn(3)) ops.push(opOf(plot, as, { lamport: choices.between(1, 90) }));
  if (choices.onceIn(4)) ops.push(ops[0]!);
  send(plot, pushOf(as, ops));
}

/** An operation that the server knows comes again: the same, with another content, or from another device. */
function repeat(plot: Plot, as: string): void {
  const { choices } = plot;
  const op = opOf(plot, as, { lamport: choices.between(1, 200) });
  send(plot, pushOf(as, [op]));
  if (choices.onceIn(2)) plot.write(plot.other(as));
  if (choices.onceIn(2)) plot.sync(plot.other(as));
  if (choices.onceIn(3)) plot.compact();
  const again = choices.pick([
    {},
    {},
    { value: "other" },
    { op: "delete", field: null, value: null },
    { lamport_ts: Number(op.lamport_ts) + 1 },
    { operation_id: String(op.operation_id).toUpperCase() },
    { entity_id: "other" },
  ]) as JsonObject;
  const ops = [{ ...op, ...again }];
  if (choices.onceIn(3)) ops.unshift(opOf(plot, as, { lamport: 200 + choices.between(1, 200) }));
  send(plot, pushOf(choices.onceIn(2) ? as : plot.other(as), ops));
}

/** A stamp that is not above the highest. */
function regress(plot: Plot, as: string): void {
  const { choices } = plot;
  const lamport = choices.between(50, 400);
  send(plot, pushOf(as, [opOf(plot, as, { lamport })]));
  if (choices.onceIn(3)) plot.compact();
  const fresh = opOf(plot, as, { lamport: lamport + choices.between(1, 9) });
  const late = opOf(plot, as, { lamport: choices.pick([lamport, lamport - 1, lamport, 1]) });
  send(plot, pushOf(as, choices.onceIn(2) ? [late] : [fresh, late]));
}

const badTokens = ["none", "malformed", "wrong-signature", "expired", "not-yet"] as const;

function badToken(plot: Plot, as: string): void {
  const { choices } = plot;
  const token: TokenSpec = choices.onceIn(3)
    ? { kind: "custom", claims: { device_id: "00000000-0000-4000-8000-000000000000" } }
    : { kind: choices.pick(badTokens) };
  const request = choices.pick([
    { method: "GET", path: "/sync/ops?since=0" },
    { method: "POST", path: "/sync/ack", body: { json: { last_seen_id: 0 } } },
    pushOf(as, [opOf(plot, as, { lamport: 1 })]),
  ]);
  send(plot, { ...request, as, token });
}

/** What the wire can carry and the protocol refuses. */
function odd(plot: Plot, as: string): void {
  const { choices } = plot;
  const path = choices.pick([
    "/sync/ops?since=-1",
    "/sync/ops?since=x",
    "/sync/ops?since=1.5",
    "/sync/ops?limit=0",
    "/sync/ops?limit=1001",
    "/sync/ops?since=9007199254740992",
    "/sync/ops?since=0&resync=rubbish",
  ]);
  const op = opOf(plot, as, { lamport: 500 });
  const body = choices.pick<JsonValue>([
    { ops: [] },
    { ops: [{ ...op, lamport_ts: 0 }] },
    { ops: [{ ...op, value: "a\u0000b" }] },
    { ops: [opOf(plot, as, { lamport: 600 }), { ...op, value: "a\u0000b", lamport_ts: 601 }] },
    { ops: [{ ...op, lamport_ts: Number.MAX_SAFE_INTEGER }] },
    { ops: [{ ...op, op: "delete" }] },
    { ops: [{ ...op, field: null }] },
    { ops: [{ ...op, operation_id: "no-uuid" }] },
    { ops: [{ ...op, entity_type: "x".repeat(65) }] },
  ]);
  const headers = choices.pick<RawRequest["headers"]>([
    { "x-device-id": null },
    { "x-device-id": "no-uuid" },
    { "x-device-id": "" },
  ]);
  switch (choices.pick(["query", "body", "ack", "device"])) {
    case "query":
      return send(plot, { as, method: "GET", path });
    case "body":
      return send(plot, { as, method: "POST", path: "/sync/ops", body: { json: body } });
    case "ack": {
      const id = choices.pick<JsonValue>([-1, 1.5, "1", null]);
      return send(plot, { as, method: "POST", path: "/sync/ack", body: { json: { last_seen_id: id } } });
    }
    default:
      return send(plot, { as, method: "GET", path: "/sync/ops?since=0", headers });
  }
}

const pushOf = (as: string, ops: readonly JsonObject[]) =>
  ({ as, method: "POST", path: "/sync/ops", body: { json: { ops: [...ops] } } }) as const;

function opOf(plot: Plot, as: string, { lamport }: { readonly lamport: number }): JsonObject {
  const { words } = plot;
  const { entityType, entityId } = plot.entity();
  const id = words.between(0, 0xffff_ffff).toString(16).padStart(8, "0");
  const base = {
    operation_id: `${id}-0000-4000-8000-${id}0000`,
    entity_type: entityType,
    entity_id: entityId,
    lamport_ts: lamport,
  };
  if (words.onceIn(6)) return { ...base, op: "delete" };
  return { ...base, op: "upsert", field: plot.field(), value: `${as} by hand ${id}` };
}
