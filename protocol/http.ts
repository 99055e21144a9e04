// An HTTP exchange as data, so that a server core can be run by a socket, by a simulation or by a test.
import type { JsonValue } from "./json.ts";

/** The path of a request's target, and what stands behind its question mark, if there is one.
 *  Source: RFC 9112, section 3.2.1. */
export function splitTarget(target: string): { readonly path: string; readonly search: string | undefined } {
  const mark = target.indexOf("?");
  return mark < 0
    ? { path: target, search: undefined }
    : { path: target.slice(0, mark), search: target.slice(mark + 1) };
}

/** The parameters of a query, without its question mark; of one that comes twice the last counts.
 *  Source: WHATWG URL, "application/x-www-form-urlencoded parsing". */
export function readQuery(search: string): Record<string, string> {
  // Most queries are names and numbers, for which cutting them apart is much the faster way.
  if (/[%+]/u.test(search)) return Object.fromEntries(new URLSearchParams(search));
  const query: Record<string, string> = {};
  for (let from = 0; from < search.length; ) {
    const and = search.indexOf("&", from);
    const to = and < 0 ? search.length : and;
    const equals = search.indexOf("=", from);
    if (equals >= 0 && equals < to) query[search.slice(from, equals)] = search.slice(equals + 1, to);
    else if (from < to) query[search.slice(from, to)] = "";
    from = to + 1;
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
