// Somebody who looks on while messages pass the proxy. What is seen is the server's side of it: what really reached it,
// byte for byte and in which order, and what it answered, whoever heard it. Looking on changes nothing on the way.
import type { IncomingMessage } from "node:http";

/** Why one end of an exchange never had it: the server the request, or the sender the reply. */
export type LostPart = "request" | "reply";

export interface TappedRequest {
  readonly device: string;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** What befalls it, where something does. */
  readonly fault?: string | undefined;
  /** Another message came first and was the same: nobody waits for the answer to this one. */
  readonly isCopy?: true;
  /** It asks for a live socket. */
  readonly isSocket?: true;
}

/** One exchange that is looked at. */
export interface ExchangeTap {
  /** It goes to the server now; before that it was only on its way. */
  arrives(): void;
  sent(chunk: Buffer): void;
  /** The server answers. What follows of the reply is read along. */
  answered(reply: IncomingMessage): void;
  lost(part: LostPart, why: string): void;
}

export interface TappedFrame {
  readonly device: string;
  readonly direction: "to-server" | "to-device";
  /** Absent for one that is no text. */
  readonly text?: string | undefined;
  readonly isClose?: true;
  /** Of a close by the server. */
  readonly closeCode?: number | undefined;
}

export interface WireTap {
  exchange(request: TappedRequest): ExchangeTap;
  frame(frame: TappedFrame): void;
}
