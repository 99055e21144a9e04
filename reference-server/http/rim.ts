// HTTP and WebSocket around a server core: bytes become requests as data, replies as data become bytes.
// Guarantees: a reply for every request that arrived whole; bounds on headers, bodies and slowness; an end in good order.
// Leaves out: routes, rules and messages of any protocol. Paths are the core's, except for those given in `besides`.
import type { IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import type { ServerSocket, SocketSession } from "../waveflow/index.ts";
import { atMost } from "./at-most.ts";
import { readBody, requestHead } from "./request.ts";
import { refuseUpgrade, replyAndHangUp, writeReply } from "./response.ts";
import { isWebSocketHandshake, SocketUpgrader, type WireSocket } from "./web-socket.ts";

export interface ServerCore {
  handle(request: HttpRequest): Promise<HttpResponse>;
  openSocket(
    request: HttpRequest,
    accept: () => ServerSocket,
  ): Promise<{ readonly opened: SocketSession } | { readonly refused: HttpResponse }>;
}

export interface RimOptions {
  readonly core: ServerCore;
  /** Answers what is not the protocol's (health, control); `undefined` leaves the request to the core. */
  readonly besides: (request: HttpRequest) => Promise<HttpResponse> | undefined;
  /** Bodies are read up to here. Units: bytes. */
  readonly bodyBytesMax: number;
  readonly onFault: (error: unknown) => void;
  /** A whole request, slowly sent, may take this long. Default: 30000. */
  readonly requestTimeoutMs?: number;
  /** Default: 10000. */
  readonly headersTimeoutMs?: number;
}

const defaults = { requestTimeoutMs: 30_000, headersTimeoutMs: 10_000 };

/** An idle connection is kept for the next request this long: longer than a device's drain interval. */
const keepAliveTimeoutMs = 65_000;
const slownessCheckIntervalMs = 1_000;

export class HttpRim {
  readonly #options: RimOptions;
  readonly #app: FastifyInstance;
  readonly #upgrader = new SocketUpgrader();
  readonly #running = new Set<Promise<unknown>>();

  constructor(options: RimOptions) {
    this.#options = options;
    const { requestTimeoutMs, headersTimeoutMs } = { ...defaults, ...options };
    this.#app = fastify({
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      forceCloseConnections: "idle",
      // Requests that come in on kept connections while the process ends are the core's to answer.
      return503OnClosing: false,
      http: {
        headersTimeout: headersTimeoutMs,
        connectionsCheckingInterval: slownessCheckIntervalMs,
        shouldUpgradeCallback: (raw: IncomingMessage) => raw.headers.upgrade?.toLowerCase() === "websocket",
      },
      clientErrorHandler: refuseGarbage,
      frameworkErrors: (_error, request, reply) => this.#respond(request, reply),
    });
    // Answered here, before fastify would look for a route or judge the type of a body.
    this.#app.addHook("onRequest", async (request, reply) => {
      await this.#respond(request, reply);
      return reply;
    });
    this.#app.server.on("upgrade", (raw: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.#track(this.#upgrade(raw, socket, head));
    });
  }

  /** Answers the address; port 0 takes any free one.
   *  Errors: that of the operating system when the port cannot be had. */
  async listen(at: { readonly host: string; readonly port: number }): Promise<string> {
    await this.#app.listen({ host: at.host, port: at.port });
    const { port } = this.#app.server.address() as AddressInfo;
    return `http://${at.host.includes(":") ? `[${at.host}]` : at.host}:${port}`;
  }

  /** Runs `stop`, which closes the sockets and has new requests refused in words; then takes no new connections, lets
   *  running requests end, and ends what is left. Bounded by `timeoutMs` in each of its three waits. */
  async close(stop: () => Promise<void>, timeoutMs: number): Promise<void> {
    await atMost(timeoutMs, stop());
    const closed = this.#app.close();
    await atMost(timeoutMs, Promise.allSettled(this.#running));
    this.#app.server.closeIdleConnections();
    await atMost(timeoutMs, closed);
    this.#upgrader.terminateAll();
    this.#app.server.closeAllConnections();
    await closed;
  }

  async #respond(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { raw } = request;
    // From here on fastify adds nothing: the reply is written as the core gave it.
    reply.hijack();
    // A body that never comes is no request: nobody is there to answer, and it does not hold up the end of the process.
    const read = await readBody(raw, this.#options.bodyBytesMax).catch(() => undefined);
    if (read === undefined) return;
    const head = requestHead(raw);
    const whole = read.body === undefined ? head : { ...head, body: read.body };
    const write = read.overflowed ? replyAndHangUp : writeReply;
    await this.#track(this.#answer(whole).then((response) => write(raw, reply.raw, response)));
  }

  async #answer(request: HttpRequest): Promise<HttpResponse> {
    try {
      return await (this.#options.besides(request) ?? this.#options.core.handle(request));
    } catch (error) {
      this.#options.onFault(error);
      return failed;
    }
  }

  async #upgrade(raw: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", () => socket.destroy());
    const request = requestHead(raw);
    if (!isWebSocketHandshake(raw)) {
      refuseUpgrade(socket, await this.#answer(request));
      return;
    }
    let wire: WireSocket | undefined;
    try {
      const outcome = await this.#options.core.openSocket(request, () => {
        wire = this.#upgrader.accept(raw, socket, head);
        return wire;
      });
      if ("opened" in outcome) wire!.begin(outcome.opened);
      else refuseUpgrade(socket, outcome.refused);
    } catch (error) {
      this.#options.onFault(error);
      if (wire === undefined) refuseUpgrade(socket, failed);
      else wire.terminate();
    }
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    const untrack = (): boolean => this.#running.delete(work);
    work.then(untrack, untrack);
    return work;
  }
}

const failed: HttpResponse = {
  status: 500,
  headers: { "cache-control": "no-store" },
  body: { type: "internal_error", message: "the server failed at this request" },
};

/** What Node could not read as a request has no core to go to. */
function refuseGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, type] = garbageReplies[error.code ?? ""] ?? ([400, "invalid_request"] as const);
  const body = { type, errors: [{ path: "", message: `expected an HTTP request: ${error.code}` }] };
  refuseUpgrade(socket, { status, headers: { "cache-control": "no-store" }, body });
}

const garbageReplies: Readonly<Record<string, readonly [status: number, type: string]>> = {
  HPE_HEADER_OVERFLOW: [431, "headers_too_large"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "request_timeout"],
};
