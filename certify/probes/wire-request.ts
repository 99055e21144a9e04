// One HTTP request as data, down to its bytes and to how they are sent. What a probe sends, what it shows to a reader and
// what it tells apart are all made from this, so they cannot differ.

/** A stretch of a body. Repetition is kept as such: 10,000 brackets are one piece, here and in a shell. */
export type BodyPiece =
  | { readonly text: string; readonly times?: number }
  | { readonly bytes: readonly number[] };

/** How a body travels. `cut`: half of it, and then the connection is closed. */
export type Delivery = "whole" | "chunked" | "dribbled" | "cut";

export interface WireRequest {
  readonly method: string;
  /** Path and query, sent as they stand. */
  readonly path: string;
  /** In this order; a name may come twice. Host, length and encoding are added by whoever sends it. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: readonly BodyPiece[];
  /** Default: whole. */
  readonly delivery?: Delivery;
}

/** The bytes of a body, as they are sent. */
export function bodyBytes(body: readonly BodyPiece[]): Buffer {
  return Buffer.concat(
    body.map((piece) =>
      "bytes" in piece ? Buffer.from(piece.bytes) : Buffer.from(piece.text.repeat(piece.times ?? 1)),
    ),
  );
}

/** Two requests with the same key are the same request. */
export function requestKey({ method, path, headers, body = [], delivery = "whole" }: WireRequest): string {
  return JSON.stringify([method, path, headers, body, delivery]);
}

/** How much a reader has to take in; the smallest request that shows a fault is the one to show. */
export function requestSize({ path, headers, body = [] }: WireRequest): number {
  const headerLength = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  // Repetition costs a reader little, but of two requests that differ in nothing else the shorter one is simpler.
  const bodyLength = body.reduce(
    (sum, piece) =>
      sum + ("bytes" in piece ? 4 * piece.bytes.length : piece.text.length + Math.log2(piece.times ?? 1)) + 8,
    0,
  );
  return path.length + headerLength + bodyLength;
}
