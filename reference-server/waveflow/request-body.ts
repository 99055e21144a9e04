// The body of a request, as far as every endpoint reads it alike: its size, its JSON, and what is wrong with it.
import type { HttpBody, HttpResponse } from "../../protocol/http.ts";
import { jsonByteLength } from "../../protocol/json.ts";
import { parseRequestText } from "../../protocol/waveflow/messages.ts";
import { invalidRequest, type RequestError } from "./replies.ts";

/** The parsed body, or the 400 for what is no JSON.  Source: WF-PUSH-12. */
export function parseBody(
  body: HttpBody | undefined,
): { readonly value: unknown } | { readonly refused: HttpResponse } {
  if (body === undefined) return refuseBody("expected a JSON body, saw none");
  if ("json" in body) return { value: body.json };
  try {
    return { value: parseRequestText(body.text) };
  } catch {
    // A SyntaxError, or a nesting so deep that the parser's own stack ends.
    return refuseBody("expected JSON");
  }
}

/** Says whether a body is larger than `bytesMax`; counts where the rim has not.
 *  Units: bytes of UTF-8.  Source: WF-PUSH-12. */
export function isLargerThan(body: HttpBody, bytesMax: number): boolean {
  if (body.bytes !== undefined) return body.bytes > bytesMax;
  if ("json" in body) return jsonIsLargerThan(body.json, bytesMax);
  return utf8Length(body.text) > bytesMax;
}

/** What a parser has found, as the 400 that says so. `index` is given where the faults lie in ops, and is that of the
 *  first of them: the device sets that one aside and tries the rest. Parsers go through a list in its order, and a
 *  request has no other list.  Source: WF-PUSH-12, WF-DEV-5. */
export function refuseIssues(issues: readonly ParserIssue[]): HttpResponse {
  const errors = issues
    .slice(0, errorsMax)
    .map(({ path, message }): RequestError => ({ path: pointer(path), message }));
  const place = issues[0]?.path[1];
  return invalidRequest(errors, typeof place === "number" ? place : undefined);
}

/** An issue as the parsers of `protocol/` report it. */
export interface ParserIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

const errorsMax = 20;

const refuseBody = (message: string): { readonly refused: HttpResponse } => ({
  refused: invalidRequest([{ path: "", message }]),
});

/** A JSON pointer.  Source: RFC 6901. */
const pointer = (path: readonly PropertyKey[]): string =>
  path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

function jsonIsLargerThan(value: unknown, bytesMax: number): boolean {
  try {
    return jsonByteLength(value) > bytesMax;
  } catch (error) {
    // Deeper than the stack: nothing that came over a wire, and the bound on levels answers it.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else if (code >= 0xd800 && code <= 0xdfff) bytes += 2;
    else bytes += 3;
  }
  return bytes;
}
