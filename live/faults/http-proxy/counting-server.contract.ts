// A server for the tests of the fault proxy: counts what reaches it, says what it is told to, and shows what it had of
// its connections.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { FaultProxy, type Line } from "./fault-proxy.ts";

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly trailers: readonly string[];
  readonly body: Buffer;
}

export type Answer = (request: IncomingMessage, response: ServerResponse, seen: Seen, count: number) => void;

const withItsCount: Answer = (_request, response, _seen, count) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(count));
};

export class CountingServer {
  /** Whole requests. */
  readonly seen: Seen[] = [];
  readonly sockets: WebSocket[] = [];
  /** What came over live sockets. */
  readonly received: string[] = [];
  readonly closes: number[] = [];
  readonly connections = new Set<Socket>();
  url = "";
  answer: Answer = withItsCount;
  /** How upgrades are taken; `undefined` opens a live socket. */
  refuse: ((socket: Socket) => void) | undefined;
  readonly #http: Server;
  readonly #acceptor = new WebSocketServer({ noServer: true });

  private constructor() {
    const take = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#take(request, response);
    this.#http = createServer({ maxHeaderSize: 1_048_576, requireHostHeader: false }, take);
    this.#http.on("connection", (socket: Socket) => {
      this.connections.add(socket);
      socket.once("close", () => this.connections.delete(socket));
    });
    this.#http.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
      if (this.refuse === undefined) this.#accept(request, socket, head);
      else this.refuse(socket);
    });
  }

  static async start(): Promise<CountingServer> {
    const server = new CountingServer();
    await new Promise<void>((resolve) => server.#http.listen(0, "127.0.0.1", resolve));
    server.url = `http://127.0.0.1:${(server.#http.address() as AddressInfo).port}`;
    return server;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#http.close(resolve));
    for (const socket of this.connections) socket.destroy();
    await closed;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const { method = "", url: path = "", rawHeaders: headers, rawTrailers: trailers } = request;
    const seen = { method, path, headers, trailers, body: Buffer.concat(chunks) };
    this.seen.push(seen);
    this.answer(request, response, seen, this.seen.length);
  }

  #accept(request: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#acceptor.handleUpgrade(request, socket, head, (webSocket) => {
      this.sockets.push(webSocket);
      webSocket.on("message", (data) => this.received.push(String(data)));
      webSocket.on("close", (code) => this.closes.push(code));
      webSocket.on("error", () => undefined);
    });
  }
}

export interface Stage {
  readonly server: CountingServer;
  readonly proxy: FaultProxy;
  readonly line: Line;
  readonly faults: string[];
  /** From now on the laptop's server is this one. */
  moveTo(server: CountingServer): void;
  close(): Promise<void>;
}

/** A laptop's address in front of a counting server. What is asked of `/x` is called `x`. */
export async function setStage(): Promise<Stage> {
  const server = await CountingServer.start();
  const faults: string[] = [];
  let target = server;
  const proxy = new FaultProxy({
    messageOf: ({ path }) => path.split(/[/?]/u)[1]!,
    targetOf: () => target.url,
    onFault: ({ kind }) => void faults.push(kind),
  });
  const line = await proxy.openLine("laptop");
  return {
    server,
    proxy,
    line,
    faults,
    moveTo: (server) => {
      target = server;
    },
    async close() {
      await proxy.close();
      await server.stop();
    },
  };
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
