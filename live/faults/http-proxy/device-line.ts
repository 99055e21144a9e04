// An address of the proxy that one device's client talks to. Whose messages these are is known by the port, so a client
// in another process, in any language, needs to know nothing but its server's address.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { FrameFate } from "../../../actors/network-accidents.ts";
import type { FaultRules } from "../../../scenarios/format/fault-rules.ts";
import type { ExchangeFate } from "../../../actors/exchange-fate.ts";
import { ClientConnection } from "./client-connection.ts";
import { carryExchange, headerBytesMax, type Setting, undisturbed } from "./exchange.ts";
import { impostorBytes } from "./messages.ts";
import { Sockets } from "./sockets.ts";
import { Tunnel } from "./tunnel.ts";
import { carryUpgrade } from "./upgrade.ts";

export interface DeviceLineOptions extends Setting {
  readonly rules: FaultRules;
  /** What is to become of an exchange that begins; to be asked once for each. */
  readonly fateOf: (request: { readonly method: string; readonly path: string }) => ExchangeFate | undefined;
  /** What chance does to a frame on its way to the device; asked once for each. */
  readonly accidentToFrame: () => FrameFate | undefined;
  readonly onFault: (kind: string) => void;
}

const host = "127.0.0.1";

export class DeviceLine {
  readonly url: string;
  readonly #options: DeviceLineOptions;
  readonly #server: Server;
  readonly #clients = new Sockets();
  readonly #connections = new WeakMap<Socket, ClientConnection>();
  readonly #tunnels = new Set<Tunnel>();
  #exchanges = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: DeviceLineOptions, server: Server) {
    this.#options = options;
    this.#server = server;
    this.url = `http://${host}:${(server.address() as AddressInfo).port}`;
    server.on("connection", (socket: Socket) => this.#clients.add(socket));
    const take =
      (isExpectant: boolean) =>
      (request: IncomingMessage, response: ServerResponse): void =>
        this.#exchange(request, response, isExpectant);
    server.on("request", take(false));
    server.on("checkContinue", take(true));
    // An expectation that Node does not know is the server's to refuse.
    server.on("checkExpectation", take(false));
    server.on("upgrade", (request: IncomingMessage, socket: Socket, early: Buffer) =>
      this.#upgrade(request, socket, early),
    );
    server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => refuseGarbage(error, socket));
  }

  /** A line on a free port of this machine.
   *  Errors: the operating system's when there is none. */
  static async open(options: DeviceLineOptions): Promise<DeviceLine> {
    const server = createServer({
      // What is too long, too slow or lacks something is the server's to refuse, as far as we can stand it.
      maxHeaderSize: headerBytesMax,
      keepAliveTimeout: 0,
      requireHostHeader: false,
      shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === "websocket",
    });
    server.maxHeadersCount = 0;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, host, resolve);
    });
    return new DeviceLine(options, server);
  }

  get device(): string {
    return this.#options.device;
  }

  get tunnels(): readonly Tunnel[] {
    return [...this.#tunnels];
  }

  /** Connections of clients, and exchanges whose client still waits. */
  get counts(): { readonly clients: number; readonly exchanges: number } {
    return { clients: this.#clients.size, exchanges: this.#exchanges };
  }

  /** The client's process is gone, as its kernel would tell: every connection breaks, live sockets at both ends. A
   *  request that had left it arrives nevertheless. */
  close(): Promise<void> {
    return (this.#closing ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const tunnel of this.tunnels) tunnel.cut();
      void this.#clients.destroyAll();
    }));
  }

  #exchange(request: IncomingMessage, response: ServerResponse, isExpectant: boolean): void {
    this.#exchanges++;
    response.once("close", () => this.#exchanges--);
    const asked = { request, response, isExpectant, connection: this.#connectionOf(request.socket) };
    carryExchange(this.#options, asked, this.#options.fateOf(requestLine(request)));
  }

  #upgrade(request: IncomingMessage, client: Socket, early: Buffer): void {
    const { device, rules, ways, accidentToFrame, onFault, tap } = this.#options;
    const fate = this.#options.fateOf(requestLine(request)) ?? undisturbed;
    carryUpgrade(this.#options, { request, client, early }, fate, (opened) => {
      const tunnel: Tunnel = new Tunnel({
        device,
        client: opened.client,
        server: opened.server,
        rules,
        ways,
        accidentToFrame,
        onFault,
        tap,
        onOver: () => this.#tunnels.delete(tunnel),
      });
      this.#tunnels.add(tunnel);
      tunnel.begin(opened.early);
    });
  }

  #connectionOf(socket: Socket): ClientConnection {
    let connection = this.#connections.get(socket);
    if (connection === undefined) {
      connection = new ClientConnection(socket);
      this.#connections.set(socket, connection);
    }
    return connection;
  }
}

const requestLine = ({ method = "GET", url = "/" }: IncomingMessage) => ({ method, path: url });

/** What Node cannot read as a request belongs to nobody. The answer says that it is not the server's. */
function refuseGarbage({ code }: NodeJS.ErrnoException, socket: Socket): void {
  if (code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = garbageStatus[code ?? ""] ?? 400;
  const { statusMessage, headers } = impostorBytes({ status, body: "empty" });
  const lines = [`HTTP/1.1 ${status} ${statusMessage}`, "connection: close"];
  for (let index = 0; index < headers.length; index += 2)
    lines.push(`${headers[index]}: ${headers[index + 1]}`);
  socket.end(`${lines.join("\r\n")}\r\n\r\n`, () => socket.destroy());
}

const garbageStatus: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};
