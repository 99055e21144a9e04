// The smallest WaveFlow server that the probes find nothing wrong with, in memory, and the ways in which it can be made
// wrong on purpose: each shows that a probe can bite.
import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { isJsonObject, jsonDepth, jsonEqual, whyUnstorable } from "../../protocol/json.ts";
import {
  ackFrameSchema,
  ackRequestSchema,
  isUuid,
  parseRequestText,
  pushRequestSchema,
  uuidKey,
} from "../../protocol/waveflow/messages.ts";
import type { LogOp, PushOp } from "../../protocol/waveflow/types.ts";
import type { ProbeTarget } from "../probe.ts";
import { createTarget } from "./probed-server.contract.ts";

/** What is done wrong. */
export type Defect =
  | "500 for malformed JSON"
  | "HTML for errors"
  | "errors without a type"
  | "stamps as texts are taken"
  | "stamps beyond 2^53 are taken"
  | "long names are taken"
  | "65 levels are taken"
  | "2 MiB are taken"
  | "2,000 ops are taken"
  | "spaces are trimmed"
  | "good ops of a bad batch are kept"
  | "broken off bodies are kept"
  | "clocks may leap"
  | "regressions are taken"
  | "no challenge"
  | "alg none is taken"
  | "signatures are not looked at"
  | "expired tokens are taken"
  | "device ids are not looked at"
  | "claims are not looked at"
  | "since is parsed leniently"
  | "limits are not bounded"
  | "positions beyond head are taken"
  | "negative acks are taken"
  | "refused acks count"
  | "acks beyond head are taken"
  | "dies at U+0000"
  | "sockets fail at bad frames"
  | "receipts are of all users"
  | "stamps are of the device alone"
  | "cursors are of the device alone"
  | "frames go to everybody"
  | "user_id in the query counts"
  | "hooks are open"
  | "hooks open to users"
  | "no socket"
  | "no hello"
  | "pages may be cached";

interface Account {
  readonly ops: LogOp[];
  readonly receipts: Map<string, PushOp & { readonly id: number }>;
  readonly stamps: Map<string, number>;
  readonly cursors: Map<string, number>;
  watermark: number;
}

interface Who {
  readonly user: string;
  readonly device: string;
}

class Refused extends Error {
  readonly status: number;
  readonly body: object;
  constructor(status: number, body: object) {
    super(String(status));
    this.status = status;
    this.body = body;
  }
}

const secret = "a secret of the little server";
const controlToken = "the control token of the little server";
const bytesMax = 1_048_576;
const invalid = (index?: number): Refused =>
  new Refused(400, { type: "invalid_request", errors: [{ path: "", message: "bad" }], index });

export interface LittleServer {
  readonly target: ProbeTarget;
  stop(): Promise<void>;
}

export async function startLittleServer(...defects: readonly Defect[]): Promise<LittleServer> {
  const little = new Little(new Set(defects));
  const url = await little.listen();
  const target: ProbeTarget = { ...createTarget(url, secret), controlUrl: url, controlToken };
  return { target, stop: () => little.stop() };
}

class Little {
  readonly #defects: ReadonlySet<Defect>;
  readonly #accounts = new Map<string, Account>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #sockets = new Map<WebSocket, Who>();
  #clockMs = 0;

  constructor(defects: ReadonlySet<Defect>) {
    this.#defects = defects;
    const upgrader = new WebSocketServer({ noServer: true, maxPayload: 65_536 });
    this.#server.on("upgrade", (request, socket, head) => {
      socket.on("error", () => undefined);
      try {
        if (this.#has("no socket")) throw new Refused(404, { type: "not_found" });
        const query = new URL(request.url!, "http://x").searchParams;
        const who = this.#identify(request, query.get("device_id"));
        upgrader.handleUpgrade(request, socket as Socket, head, (opened) => this.#open(opened, who));
      } catch (error) {
        const { status, body } = refusalOf(error);
        socket.end(
          `HTTP/1.1 ${status} No\r\nWWW-Authenticate: Bearer\r\nConnection: close\r\n\r\n${JSON.stringify(body)}`,
        );
      }
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    for (const socket of this.#sockets.keys()) socket.terminate();
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #has(defect: Defect): boolean {
    return this.#defects.has(defect);
  }

  #account(user: string): Account {
    let account = this.#accounts.get(user);
    if (account === undefined) {
      account = { ops: [], receipts: new Map(), stamps: new Map(), cursors: new Map(), watermark: 0 };
      this.#accounts.set(user, account);
    }
    return account;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isPull = request.method === "GET";
    try {
      const { status, body } = await this.#respond(request);
      const text = body === undefined ? undefined : JSON.stringify(body);
      const cache = isPull && this.#has("pages may be cached") ? "max-age=60" : "no-store";
      response.writeHead(status, { "cache-control": cache, "content-type": "application/json" });
      response.end(text);
    } catch (error) {
      const { status, body } = refusalOf(error);
      const isTyped = !this.#has("errors without a type");
      response.writeHead(status, {
        "cache-control": "no-store",
        ...(this.#has("no challenge") ? {} : { "www-authenticate": "Bearer" }),
      });
      const text = JSON.stringify(isTyped ? body : { ...body, type: undefined });
      response.end(this.#has("HTML for errors") ? `<h1>${status}</h1>` : text);
    }
  }

  async #respond(request: IncomingMessage): Promise<{ readonly status: number; readonly body?: unknown }> {
    const { pathname, searchParams } = new URL(request.url!, "http://x");
    const control = this.#control(request, pathname);
    if (control !== undefined) return control(JSON.parse(String(await this.#read(request))) as never);
    if (!["/sync/ops", "/sync/ack", "/sync/ws"].includes(pathname))
      throw new Refused(404, { type: "not_found" });
    const who = this.#identify(request, null);
    switch (`${request.method} ${pathname}`) {
      case "POST /sync/ops":
        return { status: 200, body: this.#push(who, await this.#read(request)) };
      case "GET /sync/ops":
        return { status: 200, body: this.#pull(who, searchParams) };
      case "POST /sync/ack":
        this.#acknowledge(who, this.#parse(await this.#read(request)));
        return { status: 204 };
      default:
        throw new Refused(405, { type: "method_not_allowed" });
    }
  }

  #control(
    { headers, method }: IncomingMessage,
    path: string,
  ): ((body: { user: string; advance_ms: number }) => { status: number; body: unknown }) | undefined {
    const given = headers.authorization ?? "";
    const isAllowed =
      given === `Bearer ${controlToken}` ||
      this.#has("hooks are open") ||
      (this.#has("hooks open to users") && given.startsWith("Bearer eyJ"));
    if (!isAllowed || method !== "POST") return undefined;
    if (path === "/control/compact") return ({ user }) => ({ status: 200, body: this.#compact(user) });
    if (path !== "/control/clock") return undefined;
    return ({ advance_ms: byMs }) => ({ status: 200, body: { now: Date.now() + (this.#clockMs += byMs) } });
  }

  async #read(request: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch (error) {
      if (!this.#has("broken off bodies are kept")) throw error;
    }
    const body = Buffer.concat(chunks);
    if (body.length > bytesMax && !this.#has("2 MiB are taken"))
      throw new Refused(413, { type: "batch_too_large", max_ops: 1_000, max_bytes: bytesMax });
    return body;
  }

  #parse(body: Buffer): unknown {
    try {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
      return this.#has("stamps beyond 2^53 are taken") ? JSON.parse(text) : parseRequestText(text);
    } catch {
      throw this.#has("500 for malformed JSON") ? new Error("not JSON") : invalid();
    }
  }

  #identify({ headers, url }: IncomingMessage, queryDevice: string | null): Who {
    const claims = this.#claims(headers.authorization ?? "");
    const header = headers["x-device-id"] as string | undefined;
    const named = [header, queryDevice].filter((one) => typeof one === "string");
    const claim = claims.device_id;
    const agrees = (one: string): boolean => uuidKey(one) === uuidKey(String(claim));
    if (
      claim !== undefined &&
      claim !== null &&
      !named.every(agrees) &&
      !this.#has("claims are not looked at")
    )
      throw new Refused(403, { type: "forbidden" });
    const isGood =
      named.length > 0 && named.every((one) => isUuid(one) && uuidKey(one) === uuidKey(named[0]!));
    if (!isGood && !this.#has("device ids are not looked at")) throw invalid();
    const asked = new URL(url!, "http://x").searchParams.get("user_id");
    const user = this.#has("user_id in the query counts") && asked !== null ? asked : String(claims.sub);
    return { user, device: uuidKey(named[0] ?? "") };
  }

  #claims(header: string): Readonly<Record<string, unknown>> {
    const unauthorized = new Refused(401, { type: "unauthorized" });
    const [, head, payload, signature] = /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]*)$/u.exec(header) ?? [];
    if (head === undefined || payload === undefined) throw unauthorized;
    const decode = (part: string): Readonly<Record<string, unknown>> => {
      try {
        const json: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
        if (isJsonObject(json)) return json;
      } catch {
        // Below.
      }
      throw unauthorized;
    };
    const { alg } = decode(head);
    const isSigned =
      createHmac("sha256", secret).update(`${head}.${payload}`).digest("base64url") === signature;
    const isWaved =
      (this.#has("alg none is taken") && alg === "none") || this.#has("signatures are not looked at");
    if (!isWaved && (alg !== "HS256" || !isSigned)) throw unauthorized;
    const claims = decode(payload);
    const now = Date.now() / 1_000;
    const { exp, nbf = 0, iat = 0, sub } = claims;
    if (typeof exp !== "number" || (exp <= now && !this.#has("expired tokens are taken"))) throw unauthorized;
    if (Number(nbf) > now + 60 || Number(iat) > now + 60) throw unauthorized;
    if ((typeof sub !== "string" && typeof sub !== "number") || sub === "") throw unauthorized;
    return claims;
  }

  #push({ user, device }: Who, body: Buffer): object {
    if (this.#has("dies at U+0000") && body.includes("\\u0000")) {
      void this.stop();
      throw new Refused(500, { type: "gone" });
    }
    const json = this.#parse(body);
    const ops = isJsonObject(json) && Array.isArray(json.ops) ? (json.ops as unknown[]) : undefined;
    if (ops !== undefined && ops.length > 1_000 && !this.#has("2,000 ops are taken"))
      throw new Refused(413, { type: "batch_too_large", max_ops: 1_000, max_bytes: bytesMax });
    const read = pushRequestSchema.safeParse(this.#bent(json));
    if (read.success) return this.#store({ user, device }, read.data.ops as readonly PushOp[]);
    if (this.#has("good ops of a bad batch are kept")) {
      const good = (ops ?? []).flatMap((op) => {
        const one = pushRequestSchema.safeParse({ ops: [op] });
        return one.success ? one.data.ops : [];
      });
      if (good.length > 0) this.#store({ user, device }, good as readonly PushOp[]);
    }
    const places = new Set(read.error.issues.map(({ path }) => path[1]));
    const [index] = places;
    throw invalid(places.size === 1 && typeof index === "number" ? index : undefined);
  }

  /** The request as a defective reader takes it. */
  #bent(json: unknown): unknown {
    if (!isJsonObject(json) || !Array.isArray(json.ops)) return json;
    const bend = (op: unknown): unknown => {
      if (!isJsonObject(op)) return op;
      const bent: Record<string, unknown> = { ...op };
      if (this.#has("stamps as texts are taken") && /^\d+$/u.test(String(op.lamport_ts)))
        bent.lamport_ts = Number(op.lamport_ts);
      if (this.#has("stamps beyond 2^53 are taken") && Number(op.lamport_ts) > Number.MAX_SAFE_INTEGER)
        bent.lamport_ts = Number.MAX_SAFE_INTEGER;
      if (this.#has("long names are taken")) bent.field = String(op.field).slice(0, 64);
      if (this.#has("spaces are trimmed") && typeof op.entity_id === "string")
        bent.entity_id = op.entity_id.trim() || op.entity_id;
      return bent;
    };
    return { ...json, ops: json.ops.map(bend) };
  }

  #store({ user, device }: Who, ops: readonly PushOp[]): object {
    const account = this.#account(user);
    const shared = this.#account("everybody");
    const receipts = (this.#has("receipts are of all users") ? shared : account).receipts;
    const stamps = (this.#has("stamps are of the device alone") ? shared : account).stamps;
    let highest = stamps.get(device) ?? 0;
    const ofUser = Math.max(0, ...account.stamps.values());
    const seen = new Map<string, PushOp>();
    const fresh: PushOp[] = [];
    for (const [index, op] of ops.entries()) {
      const at = { index, operation_id: op.operation_id };
      const key = uuidKey(op.operation_id);
      const known = receipts.get(key) ?? seen.get(key);
      if (known !== undefined) {
        if (isSameContent(known, op)) continue;
        throw new Refused(409, { type: "operation_conflict", ...at });
      }
      const levels = jsonDepth(op.value, 201);
      const isDeep = levels > (this.#has("65 levels are taken") ? 200 : 64);
      const texts = [op.entity_type, op.entity_id, op.field];
      if (isDeep || whyUnstorable([...texts, op.value]) !== undefined)
        throw new Refused(422, { type: "invalid_op", ...at, reason: "cannot be kept" });
      const { lamport_ts } = op;
      if (lamport_ts <= highest && !this.#has("regressions are taken"))
        throw new Refused(409, { type: "lamport_regression", ...at, lamport_ts, stored_max: highest });
      if (lamport_ts > ofUser + 2 ** 32 && !this.#has("clocks may leap"))
        throw new Refused(422, { type: "invalid_op", ...at, reason: "leap" });
      highest = Math.max(highest, lamport_ts);
      seen.set(key, op);
      fresh.push(op);
    }
    account.stamps.set(device, highest);
    stamps.set(device, highest);
    for (const op of fresh) this.#append({ user, device }, { op, receipts });
    const results = ops.map((op) => {
      const { id, lamport_ts } = receipts.get(uuidKey(op.operation_id))!;
      return {
        operation_id: op.operation_id,
        id,
        lamport_ts,
        status: fresh.includes(op) ? "stored" : "duplicate",
      };
    });
    return { results, head: headOf(account) };
  }

  #append(
    { user, device }: Who,
    { op, receipts }: { readonly op: PushOp; readonly receipts: Account["receipts"] },
  ): void {
    const account = this.#account(user);
    const prevId = headOf(account);
    const { operation_id, entity_type, entity_id, field, value, lamport_ts } = op;
    const content = { operation_id, entity_type, entity_id, op: op.op, field, value, lamport_ts };
    const stored: LogOp = {
      ...content,
      id: prevId + 1,
      device_id: device,
      wall_clock: new Date().toISOString(),
    };
    account.ops.push(stored);
    receipts.set(uuidKey(operation_id), { ...op, id: stored.id });
    for (const [socket, who] of this.#sockets) {
      if (who.user === user || this.#has("frames go to everybody"))
        socket.send(JSON.stringify({ type: "op", prev_id: prevId, op: stored }));
    }
  }

  #pull({ user }: Who, query: URLSearchParams): object {
    const isLenient = this.#has("since is parsed leniently");
    const read = (name: string): number | undefined => {
      const [text, ...more] = query.getAll(name);
      if (text === undefined) return undefined;
      if (isLenient && !Number.isNaN(Number.parseInt(text, 10)))
        return Math.max(0, Number.parseInt(text, 10));
      const value = /^\d+$/u.test(text) && more.length === 0 ? Number(text) : Number.NaN;
      if (!Number.isSafeInteger(value)) throw invalid();
      return value;
    };
    const since = read("since") ?? 0;
    const limit = read("limit") ?? 1_000;
    if (limit < 1 || (limit > 1_000 && !this.#has("limits are not bounded"))) throw invalid();
    const account = this.#account(user);
    const head = headOf(account);
    const gone = { type: "resync_required", compacted_up_to: account.watermark };
    if (since > head && !this.#has("positions beyond head are taken"))
      throw new Refused(410, { ...gone, reason: "cursor_ahead" });
    const isWalk = query.get("resync") === `walk of ${user} at ${account.watermark}`;
    if (since > 0 && since < account.watermark && !isWalk) throw new Refused(410, gone);
    const found = account.ops.filter(({ id }) => id > since);
    const ops = found.slice(0, limit);
    const isMore = found.length > ops.length;
    const walk = since === 0 || isWalk ? { resync: `walk of ${user} at ${account.watermark}` } : {};
    return { ops, head, has_more: isMore, ...(isMore ? walk : {}) };
  }

  #acknowledge({ user, device }: Who, json: unknown): void {
    const account = this.#account(user);
    const cursors = (this.#has("cursors are of the device alone") ? this.#account("everybody") : account)
      .cursors;
    const read = ackRequestSchema.safeParse(json);
    if (!read.success) {
      const value =
        isJsonObject(json) && typeof json.last_seen_id === "number" ? json.last_seen_id : Number.NaN;
      if (this.#has("refused acks count") && value < 0) cursors.set(device, headOf(account));
      if (this.#has("negative acks are taken") && value < 0) return;
      throw invalid();
    }
    const { last_seen_id: id } = read.data;
    const head = headOf(account);
    if (id > head && !this.#has("acks beyond head are taken"))
      throw new Refused(422, { type: "ack_beyond_head", head });
    cursors.set(device, Math.max(cursors.get(device) ?? 0, id));
  }

  #compact(user: string): object {
    const account = this.#account(user);
    const isShared = this.#has("cursors are of the device alone");
    const cursors = isShared ? this.#account("everybody").cursors : account.cursors;
    const bound = cursors.size === 0 ? 0 : Math.min(...cursors.values());
    const below = account.ops.filter(({ id }) => id < bound);
    const gone = below.filter((op) =>
      below.some((newer) => newer.id > op.id && newer.entity_id === op.entity_id && newer.field === op.field),
    );
    for (const op of gone) account.ops.splice(account.ops.indexOf(op), 1);
    account.watermark = Math.max(account.watermark, ...gone.map(({ id }) => id));
    return { compacted_up_to: account.watermark, deleted: gone.length };
  }

  #open(socket: WebSocket, who: Who): void {
    this.#sockets.set(socket, who);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("message", (data) => {
      const frame = parsed(String(data));
      if (!ackFrameSchema.safeParse(frame).success && this.#has("sockets fail at bad frames"))
        socket.close(1011);
      else socket.send(JSON.stringify({ type: "error", reason: "cannot be used" }));
    });
    if (!this.#has("no hello"))
      socket.send(JSON.stringify({ type: "hello", head: headOf(this.#account(who.user)) }));
  }
}

const headOf = ({ ops }: Account): number => ops.at(-1)?.id ?? 0;

const isSameContent = (left: PushOp, right: PushOp): boolean =>
  (["entity_type", "entity_id", "op", "field", "value"] as const).every((name) =>
    jsonEqual(left[name], right[name]),
  );

const refusalOf = (error: unknown): { readonly status: number; readonly body: object } =>
  error instanceof Refused ? error : { status: 500, body: { type: "internal_error" } };

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
