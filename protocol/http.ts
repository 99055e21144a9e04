// An HTTP exchange as data, so that a server core can be run by a socket, by a simulation or by a test.
import type { JsonValue } from "./json.ts";

/** The parameters of a query, without its question mark; of one that comes twice the last counts.
 *  Source: WHATWG URL, "application/x-www-form-urlencoded parsing". */
export function readQuery(search: string): Record<string, string> {
  // Most queries are names and numbers, for which splitting is much the faster way.
  if (/[%+]/u.test(search)) return Object.fromEntries(new URLSearchParams(search));
  const query: Record<string, string> = {};
  for (const part of search.split("&")) {
    const equals = part.indexOf("=");
    if (equals >= 0) query[part.slice(0, equals)] = part.slice(equals + 1);
    else if (part !== "") query[part] = "";
  }
  return query;
}

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
