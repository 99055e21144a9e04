// `request:` as data: one exchange by hand, for the exact wire.
import { isScalar, type Node } from "yaml";
import type { JsonValue } from "../../protocol/json.ts";
import { unknownDevice } from "./line-reader.ts";
import { durationForm, durationToMs } from "./duration.ts";
import { assign, checkPlaceholders, readChecked, type Scope } from "./read-expectations.ts";
import type { RawRequest, TokenSpec } from "./types.ts";
import type { Entry, YamlReader } from "./yaml-reader.ts";

const keys = ["as", "method", "path", "headers", "body", "text", "token", "expect", "remember"];
const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] as const;
const tokenKinds = ["none", "malformed", "wrong-signature", "expired", "not-yet", "custom"] as const;

/** The request, and `expect` and `remember` where they stand inside it. */
export function readRequest(
  reader: YamlReader,
  node: Node | null,
  scope: Scope,
): { readonly request?: RawRequest; readonly expect?: Entry; readonly remember?: Entry } {
  const entries = new Map(reader.entries(node, "a request", keys).map((entry) => [entry.key, entry]));
  const required = ["as", "method", "path"].filter((key) => !entries.has(key));
  if (required.length > 0)
    reader.complain(node, `a request needs ${required.map((key) => `"${key}"`).join(" and ")}`);
  const valueOf = (key: string): Node | null => entries.get(key)?.value ?? null;
  const beside: { expect?: Entry; remember?: Entry } = {};
  assign(beside, "expect", entries.get("expect"));
  assign(beside, "remember", entries.get("remember"));
  if (required.length > 0) return beside;

  const as = reader.text(valueOf("as"), "the name of a device") ?? "";
  if (!scope.devices.includes(as)) reader.complain(valueOf("as"), unknownDevice(as, scope.devices));
  const method = reader.oneOf(valueOf("method"), "an HTTP method", methods) ?? "GET";
  const path = reader.text(valueOf("path"), "a path") ?? "/";
  if (!path.startsWith("/"))
    reader.complain(valueOf("path"), `expected a path that begins with "/", saw "${path}"`);
  if (valueOf("path") !== null) checkPlaceholders(reader, valueOf("path")!, scope);
  const headers = entries.has("headers") ? readHeaders(reader, valueOf("headers"), scope) : {};
  if (entries.has("body") && entries.has("text"))
    reader.complain(
      entries.get("text")!.keyNode,
      `a request has "body" (JSON) or "text" (as it stands), not both`,
    );
  const request: { -readonly [Member in keyof RawRequest]: RawRequest[Member] } = {
    as,
    method,
    path,
    headers,
  };
  if (entries.has("body")) {
    const json = readChecked(reader, valueOf("body"), scope, { generators: true });
    if (json !== undefined) request.body = { json };
  } else if (entries.has("text")) request.body = { text: readTextBody(reader, valueOf("text"), scope) };
  if (entries.has("token")) request.token = readToken(reader, valueOf("token"), scope);
  return { request, ...beside };
}

/** `text: '{"ops":'`, or `{$repeat: 9, text: x}`. */
function readTextBody(reader: YamlReader, node: Node | null, scope: Scope): string {
  if (node !== null) checkPlaceholders(reader, node, scope);
  const text = isScalar(node)
    ? reader.text(node, "a text")
    : reader.json(node, "a text", { generators: true });
  if (text === undefined || typeof text === "string") return text ?? "";
  reader.complain(node, "expected a text");
  return "";
}

function readHeaders(
  reader: YamlReader,
  node: Node | null,
  scope: Scope,
): Readonly<Record<string, string | null>> {
  const headers = reader.entries(node, "headers").map(({ key, value }) => {
    const isNull = value === null || (isScalar(value) && value.value === null);
    if (!isNull) checkPlaceholders(reader, value, scope);
    return [key, isNull ? null : (reader.text(value, `text for "${key}"`) ?? "")] as const;
  });
  return Object.fromEntries(headers);
}

function readToken(reader: YamlReader, node: Node | null, scope: Scope): TokenSpec {
  if (isScalar(node)) return { kind: reader.oneOf(node, "a kind of token", tokenKinds) ?? "none" };
  if (node !== null) checkPlaceholders(reader, node, scope);
  const token: { -readonly [Member in keyof TokenSpec]: TokenSpec[Member] } = { kind: "custom" };
  for (const { key, value } of reader.entries(node, "a token", ["kind", "claims", "fromNow", "without"])) {
    if (key === "kind") token.kind = reader.oneOf(value, "a kind of token", tokenKinds) ?? "custom";
    else if (key === "claims") token.claims = readClaims(reader, value);
    else if (key === "fromNow") token.fromNowMs = readTimes(reader, value);
    else
      token.without = reader
        .items(value, "names of claims")
        .flatMap((item) => reader.text(item, "a claim") ?? []);
  }
  return token;
}

function readClaims(reader: YamlReader, node: Node | null): Readonly<Record<string, JsonValue>> {
  const claims = reader
    .entries(node, "claims")
    .map(({ key, value }) => [key, reader.json(value, "a claim") ?? null]);
  return Object.fromEntries(claims) as Record<string, JsonValue>;
}

function readTimes(reader: YamlReader, node: Node | null): Readonly<Record<string, number>> {
  const times = reader.entries(node, "claims that are times").map(({ key, value }) => {
    const text = reader.text(value, durationForm) ?? "0s";
    const ms = durationToMs(text);
    if (ms === undefined) reader.complain(value, `expected ${durationForm}, saw "${text}"`);
    return [key, ms ?? 0] as const;
  });
  return Object.fromEntries(times);
}
