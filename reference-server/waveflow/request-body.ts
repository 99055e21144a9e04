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

/** Says whether a body is larger than `bytesMax`, without encoding it where its length already tells.
 *  Units: bytes of UTF-8.  Source: WF-PUSH-12. */
export function isLargerThan(body: HttpBody, bytesMax: number): boolean {
  if (body.bytes !== undefined) return body.bytes > bytesMax;
  if ("json" in body) return jsonIsLargerThan(body.json, bytesMax);
  const { text } = body;
  if (text.length > bytesMax) return true;
  return text.length * utf8BytesPerUnitMax > bytesMax && utf8Length(text) > bytesMax;
}

/** What a parser has found, as the 400 that says so. `index` is given where the faults lie in ops, and is that of the
 *  first of them: the device sets that one aside and tries the rest.  Source: WF-PUSH-12, WF-DEV-5. */
export function refuseIssues(issues: readonly ParserIssue[]): HttpResponse {
  const errors: RequestError[] = [];
  let index: number | undefined;
  let isInOps = true;
  for (const { path, message } of issues) {
    const [member, place] = path;
    if (member !== "ops" || typeof place !== "number") isInOps = false;
    else if (index === undefined || place < index) index = place;
    if (errors.length < errorsMax) errors.push({ path: pointer(path), message });
  }
  return isInOps ? invalidRequest(errors, index) : invalidRequest(errors);
}

/** An issue as the parsers of `protocol/` report it. */
export interface ParserIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

const errorsMax = 20;
const utf8BytesPerUnitMax = 3;

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
