// A request that a right server refuses, or of which the page leaves open whether it does: how it is made for whoever
// sends it, and what may be answered. Also what all of them are made from.
import type { BodyPiece, WireRequest } from "../probes/wire-request.ts";
import type { Lawful } from "./lawful-answers.ts";

/** Somebody whom the server knows, or will. */
export interface Caller {
  readonly user: string;
  readonly device: string;
  readonly token: string;
}

/** One turn of a caller: what is its own in the request. */
export interface Turn {
  readonly caller: Caller;
  readonly operationId: string;
  readonly entityId: string;
  /** Above every stamp that the device has had accepted, and one above at most. */
  readonly stamp: number;
  /** The highest stamp that the user has had accepted. */
  readonly highestStamp: number;
  /** Of the user, before the request. */
  readonly head: number;
}

export interface BadCase {
  /** As in `POST /sync/ops`. */
  readonly endpoint: string;
  /** What kind of thing is wrong; faults are grouped by it. */
  readonly mutation: string;
  /** In words, after "a request with": what this one is. */
  readonly text: string;
  /** The rule that it bears on. */
  readonly requirements: readonly string[];
  /** What is refused below the protocol is refused in whatever words HTTP has. */
  readonly isBelowProtocol?: true;
  build(turn: Turn): WireRequest;
  lawful(turn: Turn, request: WireRequest): Lawful;
}

/** The turn that a case is known by before anybody takes it. */
export const nobodysTurn: Turn = {
  caller: { user: "user", device: "00000000-0000-4000-8000-00000000d001", token: "aaaa.bbbb.cccccccc" },
  operationId: "00000000-0000-4000-8000-00000000e001",
  entityId: "nobodys",
  // A stamp that no case is about: requests are told apart by what they are in this turn.
  stamp: 77,
  highestStamp: 76,
  head: 0,
};

/** The headers of a request in order. */
export const headersOf = (
  { device, token }: Caller,
  contentType?: string,
): readonly (readonly [string, string])[] => [
  ["Authorization", `Bearer ${token}`],
  ["X-Device-Id", device],
  ...(contentType === undefined ? [] : ([["Content-Type", contentType]] as const)),
];

/** A push with this body. */
export const pushOf = (caller: Caller, body: readonly BodyPiece[]): WireRequest => ({
  method: "POST",
  path: "/sync/ops",
  headers: headersOf(caller, "application/json"),
  body,
});

/** A pull with this query, which begins with its question mark or is empty. */
export const pullOf = (caller: Caller, query: string): WireRequest => ({
  method: "GET",
  path: `/sync/ops${query}`,
  headers: headersOf(caller),
});

export const ackOf = (caller: Caller, body: readonly BodyPiece[]): WireRequest => ({
  method: "POST",
  path: "/sync/ack",
  headers: headersOf(caller, "application/json"),
  body,
});

/** A handshake as browsers make it, without the device, which the header names. */
export const upgradeOf = (caller: Caller, query = ""): WireRequest => ({
  method: "GET",
  path: `/sync/ws${query}`,
  headers: [...headersOf(caller), ...handshake],
});

export const handshake: readonly (readonly [string, string])[] = [
  ["Connection", "Upgrade"],
  ["Upgrade", "websocket"],
  ["Sec-WebSocket-Version", "13"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
];

/** Members of an op by name, as JSON texts; in this order. */
export type OpText = Readonly<Record<string, string>>;

/** A good op. */
export const goodOp = ({ operationId, entityId, stamp }: Turn): OpText => ({
  operation_id: `"${operationId}"`,
  entity_type: '"probe"',
  entity_id: `"${entityId}"`,
  op: '"upsert"',
  field: '"title"',
  value: '"A"',
  lamport_ts: String(stamp),
});

/** `undefined` leaves a member out. */
export function opText(members: Readonly<Record<string, string | undefined>>): string {
  const parts = Object.entries(members).flatMap(([name, json]) =>
    json === undefined ? [] : [`${JSON.stringify(name)}:${json}`],
  );
  return `{${parts.join(",")}}`;
}

export const batchText = (...ops: readonly string[]): string => `{"ops":[${ops.join(",")}]}`;
