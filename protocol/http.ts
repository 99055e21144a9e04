// An HTTP exchange as data, so that a server core can be run by a socket, by a simulation or by a test.
import type { JsonValue } from "./json.ts";

/** A request as a server core sees it. Header names are lower case; repeated ones are joined as HTTP does.
 *  `body` is what a client sent: `{ text }` as it came over the wire, or `{ json }` where both ends share a process
 *  and there is nothing to parse. Absent means no body. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: HttpBody;
}

/** A body before or after parsing. `bytes` is its size on the wire where the rim has counted it. Units: bytes. */
export type HttpBody =
  | { readonly text: string; readonly bytes?: number }
  | { readonly json: unknown; readonly bytes?: number };

/** A reply of a server core. No `body` means an empty one (204). */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: JsonValue;
}
