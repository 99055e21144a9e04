// One database, any number of server processes, and devices that speak to them: what a test of the server's laws sees.
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import type { JsonValue } from "../../protocol/json.ts";
import {
  type ServerConfig,
  type SocketSession,
  type TokenVerdict,
  WaveflowServer,
} from "../../reference-server/waveflow/index.ts";
import { Engine } from "../postgres/engine.ts";
import { HandClock, HandSocket, ScriptedWire, settle } from "./hand-cranked.ts";
import { waveflowSchema } from "./schema.ts";
import { SimStore, type SimStoreOptions } from "./store.ts";

/** A server process and its own way to the database. */
export interface HandProcess {
  readonly server: WaveflowServer;
  readonly store: SimStore;
  readonly wire: ScriptedWire;
}

const dayMs = 86_400_000;

export class HandWorld {
  readonly clock = new HandClock(Date.UTC(2026, 0, 1));
  readonly engine = new Engine({ schema: waveflowSchema, timers: this.clock });
  readonly faults: unknown[] = [];
  readonly processes: HandProcess[] = [];
  readonly first: HandProcess;
  readonly #config: Partial<ServerConfig>;
  #operations = 0;

  /** The compaction job is off unless the test sets its interval. */
  constructor(config: Partial<ServerConfig> = {}) {
    this.#config = { compactionIntervalMs: 0, ...config };
    this.first = this.startProcess();
  }

  startProcess(options: Pick<SimStoreOptions, "deliver"> = {}): HandProcess {
    const wire = new ScriptedWire();
    const store = new SimStore({ ...options, engine: this.engine, wire });
    const ports = {
      database: store,
      fanout: store,
      clock: this.clock,
      tokens: { verify: async (token: string) => this.verify(token), now: () => this.clock.now() },
      onFault: (error: unknown) => this.faults.push(error),
    };
    const server = new WaveflowServer(ports, this.#config);
    void server.start();
    const process = { server, store, wire };
    this.processes.push(process);
    return process;
  }

  /** A token is its claims: `user`, or `user;device;expiresAt`. */
  verify(token: string): TokenVerdict {
    const [user, deviceId, expiresAt] = token.split("~");
    if (user === undefined || user === "bad") return { valid: false, reason: "as the test has it" };
    return {
      valid: true,
      user,
      deviceId: deviceId === "" ? undefined : deviceId,
      expiresAt: expiresAt === undefined ? this.clock.now() + 365 * dayMs : Number(expiresAt),
    };
  }

  /** The n-th device of a user, speaking to `at`. */
  device(user: string, number: number, at: HandProcess = this.first): HandDevice {
    return new HandDevice({ world: this, user, id: uuid(0xd, number), at });
  }

  nextOperationId(): string {
    return uuid(0xe, ++this.#operations);
  }
}

/** A UUID that says what it is of. */
export const uuid = (kind: number, number: number): string =>
  `${kind.toString(16).padStart(8, "0")}-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;

/** An op as it goes out; what is not given is filled in. */
export type OpDraft = Readonly<Record<string, unknown>>;

export class HandDevice {
  readonly user: string;
  readonly id: string;
  stamp = 0;
  readonly #world: HandWorld;
  readonly #at: HandProcess;

  constructor(setup: { world: HandWorld; user: string; id: string; at: HandProcess }) {
    this.user = setup.user;
    this.id = setup.id;
    this.#world = setup.world;
    this.#at = setup.at;
  }

  /** An upsert of song/1 title, with the device's next stamp and a fresh operation id, unless `draft` says other. */
  op(draft: OpDraft = {}): OpDraft {
    const op = { operation_id: this.#world.nextOperationId(), entity_type: "song", entity_id: "1" };
    return { ...op, op: "upsert", field: "title", value: "A", lamport_ts: ++this.stamp, ...draft };
  }

  push(...ops: readonly OpDraft[]): Promise<HttpResponse> {
    return this.send({ method: "POST", path: "/sync/ops", json: { ops } });
  }

  pull(query: HttpRequest["query"] = {}): Promise<HttpResponse> {
    return this.send({ method: "GET", path: "/sync/ops", query });
  }

  ack(lastSeenId: unknown): Promise<HttpResponse> {
    return this.send({ method: "POST", path: "/sync/ack", json: { last_seen_id: lastSeenId } });
  }

  send(request: {
    method: string;
    path: string;
    query?: HttpRequest["query"];
    json?: unknown;
    text?: string;
    headers?: HttpRequest["headers"];
  }): Promise<HttpResponse> {
    return this.#at.server.handle(this.request(request));
  }

  request(request: Parameters<HandDevice["send"]>[0]): HttpRequest {
    const { method, path, query = {}, headers } = request;
    return {
      method,
      path,
      query,
      headers: { authorization: `Bearer ${this.user}`, "x-device-id": this.id, ...headers },
      ...("json" in request ? { body: { json: request.json as JsonValue } } : {}),
      ...(request.text === undefined ? {} : { body: { text: request.text } }),
    };
  }

  /** Opens a socket and lets everything happen that follows at once. */
  async connect(
    headers: HttpRequest["headers"] = {},
  ): Promise<{ readonly socket: HandSocket; readonly session: SocketSession }> {
    const socket = new HandSocket();
    const request = this.request({ method: "GET", path: "/sync/ws", headers });
    const outcome = await this.#at.server.openSocket(request, () => socket);
    if ("refused" in outcome) throw new Error(`the upgrade was refused with ${outcome.refused.status}`);
    await settle();
    return { socket, session: outcome.opened };
  }
}
