// The server's end of a WebSocket, by `ws`. What arrives before the core has its session waits; what is sent after the
// end is dropped. A peer that leaves a ping unanswered until the next one is taken for dead.
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import type { ServerSocket, SocketSession } from "../waveflow/index.ts";

/** An ACK is the longest thing that a device has to say. Units: bytes. */
const payloadBytesMax = 4_096;

/** How long a peer may take to answer a close. */
const closeTimeoutMs = 2_000;

export class SocketUpgrader {
  readonly #acceptor = new WebSocketServer({
    noServer: true,
    maxPayload: payloadBytesMax,
    perMessageDeflate: false,
    clientTracking: false,
    closeTimeout: closeTimeoutMs,
  } as ConstructorParameters<typeof WebSocketServer>[0]);
  readonly #open = new Set<WireSocket>();

  /** Completes the handshake. A connection that has gone in the meantime gives a socket that is closed already. */
  accept(raw: IncomingMessage, socket: Duplex, head: Buffer): WireSocket {
    const wire = new WireSocket();
    // `handleUpgrade` calls back before it returns, or never.
    this.#acceptor.handleUpgrade(raw, socket, head, (webSocket) => {
      wire.attach(webSocket);
      this.#open.add(wire);
      webSocket.on("close", () => this.#open.delete(wire));
    });
    (socket as Socket).setKeepAlive?.(true, keepAliveDelayMs);
    return wire;
  }

  /** Ends what did not end when it was asked to. */
  terminateAll(): void {
    for (const wire of this.#open) wire.terminate();
  }
}

const keepAliveDelayMs = 30_000;

/** Says whether an upgrade asks for a WebSocket, and in a form that `accept` will not turn down.
 *  Source: RFC 6455, 4.2.1. */
export function isWebSocketHandshake(raw: IncomingMessage): boolean {
  const { upgrade, "sec-websocket-key": key, "sec-websocket-version": version } = raw.headers;
  return (
    raw.method === "GET" &&
    upgrade?.toLowerCase() === "websocket" &&
    key !== undefined &&
    /^[+/0-9A-Za-z]{22}==$/u.test(key) &&
    version === "13" &&
    isPlainProtocolList(raw.headers["sec-websocket-protocol"])
  );
}

const isPlainProtocolList = (header: string | undefined): boolean =>
  header === undefined || /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/u.test(header);

export class WireSocket implements ServerSocket {
  #socket: WebSocket | undefined;
  #session: SocketSession | undefined;
  #pendingFrames = 0;
  #isPingUnanswered = false;

  attach(socket: WebSocket): void {
    this.#socket = socket;
    socket.pause();
    socket.on("error", () => undefined);
    socket.on("message", (data, isBinary) => this.#session?.onFrame(isBinary ? undefined : parseFrame(data)));
    socket.on("pong", () => {
      this.#isPingUnanswered = false;
      this.#session?.onPong();
    });
    socket.on("close", () => {
      this.#session?.onClose();
      this.#session = undefined;
    });
  }

  /** Lets what has come so far, and what will come, through to the session. */
  begin(session: SocketSession): void {
    if (this.#socket === undefined || this.#socket.readyState === WebSocket.CLOSED) {
      session.onClose();
      return;
    }
    this.#session = session;
    this.#socket.resume();
  }

  send(frame: unknown): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#pendingFrames++;
    this.#socket.send(JSON.stringify(frame), () => {
      this.#pendingFrames--;
    });
  }

  pendingFrames(): number {
    return this.#pendingFrames;
  }

  ping(): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    if (this.#isPingUnanswered) {
      this.terminate();
      return;
    }
    this.#isPingUnanswered = true;
    this.#socket.ping();
  }

  close(code: number, reason: string): void {
    // A paused socket would not hear the peer's answer.
    this.#socket?.resume();
    this.#socket?.close(code, reason);
  }

  terminate(): void {
    this.#socket?.terminate();
  }
}

function parseFrame(data: RawData): unknown {
  try {
    return JSON.parse(String(data)) as unknown;
  } catch {
    return undefined;
  }
}
