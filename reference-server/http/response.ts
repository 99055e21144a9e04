// Replies of a core, written to the wire as they are.
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { HttpResponse } from "../../protocol/http.ts";

/** Answers, and keeps the connection for the next request. */
export function writeReply(raw: IncomingMessage, out: ServerResponse, response: HttpResponse): void {
  const { status, headers, text } = wireReply(response);
  out.writeHead(status, headers);
  out.end(raw.method === "HEAD" ? undefined : text);
}

/** Answers while the client may still be sending: the reply goes out at once, and the connection ends when the client has
 *  stopped, or has sent too much more, or takes too long. Ended at once, a reset could overtake the reply. */
export function replyAndHangUp(raw: IncomingMessage, out: ServerResponse, response: HttpResponse): void {
  const { status, headers, text } = wireReply(response);
  out.writeHead(status, { ...headers, connection: "close" });
  if (raw.method !== "HEAD" && text !== undefined) out.write(text);
  let bytes = 0;
  const hangUp = (): void => {
    clearTimeout(timer);
    raw.off("data", onData);
    out.end();
  };
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > lingerBytesMax) hangUp();
  };
  const timer = setTimeout(hangUp, lingerMs);
  raw.on("data", onData).once("end", hangUp).once("close", hangUp).resume();
}

const lingerMs = 2_000;
const lingerBytesMax = 16 * 1_048_576;

/** Answers an upgrade as plain HTTP, and ends the connection. */
export function refuseUpgrade(socket: Duplex, response: HttpResponse): void {
  const { status, headers, text } = wireReply(response);
  const lines = Object.entries({ ...headers, connection: "close" }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const statusLine = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Refused"}\r\n`;
  socket.end(`${statusLine}date: ${new Date().toUTCString()}\r\n${lines.join("")}\r\n${text ?? ""}`);
}

/** A reply with its length, ready to be written. */
interface WireReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string | undefined;
}

function wireReply(response: HttpResponse): WireReply {
  const { status, headers, body } = response;
  if (body === undefined) {
    const hasLength = status !== 204 && status !== 304;
    return { status, headers: hasLength ? { ...headers, "content-length": "0" } : headers, text: undefined };
  }
  const text = JSON.stringify(body);
  const length = String(Buffer.byteLength(text));
  return {
    status,
    headers: { "content-type": "application/json", ...headers, "content-length": length },
    text,
  };
}
