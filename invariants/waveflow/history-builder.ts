// Histories by hand, for tests: each method adds what one of the parties did, in the order in which it is called.
import type { JsonValue } from "../../protocol/json.ts";
import type { VisibleState } from "../../protocol/waveflow/fold.ts";
import type { LogOp, PushOp, PushResult } from "../../protocol/waveflow/types.ts";
import type { HistoryEvent } from "../history.ts";
import type {
  SentByHand,
  WaveflowCall,
  WaveflowEvent,
  WaveflowFinding,
  WaveflowHistory,
  WaveflowNote,
} from "./events.ts";

type Bare<Event> = Event extends HistoryEvent ? Omit<Event, "at"> : never;
type DeviceAccount = Extract<WaveflowFinding, { kind: "device" }>;

/** A call that waits for its answer. */
export interface Asked {
  /** A push: results in the order of its ops; a bare id means stored. Head is the highest of them, unless given. */
  accept(results: readonly (number | Partial<PushResult>)[], head?: number): void;
  /** A pull. Head is the highest id of the ops, unless given. */
  give(ops: readonly LogOp[], page?: { head?: number; more?: boolean; resync?: string }): void;
  /** An ACK or a socket. */
  take(): void;
  refuse(status: number, body: { readonly type: string } & Readonly<Record<string, unknown>>): void;
  lose(status?: number): void;
}

export class HistoryBuilder {
  readonly events: WaveflowEvent[] = [];
  readonly #accounts = new Map<string, { user: string; device: string }>();
  #ids = 0;
  #calls = 0;

  /** `settings` is what the world tells of its server. */
  history(settings?: Readonly<Record<string, number>>): WaveflowHistory {
    const history = {
      protocol: "waveflow/1",
      scenario: "by hand",
      seed: "0",
      world: "test",
      events: this.events,
    };
    return settings === undefined ? history : { ...history, settings };
  }

  uuid(): string {
    this.#ids++;
    return `${this.#ids.toString(16).padStart(8, "0")}-0000-4000-8000-00000000000a`;
  }

  join(actor: string, account: { user?: string; device?: string } = {}): this {
    const { user = "u1", device = this.uuid() } = account;
    this.#accounts.set(actor, { user, device });
    return this.record({ kind: "joined", actor, user, deviceId: device });
  }

  device(actor: string): string {
    return this.#accounts.get(actor)!.device;
  }

  /** An op that nobody has made yet: `op("song/1.title", "A", 1)`; without a field it is a delete. */
  op(register: string, value: JsonValue, stamp: number): PushOp {
    const [entity = "", field] = register.split(".");
    const [entity_type = "", entity_id = ""] = entity.split("/");
    const identity = { operation_id: this.uuid(), entity_type, entity_id, lamport_ts: stamp };
    if (field === undefined) return { ...identity, op: "delete", field: null, value: null };
    return { ...identity, op: "upsert", field, value };
  }

  /** The op as the log gives it out. */
  logged(op: PushOp, id: number, actor: string): LogOp {
    return { ...op, id, device_id: this.device(actor), wall_clock: "2026-01-01T00:00:00Z" };
  }

  edit(actor: string, op: PushOp): this {
    return this.note(actor, { kind: "edited", op });
  }

  push(actor: string, ops: readonly PushOp[], as: { user?: string } = {}): Asked {
    return this.#ask(actor, { kind: "push", ops, ...this.#from(actor), ...as });
  }

  pull(actor: string, since: number, more: { resync?: string; limit?: number } = {}): Asked {
    return this.#ask(actor, { kind: "pull", since, ...more, ...this.#from(actor) });
  }

  ack(actor: string, lastSeenId: number): Asked {
    return this.#ask(actor, { kind: "ack", lastSeenId, via: "http", ...this.#from(actor) });
  }

  socket(actor: string): Asked {
    return this.#ask(actor, { kind: "socket", ...this.#from(actor) });
  }

  /** An exchange by hand: `GET /sync/ops?since=1`. */
  byHand(actor: string, line: string, sent: SentByHand = { headers: {} }): Asked {
    const [method = "", path = ""] = line.split(" ");
    return this.#ask(actor, { kind: "raw", method, path, sent, ...this.#from(actor) });
  }

  /** The whole way of one op: pushed and answered as stored. */
  store(actor: string, op: PushOp, id: number): LogOp {
    this.push(actor, [op]).accept([id]);
    return this.logged(op, id, actor);
  }

  frame(actor: string, frame: unknown): this {
    return this.record({ kind: "frame", actor, frame });
  }

  opFrame(actor: string, op: LogOp, previous: number): this {
    return this.frame(actor, { type: "op", prev_id: previous, op });
  }

  note(actor: string, note: WaveflowNote): this {
    return this.record({ kind: "noted", actor, note });
  }

  applied(
    actor: string,
    ops: readonly LogOp[],
    cursor: number,
    via: "pull" | "socket" | "resync" = "pull",
  ): this {
    return this.note(actor, { kind: "applied", ops, cursor, via });
  }

  dropped(actor: string, op: PushOp): this {
    return this.note(actor, { kind: "dropped", operationIds: [op.operation_id], why: "pushed" });
  }

  fault(fault: string, target: string): this {
    return this.record({ kind: "fault", actor: "world", fault, target, text: "" });
  }

  crash(target: string): this {
    return this.record({ kind: "crash", actor: "world", target, text: "" });
  }

  compacted(upTo: number, deleted: number, begunAt?: number): this {
    const job = { kind: "compacted", actor: "server", user: "u1", compactedUpTo: upTo, deleted } as const;
    return this.record(begunAt === undefined ? job : { ...job, begunAt });
  }

  settled(waiting: readonly string[] = []): this {
    this.record({ kind: "calm", actor: "world" });
    return this.record({ kind: "settled", actor: "world", quiet: waiting.length === 0, waiting });
  }

  log(ops: readonly LogOp[], head = highest(ops)): this {
    return this.record({ kind: "found", actor: "server", finding: { kind: "log", user: "u1", ops, head } });
  }

  /** A device's account of itself; what is not named is empty, and what is seen is what is confirmed. */
  look(actor: string, account: Partial<DeviceAccount> & { confirmed?: VisibleState } = {}): this {
    const { user, device } = this.#accounts.get(actor)!;
    const confirmed = account.confirmed ?? {};
    const finding: DeviceAccount = {
      kind: "device",
      user,
      deviceId: device,
      connected: true,
      visible: confirmed,
      confirmed,
      cursor: 0,
      acknowledged: 0,
      lamport: 1_000,
      pending: [],
      deadLetters: [],
      parked: [],
      ...account,
    };
    return this.record({ kind: "found", actor, finding });
  }

  record(event: Bare<WaveflowEvent>): this {
    this.events.push({ at: this.events.length * 10, ...event } as WaveflowEvent);
    return this;
  }

  #from(actor: string): { readonly user: string; readonly device: string } {
    return this.#accounts.get(actor)!;
  }

  #ask(actor: string, request: WaveflowCall): Asked {
    const call = ++this.#calls;
    this.record({ kind: "invoked", actor, call, request });
    const accepted = { kind: "accepted", actor, call } as const;
    return {
      accept: (results, head) => {
        const ops = request.kind === "push" ? request.ops : [];
        const full = results.map((result, index) => resultOf(result, ops[index]!));
        const reply = { results: full, head: head ?? highest(full) };
        this.record({ ...accepted, reply: { kind: "push", reply } });
      },
      give: (ops, { head = highest(ops), more = false, resync } = {}) => {
        const reply = { ops, head, has_more: more, ...(resync === undefined ? {} : { resync }) };
        this.record({ ...accepted, reply: { kind: "pull", reply } });
      },
      take: () =>
        void this.record({ ...accepted, reply: { kind: request.kind === "socket" ? "socket" : "ack" } }),
      refuse: (status, body) =>
        void this.record({ kind: "refused", actor, call, status, type: body.type, body }),
      lose: (status) => {
        const lost = { kind: "unknown", actor, call, reason: "no answer" } as const;
        this.record(status === undefined ? lost : { ...lost, status });
      },
    };
  }
}

const resultOf = (result: number | Partial<PushResult>, op: PushOp): PushResult => ({
  operation_id: op.operation_id,
  lamport_ts: op.lamport_ts,
  id: 0,
  status: "stored",
  ...(typeof result === "number" ? { id: result } : result),
});

const highest = (ops: readonly { readonly id: number }[]): number => Math.max(0, ...ops.map(({ id }) => id));
