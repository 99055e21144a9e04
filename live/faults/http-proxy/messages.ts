// HTTP messages as bytes: read whole where a fault needs them so, written as they came. Header lines keep their order,
// their case and their repetitions; a body is never decoded.
import { type IncomingMessage, type OutgoingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import { type ImpostorAnswer, impostorReply } from "../../../actors/impostor.ts";

/** Names and values in turn, as Node's `rawHeaders`. */
type RawHeaders = readonly string[];

export interface HeldRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: RawHeaders;
  readonly body: Buffer;
  readonly trailers: RawHeaders;
}

export interface HeldReply {
  readonly status: number;
  readonly statusMessage: string;
  readonly headers: RawHeaders;
  readonly body: Buffer;
  readonly trailers: RawHeaders;
}

/** A longer message that a fault needs whole is broken off instead.  Units: bytes. */
export const heldBytesMax = 64 * 1_048_576;

/** The request once it has arrived whole; `undefined` if it broke off or is too long to be held. */
export async function readRequest(request: IncomingMessage): Promise<HeldRequest | undefined> {
  const body = await readWhole(request);
  if (body === undefined) return undefined;
  const { method = "GET", url: path = "/" } = request;
  return { method, path, headers: forwardHeaders(request), body, trailers: request.rawTrailers };
}

/** The reply once it has arrived whole; `undefined` as above. */
export async function readReply(reply: IncomingMessage): Promise<HeldReply | undefined> {
  const body = await readWhole(reply);
  return body === undefined ? undefined : { ...replyHead(reply), body, trailers: reply.rawTrailers };
}

export type ReplyHead = Pick<HeldReply, "status" | "statusMessage" | "headers">;

/** A status that is none becomes 502, and control characters in the reason are left out: Node would not write them. */
export function replyHead({ statusCode = 0, statusMessage = "", rawHeaders }: IncomingMessage): ReplyHead {
  return {
    status: statusCode < 100 ? 502 : statusCode,
    statusMessage: statusMessage.replaceAll(/[^\t\u{20}-\u{7e}\u{80}-\u{ff}]/gu, ""),
    headers: rawHeaders,
  };
}

/** What goes to the server: the same header lines. A request that says nothing about its body has none, which Node has
 *  to be told, or it would announce one. */
export function forwardHeaders(request: IncomingMessage): readonly string[] {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  const isSilent = length === undefined && encoding === undefined;
  return isSilent && !bodiless.has(request.method ?? "GET")
    ? [...request.rawHeaders, "Content-Length", "0"]
    : request.rawHeaders;
}

const bodiless: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"]);

/** Begins the answer to a client with exactly these header lines. */
export function writeHead(response: ServerResponse, { status, statusMessage, headers }: ReplyHead): void {
  // Node adds what it thinks is missing unless it was removed.
  for (const name of ["connection", "date", "content-length", "transfer-encoding"])
    response.removeHeader(name);
  const isOld = response.req.httpVersion === "1.0";
  response.writeHead(
    status,
    statusMessage,
    isOld ? withoutHeader(headers, "transfer-encoding") : [...headers],
  );
}

/** Sends the header lines before there is a body. Not by `flushHeaders`, which writes them as UTF-8. */
export function sendHead(message: OutgoingMessage): void {
  message.write(Buffer.alloc(0));
}

export function withoutHeader(headers: RawHeaders, name: string): string[] {
  const kept: string[] = [];
  for (const [header, value] of pairs(headers)) if (header.toLowerCase() !== name) kept.push(header, value);
  return kept;
}

export function writeReply(response: ServerResponse, reply: HeldReply): void {
  writeHead(response, reply);
  if (reply.trailers.length > 0) response.addTrailers(pairs(reply.trailers));
  response.end(reply.body);
}

/** The reply with its real length, up to the middle of its body; then the connection is cut. */
export function writeHalf(response: ServerResponse, reply: HeldReply): void {
  const half = reply.body.subarray(0, Math.floor(reply.body.length / 2));
  const cut = (): void => void response.socket?.destroy();
  if (reply.body.length === 0) {
    cut();
    return;
  }
  writeHead(response, reply);
  response.write(half, cut);
}

/** Somebody else's answer, as bytes. */
export function impostorBytes(answer: ImpostorAnswer): HeldReply {
  const { status, headers, body } = impostorReply(answer);
  const bytes = Buffer.from("json" in body ? JSON.stringify(body.json) : body.text);
  const lines = Object.entries(headers).flat();
  if (!hasNoBody(status)) lines.push("content-length", String(bytes.length));
  return {
    status,
    statusMessage: STATUS_CODES[status] ?? "",
    headers: lines,
    body: hasNoBody(status) ? Buffer.alloc(0) : bytes,
    trailers: [],
  };
}

const hasNoBody = (status: number): boolean => status === 204 || status === 304;

export const pairs = (headers: RawHeaders): readonly [string, string][] =>
  Array.from({ length: headers.length / 2 }, (_, index) => [headers[2 * index]!, headers[2 * index + 1]!]);

/** All bytes of a message; `undefined` if it broke off, or has too many. */
function readWhole(message: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    message.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= heldBytesMax) chunks.push(chunk);
      else message.destroy();
    });
    message.on("end", () => resolve(Buffer.concat(chunks)));
    message.on("error", () => resolve(undefined));
    message.on("close", () => resolve(undefined));
  });
}
