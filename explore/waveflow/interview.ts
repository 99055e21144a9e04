// An interview: somebody who knows the page asks the server one question after the other about its forms, its bounds
// and its memory, by hand and quickly. Each question is an exchange or a few that belong together; the laws know what
// is due to each.
//
// A stream of its own draws it, so that a plan with an interview is otherwise the plan without it.
import type { JsonObject, JsonValue } from "../../protocol/json.ts";
import type { RawRequest, TokenSpec } from "../../scenarios/format/types.ts";
import { Stream } from "../stream.ts";
import type { Plot } from "./plot.ts";

/** Devices that nobody has: what is said in their names moves nobody's stamps but theirs. */
const strangers = ["abcdef00-0000-4000-8000-00000000000a", "abcdef00-0000-4000-8000-00000000000b"] as const;
const leapMax = 2 ** 32;

/** Asks between five and a dozen questions. */
export function interview(plot: Plot): void {
  const interviewer = new Interviewer(plot);
  for (let count = interviewer.choices.between(5, 12); count > 0; count--) interviewer.ask();
}

type Sent = Partial<Pick<RawRequest, "headers" | "token" | "body">>;

class Interviewer {
  readonly choices: Stream;
  readonly #plot: Plot;
  #as: string;
  #serial = 0;
  #stamp = 0;

  constructor(plot: Plot) {
    this.#plot = plot;
    this.choices = new Stream(plot.options.seed, "interview");
    this.#as = this.choices.pick(plot.options.devices);
  }

  ask(): void {
    const { choices } = this;
    if (choices.onceIn(4)) this.#as = choices.pick(this.#plot.options.devices);
    const kinds = [
      "query",
      "query",
      "who",
      "who",
      "ack",
      "content",
      "content",
      "name",
      "form",
      "memory",
    ] as const;
    switch (choices.onceIn(2) ? "memory" : choices.pick(kinds)) {
      case "query":
        return this.#askQuery();
      case "who":
        return this.#askWho();
      case "ack":
        return this.#askAck();
      case "content":
        return this.#askContent();
      case "name":
        return this.#askName();
      case "form":
        return this.#askForm();
      case "memory":
        return this.#askMemory();
    }
  }

  /** Questions about what came before: retries, stamps, leaps. */
  #askMemory(): void {
    const { choices } = this;
    switch (choices.pick(["retry", "retry", "batch", "stamp", "leap", "users"])) {
      case "retry":
        return this.#askRetry();
      case "batch":
        return this.#askBatch();
      case "stamp":
        return this.#askStamp();
      case "leap":
        return this.#askLeap();
      default:
        return this.#askUsers();
    }
  }

  #send(method: string, path: string, sent: Sent = {}): void {
    const request = { as: this.#as, method, path, headers: {}, ...sent };
    this.#plot.mayHang(() => this.#plot.steps.request(request));
  }

  #push(ops: readonly JsonObject[], from: string = strangers[0], sent: Sent = {}): void {
    const headers = { "x-device-id": from, ...sent.headers };
    this.#send("POST", "/sync/ops", { ...sent, headers, body: { json: { ops: [...ops] } } });
  }

  #op(members: JsonObject = {}): JsonObject {
    this.#serial++;
    this.#stamp += this.choices.between(1, 3);
    const { entityType, entityId } = this.#plot.entity();
    const id = this.choices.between(0, 0xffff_ffff).toString(16).padStart(8, "0");
    return {
      operation_id: `${id}-0000-4000-8000-a${id}000`,
      entity_type: entityType,
      entity_id: entityId,
      op: "upsert",
      field: this.#plot.field(),
      value: `asked ${this.#serial}`,
      lamport_ts: this.#stamp,
      ...members,
    };
  }

  #askQuery(): void {
    const query = this.choices.pick([
      "since=-1",
      "since=x",
      "since=1.5",
      "since=0x1",
      "since=",
      "since=9007199254740992",
      "since=0&since=1",
      "limit=0",
      "limit=1001",
      "limit=x",
      "since=0&limit=1",
      "since=0&limit=2",
      "since=1&limit=1",
      "since=1&resync=rubbish",
      "since=2&resync=walk",
      "since=99999999",
      "since=0&resync=rubbish",
    ]);
    this.#send("GET", `/sync/ops?${query}`);
  }

  #askWho(): void {
    const { choices } = this;
    const [stranger, other] = strangers;
    const claims = (token: JsonObject): TokenSpec => ({ kind: "custom", claims: token });
    const [path, sent] = choices.pick<readonly [string, Sent]>([
      [
        "/sync/ops",
        { token: { kind: choices.pick(["none", "malformed", "wrong-signature", "expired", "not-yet"]) } },
      ],
      ["/sync/ops", { token: { kind: "custom", without: [choices.pick(["exp", "sub"])] } }],
      ["/sync/ops", { token: claims({ sub: "" }) }],
      ["/sync/ops", { token: claims({ device_id: other }), headers: { "x-device-id": stranger } }],
      [
        "/sync/ops",
        { token: claims({ device_id: stranger }), headers: { "x-device-id": stranger.toUpperCase() } },
      ],
      ["/sync/ops", { token: claims({ device_id: stranger }), headers: { "x-device-id": "no-uuid" } }],
      ["/sync/ops", { token: claims({ device_id: null }) }],
      ["/sync/ops", { headers: { "x-device-id": null } }],
      ["/sync/ops", { headers: { "x-device-id": "no-uuid" } }],
      ["/sync/ops", { headers: { "x-device-id": `${stranger}0` } }],
      [`/sync/ops?device_id=${stranger}`, { headers: { "x-device-id": null } }],
      [`/sync/ops?device_id=${stranger}`, { headers: { "x-device-id": other } }],
      [`/sync/ws?device_id=${stranger}`, { headers: { "x-device-id": other } }],
      ["/sync/ws", {}],
      ["/sync/nowhere", {}],
    ]);
    this.#send("GET", path, sent);
  }

  #askAck(): void {
    const id = this.choices.pick<JsonValue>([-1, 1.5, "1", null, 99_999_999, Number.MAX_SAFE_INTEGER, true]);
    const text = this.choices.pick(["9007199254740993", "1.0e0", "-9007199254740993", "00"]);
    const body = this.choices.onceIn(3)
      ? { text: `{"last_seen_id":${text}}` }
      : { json: { last_seen_id: id } };
    this.#send("POST", "/sync/ack", { body });
  }

  /** What a value may be, and what it must not be. */
  #askContent(): void {
    const value = this.choices.pick<JsonValue>([
      nested(64),
      nested(65),
      null,
      5,
      0,
      false,
      9_007_199_254_740_991,
      { b: 1, a: [1, { d: 2, c: 3 }] },
      " spaced ",
      "a\u0000b",
      "\ud800",
      "🎵".repeat(70),
    ]);
    this.#push([this.#op({ value }), this.#op()]);
  }

  #askName(): void {
    const name = this.choices.pick<JsonObject>([
      { entity_id: "🎵".repeat(200) },
      { entity_id: "x".repeat(257) },
      { entity_id: " 1" },
      { entity_id: "1 " },
      { entity_type: "SONG" },
      { entity_type: "🎵".repeat(60) },
      { entity_type: "x".repeat(65) },
      { field: "🎵".repeat(60) },
      { field: "" },
      { entity_type: "" },
    ]);
    this.#push([this.#op(name)]);
  }

  #askForm(): void {
    const op = this.#op();
    const { choices } = this;
    const stamped = (stamp: string): Sent => ({
      body: { text: `{"ops":[${JSON.stringify(op).replace(/"lamport_ts":\d+/u, `"lamport_ts":${stamp}`)}]}` },
    });
    const sent = choices.pick<Sent>([
      { body: { json: { ops: [] } } },
      { body: { json: { ops: [{ ...op, lamport_ts: 0 }] } } },
      { body: { json: { ops: [this.#op(), { ...op, lamport_ts: -1 }] } } },
      { body: { json: { ops: [{ ...op, op: "delete" }] } } },
      { body: { json: { ops: [{ ...op, op: "remove" }] } } },
      { body: { json: { ops: [{ ...op, operation_id: "no-uuid" }] } } },
      { body: { json: { ops: {} } } },
      { body: { text: "{" } },
      { body: { text: `{"ops":[${"0,".repeat(1_000)}0]}` } },
      stamped("9007199254740993"),
      stamped("9007199254740992"),
      stamped("1.5"),
      {},
    ]);
    this.#send("POST", "/sync/ops", { headers: { "x-device-id": strangers[1] }, ...sent });
  }

  /** An operation comes again: as it was, spelled otherwise, as something else, from another device. */
  #askRetry(): void {
    const { choices } = this;
    const op = this.#op(choices.onceIn(3) ? { value: { b: 1, a: [1, { d: 2, c: 3 }] } } : {});
    this.#push([op]);
    if (choices.onceIn(3)) this.#plot.compact();
    const stamp = Number(op.lamport_ts);
    const again = choices.pick<JsonObject>([
      {},
      { lamport_ts: stamp + 100 },
      { operation_id: String(op.operation_id).toUpperCase() },
      { value: choices.onceIn(2) ? "another" : null },
      { entity_type: `${String(op.entity_type)}s` },
      { entity_id: "another" },
      { field: "another" },
      { op: "delete", field: null, value: null },
      ...(typeof op.value === "object" ? [{ value: { a: [1, { c: 3, d: 2 }], b: 1 } }] : []),
    ]);
    const ops = [{ ...op, ...again }];
    // Behind a duplicate with a high stamp, one in between is above all that was accepted.
    if (choices.onceIn(2)) {
      ops.push(this.#op());
      this.#stamp = Math.max(this.#stamp, stamp);
    }
    this.#push(ops, choices.pick([strangers[0], strangers[0], strangers[1], strangers[0].toUpperCase()]));
  }

  /** The same id twice within a batch. */
  #askBatch(): void {
    const { choices } = this;
    const op = this.#op();
    const copy = choices.pick<JsonObject>([
      {},
      {},
      { value: "another" },
      { operation_id: String(op.operation_id).toUpperCase() },
    ]);
    this.#push([op, this.#op(), { ...op, ...copy }]);
  }

  /** Stamps that do not rise, within a batch and across. */
  #askStamp(): void {
    const { choices } = this;
    const from = choices.pick([strangers[0], strangers[0].toUpperCase()]);
    const high = this.#op({ lamport_ts: this.#stamp + 20 });
    const low = this.#op({ lamport_ts: this.#stamp + choices.pick([0, 3, 20]) });
    if (choices.onceIn(2)) this.#push([high, low], from);
    else {
      this.#push([high], strangers[0]);
      if (choices.onceIn(2)) this.#plot.compact();
      this.#push([low], from);
    }
    this.#stamp += 20;
  }

  /** As far as a stamp may leap, further, and where another device went. */
  #askLeap(): void {
    const [first, second] = strangers;
    const far = leapMax - this.choices.between(0, 5);
    switch (this.choices.pick(["too far", "in two steps", "followed"])) {
      case "too far":
        return this.#push([this.#op({ lamport_ts: this.choices.pick([8 * leapMax, 2 ** 52]) })], second);
      case "in two steps":
        return this.#push([this.#op({ lamport_ts: far }), this.#op({ lamport_ts: far + leapMax })], second);
      default:
        this.#push([this.#op({ lamport_ts: far })], first);
        this.#push([this.#op({ lamport_ts: far + 100 })], second);
        this.#stamp = far;
    }
  }

  /** Whose data it is. */
  #askUsers(): void {
    const { choices } = this;
    const op = this.#op();
    const sent = choices.pick<Sent>([
      { headers: { "x-user-id": "bob" } },
      { token: { kind: "custom", claims: { sub: choices.pick(["ALICE", "Bob", "alice "]) } } },
      { token: { kind: "custom", claims: { sub: "bob" } } },
    ]);
    if (choices.onceIn(2)) this.#push([op]);
    this.#push([op], strangers[0], sent);
    this.#send("GET", "/sync/ops?since=0", sent);
  }
}

function nested(levels: number): JsonValue {
  let value: JsonValue = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}
