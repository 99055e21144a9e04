// The way to the server over the real network: `fetch` for exchanges, `ws` for the live socket. Everything that is no
// answer is `NoAnswer`; everything that is one is handed on as it came, also from somebody who is not the server.
import type { IncomingMessage } from "node:http";
import { WebSocket, type RawData } from "ws";
import {
  NoAnswer,
  UpgradeRefused,
  type DeviceSocket,
  type IncomingReply,
  type OutgoingRequest,
  type OutgoingUpgrade,
  type SocketHandlers,
  type Transport,
} from "../waveflow/ports.ts";

export interface FetchTransportOptions {
  /** From the request to the last byte of the reply, and for the opening of a socket. Units: milliseconds. */
  readonly timeoutMs?: number;
  /** A longer reply or frame is no answer. */
  readonly replyBytesMax?: number;
  /** A socket that shows no frame and no ping for so long is closed: the server pings every 30 s, so it is half open. */
  readonly silenceMaxMs?: number;
}

export class FetchTransport implements Transport {
  readonly #options: Required<FetchTransportOptions>;

  constructor(options: FetchTransportOptions = {}) {
    this.#options = { timeoutMs: 30_000, replyBytesMax: 64 * 1_048_576, silenceMaxMs: 75_000, ...options };
  }

  /** Redirects are not followed: they would carry the token to somebody else. */
  async exchange(request: OutgoingRequest): Promise<IncomingReply> {
    const { method, server, path, headers, body } = request;
    try {
      const reply = await fetch(server + path, {
        method,
        headers,
        redirect: "manual",
        signal: AbortSignal.timeout(this.#options.timeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await readText(reply.body ?? [], this.#options.replyBytesMax);
      return { status: reply.status, headers: Object.fromEntries(reply.headers), body: parseBody(text) };
    } catch (error) {
      throw toNoAnswer(error);
    }
  }

  openSocket(request: OutgoingUpgrade, handlers: SocketHandlers): Promise<DeviceSocket> {
    const { timeoutMs, replyBytesMax, silenceMaxMs } = this.#options;
    const url = request.server.replace(/^http/u, "ws") + request.path;
    const { promise, resolve, reject } = Promise.withResolvers<DeviceSocket>();
    const socket = new WebSocket(url, {
      headers: { ...request.headers },
      handshakeTimeout: timeoutMs,
      maxPayload: replyBytesMax,
    });
    let isOpen = false;
    const silence = watchSilence(silenceMaxMs, () => socket.terminate());
    socket.on("open", () => {
      isOpen = true;
      silence.heard();
      resolve(deviceEnd(socket));
    });
    socket.on("ping", () => silence.heard());
    socket.on("message", (data, isBinary) => {
      silence.heard();
      handlers.onFrame(isBinary ? undefined : parseFrame(data));
    });
    socket.on("unexpected-response", (_request, reply) => {
      void refusal(reply, replyBytesMax)
        .then(reject, reject)
        .finally(() => socket.terminate());
    });
    socket.on("error", (error) => reject(toNoAnswer(error)));
    socket.on("close", (code) => {
      silence.end();
      if (isOpen) handlers.onClose(code);
      else reject(new NoAnswer(`the socket closed with ${code} before it was open`));
    });
    return promise;
  }
}

function deviceEnd(socket: WebSocket): DeviceSocket {
  return {
    send(frame) {
      // A frame to a closed socket is a lost frame like any other.
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
    },
    close() {
      socket.close(1000);
    },
  };
}

function watchSilence(silenceMaxMs: number, onSilence: () => void): { heard(): void; end(): void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    heard() {
      clearTimeout(timer);
      timer = setTimeout(onSilence, silenceMaxMs);
    },
    end: () => clearTimeout(timer),
  };
}

async function refusal(reply: IncomingMessage, bytesMax: number): Promise<Error> {
  try {
    const text = await readText(reply, bytesMax);
    const headers: Record<string, string | undefined> = {};
    for (const [name, value] of Object.entries(reply.headers)) headers[name] = String(value);
    return new UpgradeRefused({ status: reply.statusCode ?? 0, headers, body: parseBody(text) });
  } catch (error) {
    return toNoAnswer(error);
  }
}

async function readText(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  bytesMax: number,
): Promise<string> {
  const read: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new NoAnswer(`a reply of more than ${bytesMax} bytes`);
    read.push(chunk);
  }
  return Buffer.concat(read).toString("utf8");
}

function parseBody(text: string): IncomingReply["body"] {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    return { text };
  }
}

function parseFrame(data: RawData): unknown {
  const text = Buffer.isBuffer(data) ? data.toString("utf8") : "";
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function toNoAnswer(error: unknown): NoAnswer {
  if (error instanceof NoAnswer) return error;
  const { message, cause } = error as { message?: string; cause?: { message?: string } };
  return new NoAnswer(cause?.message ?? message ?? String(error), { cause: error });
}
