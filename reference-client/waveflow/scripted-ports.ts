// Ports for the device's own tests: a disk that can die at any commit, a line that a test scripts, a clock that a test
// moves, and a server of one user that is just right enough to talk to. The simulated world has better ones.
import { isJsonObject, type JsonValue } from "../../protocol/json.ts";
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { LogOp, PushOp } from "../../protocol/waveflow/types.ts";
import {
  DiskFailed,
  NoAnswer,
  type Clock,
  type DeviceSocket,
  type Disk,
  type DiskContents,
  type DiskTable,
  type DiskWrite,
  type Ids,
  type IncomingReply,
  type OutgoingRequest,
  type OutgoingUpgrade,
  type SocketHandlers,
  type Transport,
} from "./ports.ts";

export type CommitFate = "pass" | "fail" | "crash-before" | "crash-after";

export class MemoryDisk implements Disk {
  readonly #tables: Map<DiskTable, Map<string, JsonValue>>;
  /** Decides over the n-th commit, from 1. */
  fate: (commit: number) => CommitFate = () => "pass";
  commits = 0;
  /** Resolves when a fate has crashed the device. */
  readonly crashed: Promise<"crashed">;
  readonly #crash: () => void;

  constructor(contents: DiskContents = new Map()) {
    this.#tables = new Map([...contents].map(([table, rows]) => [table, new Map(rows)]));
    const { promise, resolve } = Promise.withResolvers<"crashed">();
    this.crashed = promise;
    this.#crash = () => resolve("crashed");
  }

  /** The disk as the next life of the device finds it. */
  survivor(): MemoryDisk {
    return new MemoryDisk(this.#tables);
  }

  async load(): Promise<DiskContents> {
    return new Map(
      [...this.#tables].map(([table, rows]) => [
        table,
        new Map([...rows].sort(([left], [right]) => (left < right ? -1 : 1))),
      ]),
    );
  }

  async commit(writes: readonly DiskWrite[]): Promise<void> {
    this.commits++;
    const fate = this.fate(this.commits);
    if (fate === "fail") throw new DiskFailed("scripted");
    if (fate !== "crash-before") for (const write of writes) this.#write(write);
    if (fate === "pass") return;
    this.#crash();
    await new Promise(() => {});
  }

  #write(write: DiskWrite): void {
    const rows = this.#tables.get(write.table) ?? new Map<string, JsonValue>();
    this.#tables.set(write.table, rows);
    if (write.kind === "put") rows.set(write.key, structuredClone(write.value));
    else if (write.kind === "remove") rows.delete(write.key);
    else rows.clear();
  }
}

/** The device's end of a scripted socket and the server's. */
export class ScriptedSocket implements DeviceSocket {
  readonly sent: unknown[] = [];
  readonly handlers: SocketHandlers;
  isClosed = false;

  constructor(handlers: SocketHandlers) {
    this.handlers = handlers;
  }

  send(frame: unknown): void {
    this.sent.push(frame);
  }

  close(): void {
    this.isClosed = true;
  }
}

export class ScriptedTransport implements Transport {
  readonly requests: OutgoingRequest[] = [];
  readonly sockets: ScriptedSocket[] = [];
  answer: (request: OutgoingRequest) => IncomingReply | Promise<IncomingReply>;
  upgrade: (request: OutgoingUpgrade, socket: ScriptedSocket) => void | Promise<void> = () => {};

  constructor(answer: ScriptedTransport["answer"]) {
    this.answer = answer;
  }

  async exchange(request: OutgoingRequest): Promise<IncomingReply> {
    this.requests.push(request);
    return this.answer(request);
  }

  async openSocket(request: OutgoingUpgrade, handlers: SocketHandlers): Promise<DeviceSocket> {
    const socket = new ScriptedSocket(handlers);
    await this.upgrade(request, socket);
    this.sockets.push(socket);
    return socket;
  }

  /** Requests as `METHOD path`, without the query. */
  get lines(): readonly string[] {
    return this.requests.map(({ method, path }) => `${method} ${path.split("?")[0]}`);
  }
}

export class ManualClock implements Clock {
  #nowMs = 1_700_000_000_000;
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void | Promise<void> }>();

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void | Promise<void>): { cancel(): void } {
    const timer = { at: this.#nowMs + delayMs, run };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Moves the time and runs what is due on the way, each to its end. */
  async advance(byMs: number): Promise<void> {
    const until = this.#nowMs + byMs;
    for (;;) {
      const next = [...this.#timers].sort((left, right) => left.at - right.at)[0];
      if (next === undefined || next.at > until) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.at);
      await next.run();
      await settled();
    }
    this.#nowMs = until;
  }
}

/** Lets everything run that waits for nothing but promises. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 500; turns++) await Promise.resolve();
}

/** UUIDs that say where they come from: `createIds(2)` gives 00000002-…-000000000001 and so on. */
export function createIds(origin: number): Ids {
  let count = 0;
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  return { uuid: () => `${hex(origin, 8)}-0000-4000-8000-${hex(++count, 12)}` };
}

export const json = (status: number, body: unknown = null): IncomingReply => ({
  status,
  headers: {},
  body: { json: body },
});

/** What a captive portal says to everything. */
export const portal: IncomingReply = { status: 200, headers: {}, body: { text: "<html>Sign in</html>" } };

/** The server of one user: ids, receipts, stamps, pages. Nothing is ever compacted unless a test does it. */
export class PlainServer {
  log: LogOp[] = [];
  watermark = 0;
  pageSize = 1_000;
  readonly acks = new Map<string, number>();
  /** Operation ids that were ever stored, whatever became of the rows. */
  readonly everStored = new Set<string>();
  readonly #receipts = new Map<string, number>();
  readonly #stamps = new Map<string, number>();
  #lastId = 0;

  get head(): number {
    return this.#lastId;
  }

  readonly answer = (request: OutgoingRequest): IncomingReply => {
    const device = request.headers["x-device-id"] ?? "";
    const url = new URL(request.path, "http://server");
    if (url.pathname === "/sync/ack") {
      const { last_seen_id: id } = request.body as { last_seen_id: number };
      if (id > this.head) return json(422, { type: "ack_beyond_head", head: this.head });
      this.acks.set(device, Math.max(id, this.acks.get(device) ?? 0));
      return { status: 204, headers: {}, body: { text: "" } };
    }
    if (request.method === "POST") return this.#push(device, (request.body as { ops: PushOp[] }).ops);
    return this.#pull(url.searchParams);
  };

  /** An op of another device of the user. */
  write(content: Partial<LogOp>): LogOp {
    const id = ++this.#lastId;
    const op: LogOp = {
      device_id: "bbbbbbbb-0000-4000-8000-000000000000",
      operation_id: `bbbbbbbb-0000-4000-8000-${id.toString(16).padStart(12, "0")}`,
      entity_type: "song",
      entity_id: "1",
      op: "upsert",
      field: "title",
      value: `value ${id}`,
      lamport_ts: id,
      wall_clock: "2025-01-01T00:00:00Z",
      ...content,
      id,
    };
    this.log.push(op);
    this.everStored.add(op.operation_id);
    return op;
  }

  /** Back to a backup in which `head` was the last id. */
  restore(head: number): void {
    this.log = this.log.filter(({ id }) => id <= head);
    for (const [operation, id] of this.#receipts) if (id > head) this.#receipts.delete(operation);
    this.#stamps.clear();
    this.#lastId = head;
  }

  #push(device: string, ops: readonly PushOp[]): IncomingReply {
    const results: JsonValue[] = [];
    let stamp = this.#stamps.get(device) ?? 0;
    for (const [index, op] of ops.entries()) {
      if (this.#receipts.has(uuidKey(op.operation_id))) continue;
      if (op.lamport_ts <= stamp) {
        return json(409, { type: "lamport_regression", index, stored_max: this.#stamps.get(device) ?? 0 });
      }
      stamp = op.lamport_ts;
    }
    for (const op of ops) {
      const receipt = this.#receipts.get(uuidKey(op.operation_id));
      const id = receipt ?? this.write({ ...op, device_id: device }).id;
      this.#receipts.set(uuidKey(op.operation_id), id);
      const status = receipt === undefined ? "stored" : "duplicate";
      results.push({ operation_id: op.operation_id, id, lamport_ts: op.lamport_ts, status });
    }
    this.#stamps.set(device, stamp);
    return json(200, { results, head: this.head });
  }

  #pull(query: URLSearchParams): IncomingReply {
    const since = Number(query.get("since"));
    const isWalking = query.get("resync") === "walk";
    if (since > this.head) {
      return json(410, { type: "resync_required", compacted_up_to: this.watermark, reason: "cursor_ahead" });
    }
    if (since > 0 && since < this.watermark && !isWalking) {
      return json(410, { type: "resync_required", compacted_up_to: this.watermark });
    }
    const size = Math.min(this.pageSize, Number(query.get("limit")));
    const rest = this.log.filter(({ id }) => id > since);
    const has_more = rest.length > size;
    const resync = has_more && (since === 0 || isWalking) ? { resync: "walk" } : {};
    return json(200, { ops: structuredClone(rest.slice(0, size)), head: this.head, has_more, ...resync });
  }
}

/** A line that loses the reply after the request had its effect. */
export function loseReply(answer: (request: OutgoingRequest) => IncomingReply) {
  return (request: OutgoingRequest): IncomingReply => {
    answer(request);
    throw new NoAnswer("scripted");
  };
}

/** The ops of a push, for a test that looks at what was sent. */
export function pushedOps(request: OutgoingRequest | undefined): readonly PushOp[] {
  const body = request?.body;
  return isJsonObject(body) ? (body["ops"] as unknown as readonly PushOp[]) : [];
}
