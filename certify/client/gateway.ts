// The address that a client under test is given for its server, the same through all of its lives. What it asks is passed
// on, byte by byte, to wherever its server is to be found in its present life (a line of the fault proxy), so that what
// happens to a message there happens to the client: silence, a reset, half an answer. On the way both are read.
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { resetSocket } from "../../live/faults/http-proxy/sockets.ts";
import { FrameReader } from "./frame-reader.ts";

/** A request as it came, and the way on. */
export interface PassingRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Passes it on and the answer back, which is held until `release` lets it. Resolves when the whole answer has come.
   *  Errors: `NoAnswerPassed` when the client got none, or not the whole. */
  carry(release: () => Promise<void>): Promise<PassingReply>;
}

export interface PassingReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: { readonly json: unknown } | { readonly text: string };
}

/** What becomes of a socket that the client opens. */
export interface PassingSocket {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Opens it. Resolves once both ends are connected.
   *  Errors: `NoAnswerPassed`; `UpgradeAnswered` where the answer was a plain one. */
  open(hear: SocketHearing): Promise<void>;
}

export interface SocketHearing {
  /** A text frame of the server; parsed where it was JSON, else undefined. */
  onServerFrame(frame: unknown): void;
  onClientFrame(frame: unknown): void;
  /** `undefined`: it broke, without a close frame. */
  onClose(code: number | undefined): void;
}

/** Who lives behind the gateway at present. */
export interface Occupant {
  /** Where its server is. */
  readonly target: () => Promise<string>;
  onRequest(request: PassingRequest): void;
  onSocket(socket: PassingSocket): void;
}

export class NoAnswerPassed extends Error {
  override readonly name = "NoAnswerPassed";
}

export class UpgradeAnswered extends Error {
  override readonly name = "UpgradeAnswered";
  readonly reply: PassingReply;

  constructor(reply: PassingReply) {
    super(`expected 101 Switching Protocols, got ${reply.status}`);
    this.reply = reply;
  }
}

const host = "127.0.0.1";
/** A client that says more than this in one request is cut off.  Units: bytes. */
const bodyBytesMax = 64 * 1_048_576;

export class Gateway {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #occupant: Occupant | undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://${host}:${(server.address() as AddressInfo).port}`;
    server.on("connection", (socket: Socket) => this.#keep(socket));
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      void this.#exchange(request, response);
    });
    server.on("upgrade", (request: IncomingMessage, socket: Socket, early: Buffer) =>
      this.#upgrade(request, socket, early),
    );
  }

  /** On a free port of this machine.
   *  Errors: the operating system's when there is none. */
  static async open(): Promise<Gateway> {
    const server = createServer({ keepAliveTimeout: 0 });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, host, resolve);
    });
    return new Gateway(server);
  }

  /** Everything that comes from now on is this one's. */
  enter(occupant: Occupant): void {
    this.#occupant = occupant;
  }

  /** The occupant has died: its connections break. What it had sent still arrives. */
  leave(): void {
    this.#occupant = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.leave();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  async #exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request).catch(() => undefined);
    const occupant = this.#occupant;
    if (body === undefined || occupant === undefined) return reset(response);
    occupant.onRequest({
      ...headOf(request),
      body: parsed(body.toString("utf8")),
      carry: async (release) => {
        const target = new URL(await occupant.target());
        return pass({ request, response, body, target, release });
      },
    });
  }

  #upgrade(request: IncomingMessage, client: Socket, early: Buffer): void {
    this.#keep(client);
    const occupant = this.#occupant;
    if (occupant === undefined) {
      client.destroy();
      return;
    }
    occupant.onSocket({
      ...headOf(request),
      open: async (hear) => {
        const target = new URL(await occupant.target());
        await passUpgrade({ request, client, early, target }, hear);
      },
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", () => undefined);
  }
}

const headOf = ({ method = "GET", url = "/", headers }: IncomingMessage) => ({
  method,
  path: url,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
});

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw new RangeError(`a request of more than ${bodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The answer goes on as it comes; the connection ends as its own does. */
function pass(passing: {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
  readonly target: URL;
  readonly release: () => Promise<void>;
}): Promise<PassingReply> {
  const { request, response, body, target, release } = passing;
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      reset(response);
      reject(new NoAnswerPassed(reason));
    };
    const headers = request.rawHeaders.filter(
      (_word, place, all) => !isAboutTheBody(all[place - (place % 2)]!),
    );
    const upstream = httpRequest({
      host: target.hostname,
      port: target.port,
      method: request.method,
      path: `${target.pathname.replace(/\/$/u, "")}${request.url}`,
      headers: body.length === 0 ? headers : [...headers, "content-length", String(body.length)],
      agent: false,
    });
    upstream.on("error", (error) => fail(error.message));
    upstream.on("response", (reply) => {
      const { statusCode: status = 0, rawHeaders } = reply;
      const chunks: Buffer[] = [];
      reply.on("error", (error) => fail(error.message));
      void release().then(() => {
        response.writeHead(status, reply.statusMessage, rawHeaders);
        response.flushHeaders();
        reply.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          response.write(chunk);
        });
      });
      reply.on("aborted", () => fail("the answer broke off"));
      reply.on("end", () => {
        if (!reply.complete) return fail("the answer broke off");
        const answer = { status, headers: reply.headers as never, body: parsedReply(Buffer.concat(chunks)) };
        resolve(answer);
        response.end();
      });
    });
    // A client that gives up says nothing to its server; what it had asked has arrived.
    response.once("close", () => {
      if (!response.writableFinished) reject(new NoAnswerPassed("the client hung up"));
    });
    upstream.end(body);
  });
}

const isAboutTheBody = (name: string): boolean =>
  /^(?:content-length|transfer-encoding|expect)$/iu.test(name);

function reset(response: ServerResponse): void {
  const { socket } = response;
  if (socket !== null) resetSocket(socket);
}

/** A tunnel of bytes, read on the way. Nobody compresses frames, so that they can be read. */
function passUpgrade(
  passing: {
    readonly request: IncomingMessage;
    readonly client: Socket;
    readonly early: Buffer;
    readonly target: URL;
  },
  hear: SocketHearing,
): Promise<void> {
  const { request, client, early, target } = passing;
  return new Promise((resolve, reject) => {
    const upstream = connect(Number(target.port), target.hostname);
    let head = Buffer.alloc(0);
    let frames: FrameReader | undefined;
    const end = (): void => {
      upstream.destroy();
      client.destroy();
      reject(new NoAnswerPassed("the connection ended before the socket was open"));
      frames?.end();
    };
    upstream.on("error", end);
    upstream.on("close", end);
    client.on("close", end);
    upstream.write(upgradeHead(request));
    upstream.write(early);
    const open = (rest: Buffer): void => {
      frames = new FrameReader(hear);
      resolve();
      client.on("data", (chunk: Buffer) => {
        frames?.fromClient(chunk);
        upstream.write(chunk);
      });
      frames.fromServer(rest);
      client.write(rest);
    };
    upstream.on("data", (chunk: Buffer) => {
      if (frames !== undefined) {
        frames.fromServer(chunk);
        client.write(chunk);
        return;
      }
      head = Buffer.concat([head, chunk]);
      const size = head.indexOf("\r\n\r\n");
      if (size < 0) return;
      const status = Number(/^HTTP\/1\.1 (\d{3})/u.exec(head.toString("latin1"))?.[1] ?? 0);
      if (status === 101) {
        client.write(head.subarray(0, size + 4));
        return open(head.subarray(size + 4));
      }
      client.write(chunk);
      const body = parsedReply(head.subarray(size + 4));
      reject(new UpgradeAnswered({ status, headers: headersIn(head.subarray(0, size)), body }));
    });
  });
}

function upgradeHead({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let place = 0; place < rawHeaders.length; place += 2) {
    const name = rawHeaders[place]!;
    if (name.toLowerCase() !== "sec-websocket-extensions") lines.push(`${name}: ${rawHeaders[place + 1]}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function headersIn(head: Buffer): Readonly<Record<string, string>> {
  const lines = head.toString("latin1").split("\r\n").slice(1);
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(":")).toLowerCase(),
      line.slice(line.indexOf(":") + 1).trim(),
    ]),
  );
}

function parsed(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function parsedReply(bytes: Buffer): PassingReply["body"] {
  const text = bytes.toString("utf8");
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    return { text };
  }
}
