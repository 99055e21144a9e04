// What went over the wire in one run, as data: every exchange between a device and a server in the order in which the
// server had them, every frame of a live socket, and the steps of the scenario between them. Other than a history it
// says the bytes: a script can send them again, and two runs can be held against each other.
// Holds no secret: a token is its name and what it claims, never its text.
import type { JsonObject } from "../protocol/json.ts";
import type { SourceLine, Step, TokenSpec } from "../scenarios/format/types.ts";

/** Milliseconds since the run began, of wall time. */
export type WireMs = number;

/** A body as it was. `text` where it is UTF-8, `base64` where it is not; neither where it was too long to be kept. */
export interface WireBody {
  readonly bytes: number;
  readonly text?: string;
  readonly base64?: string;
}

/** Names and values, in the order on the wire. */
export type WireHeaders = readonly (readonly [name: string, value: string])[];

export interface WireAnswer {
  readonly status: number;
  readonly headers: WireHeaders;
  readonly body: WireBody;
}

export interface WireExchange {
  readonly kind: "exchange";
  /** When it came to the server, or would have. */
  readonly at: WireMs;
  /** When the answer was whole; absent where none came. */
  readonly endedAt?: WireMs;
  /** The device in whose name it was asked. */
  readonly who: string;
  /** `hand`: a step of the scenario in the device's name. `reader`: how the world looks at the server. */
  readonly by: "device" | "hand" | "reader";
  /** What the protocol calls it: `push`. */
  readonly message: string;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Without the one that held the token. */
  readonly headers: WireHeaders;
  /** The name of the token in `Authorization: Bearer`. */
  readonly token?: string;
  readonly body: WireBody;
  /** What the server answered; absent where it did not. */
  readonly answer?: WireAnswer;
  /** `request`: the server never saw it. `reply`: it answered and nobody heard. */
  readonly lost?: { readonly part: "request" | "reply"; readonly why: string };
  /** What befell it. */
  readonly fault?: string;
  /** The network sent it twice; this is the second one. */
  readonly isCopy?: true;
  /** It asked for a live socket. */
  readonly isSocket?: true;
}

export interface WireFrame {
  readonly kind: "frame";
  readonly at: WireMs;
  readonly who: string;
  readonly direction: "to-server" | "to-device";
  readonly text?: string;
  readonly isClose?: true;
  /** Of a close by the server. */
  readonly closeCode?: number;
}

/** A step of the scenario begins. */
export interface WireStep {
  readonly kind: "step";
  readonly at: WireMs;
  readonly step: Step;
  readonly source: SourceLine;
}

export type WireEntry = WireExchange | WireFrame | WireStep;

/** A token by its name. */
export interface WireToken {
  readonly name: string;
  /** Whose it is in the scenario. */
  readonly user: string;
  /** How it differs from a good one. */
  readonly spec?: TokenSpec;
  /** What it says, where it is a JWT. */
  readonly claims?: JsonObject;
  /** When it was made. Units: milliseconds since the epoch. */
  readonly madeAtMs: number;
}

export interface WireRecord {
  /** In the order of `at`. */
  readonly entries: readonly WireEntry[];
  readonly tokens: readonly WireToken[];
  /** How the scenario's users are called on this server. */
  readonly users: Readonly<Record<string, string>>;
  /** Something was left out for its size. */
  readonly isCut: boolean;
}
